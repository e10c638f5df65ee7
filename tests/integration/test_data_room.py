"""What data takes on a volume, where generations share it, and what a volume refuses."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import disks
import pytest
from data_service import Service, edit, seen, spoil
from plugins.places import Disk

from buildkit.data.status.decision import Condition
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import generations
from buildkit.data.volume.disk import free
from buildkit.doors import files, process
from buildkit.errors import DataError, StageError


@pytest.fixture(params=[disks.MEMORY, *disks.MAKE])
def volume(service: Service, disk: Disk, request: pytest.FixtureRequest) -> Path:
    """A volume with room for a megabyte under the data's folder."""
    place = service.pipeline.folder
    disk(request.param, place)
    if request.param != disks.MEMORY:
        disks.leave(place, 1 << 20)
    return place


def refuse(*_: object) -> None:
    raise OSError(errno.EPERM, "no hard links here")


# ------------------------------------------------------------------ what is shared


def test_unchanged_files_are_shared_and_read_only(made: Service) -> None:
    before = (made.current / "count.txt").stat()
    edit(made.root / "in/a.txt", "# another comment\none\ntwo\n")
    made.refresh()
    after = (made.current / "count.txt").stat()
    assert (after.st_ino, after.st_mode & 0o777) == (before.st_ino, 0o444)


def test_where_there_are_no_hard_links_files_are_copied(made: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refuse)
    edit(made.root / "in/a.txt", "# another comment\none\ntwo\n")
    assert made.refresh()["count"] == "fresh"
    assert seen(made).condition is Condition.FRESH


def test_two_generations_of_the_same_data_share_their_blocks(service: Service, volume: Path) -> None:
    program = (
        "import os, pathlib; pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'select/big').write_bytes(b'x' * 300_000)"
    )
    service.change_stage("select", run=(sys.executable, "-c", program))
    service.refresh()
    before = disks.used(volume)
    edit(service.root / "in/a.txt", "# another comment\none\ntwo\n")
    service.change_stage("select", inputs=())
    service.refresh()
    service.change_stage("count", inputs=("stage:select", "in/a.txt"))
    service.refresh()
    assert service.told["select"] == "unchanged"
    assert len(list((volume / "generations").iterdir())) == 2
    assert disks.used(volume) - before < 100_000


@pytest.mark.parametrize("inputs", [(), ("stage:read",)], ids=["not made again", "made again"])
@pytest.mark.parametrize("kind", disks.MAKE)
def test_where_there_are_no_hard_links_clones_share_their_blocks(
    service: Service, disk: Disk, kind: str, inputs: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured on the disk; a third generation that may not clone either shows what all of it would take."""
    place, big = service.pipeline.folder, 24 << 20
    disk(kind, place)
    monkeypatch.setattr(os, "link", refuse)
    program = (
        "import os, pathlib, random; out = pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'select');"
        f"[(out / str(n)).write_bytes(random.Random(n).randbytes({big // 6})) for n in range(6)]"
    )
    service.change_stage("select", run=(sys.executable, "-c", program), inputs=inputs)
    service.refresh()
    taken = []
    for what in ("clones", "copies"):
        before = disks.used(place)
        edit(service.root / "in/a.txt", f"{what}\n")
        assert service.refresh()["select"] == ("made" if inputs else "fresh")
        require_whole(verify(service.pipeline, deep=True))
        taken.append(disks.used(place) - before)
        monkeypatch.setattr(files, "_CLONE", 0)
    assert taken[0] < big // 10, taken
    assert taken[1] > big * 0.9, taken


def test_equal_files_of_a_stage_that_ran_are_shared_too(made: Service) -> None:
    before = (made.current / "select/0.txt").stat().st_ino
    edit(made.root / "in/a.txt", "# two\none\nother\n")
    assert made.refresh()["select"] == "made"
    assert (made.current / "select/0.txt").stat().st_ino == before
    assert made.content()["select/1.txt"] == "other"
    require_whole(verify(made.pipeline, deep=True))


def test_equal_files_are_not_shared_with_damaged_ones(made: Service) -> None:
    file = made.current / "select/0.txt"
    spoil(file, "onE")
    edit(made.root / "in/a.txt", "# two\none\nother\n")
    made.refresh()
    assert made.content()["select/0.txt"] == "one"


# ------------------------------------------------------------------ what a volume refuses


@pytest.mark.usefixtures("volume")
def test_where_room_is_short_the_older_generation_goes_first(service: Service) -> None:
    service.change_stage("select", run=("sh", "-c", "head -c 400000 /dev/urandom > $PYBUILDKIT_DATA_OUT/select/big"))
    service.refresh()
    service.refresh(force=True)
    assert service.refresh(force=True)["select"] == "made"
    assert any("data: making room for stage select: dropping 00" in line for line in service.said)


def test_where_the_current_generation_is_damaged_none_before_it_is_given_up(service: Service, volume: Path) -> None:
    service.change_stage("select", run=("sh", "-c", "head -c 400000 /dev/urandom > $PYBUILDKIT_DATA_OUT/select/big"))
    service.refresh()
    first = service.current
    service.refresh(force=True)
    (service.current / "count.txt").unlink()
    edit(service.root / "in/a.txt", "other\n")
    with (volume / "filler").open("wb", buffering=0) as filler:
        while free(volume) > 300_000:
            filler.write(bytes(free(volume) - 200_000))
            os.fsync(filler)
    with pytest.raises(StageError, match=r"the volume has room for|no space left"):
        service.refresh()
    assert generations.is_whole(first)


def test_a_stage_that_cannot_fit_is_not_run(service: Service, volume: Path) -> None:
    service.change_stage("select", run=("sh", "-c", "head -c 400000 /dev/zero > $PYBUILDKIT_DATA_OUT/select/big"))
    service.refresh()
    service.runs()
    before = service.content()
    (volume / "ballast").write_bytes(b"x" * 400_000)
    edit(service.root / "in/a.txt", "other\n")
    with pytest.raises(
        StageError, match=r"stage select: made 400,000 bytes the last time, and the volume has room for"
    ):
        service.refresh()
    assert service.content() == before
    (volume / "ballast").unlink()
    assert service.refresh()["read"] == "restored"


@pytest.mark.usefixtures("volume")
def test_a_full_volume_leaves_what_was_there(service: Service) -> None:
    service.refresh()
    before = service.content()
    edit(service.root / "in/a.txt", "x" * 900_000 + "\n")
    with pytest.raises(StageError) as failure:
        service.refresh()
    assert "No space left" in "".join([failure.value.message, *failure.value.details])
    assert "the volume is full" in failure.value.hint
    assert service.content() == before
    edit(service.root / "in/a.txt", "other\n")
    service.refresh()
    assert service.content()["count.txt"] == "1"


def test_a_volume_without_room_for_our_own_files_is_named(service: Service, volume: Path) -> None:
    disks.leave(volume, 0)
    with pytest.raises(StageError, match="no space left on the volume"):
        service.refresh()


def test_a_read_only_volume_is_read_and_never_written(service: Service, volume: Path) -> None:
    service.refresh()
    assert process.run(["mount", "-o", "remount,ro", str(volume)]).ok
    assert set(process_rows(service).values()) == {"fresh"}
    edit(service.root / "in/a.txt", "other\n")
    with pytest.raises(DataError, match="is read-only"):
        service.refresh()


def process_rows(service: Service) -> dict[str, str]:
    return {step.subject: "fresh" if str(step.reason) == "unchanged" else "due" for step in seen(service).steps}
