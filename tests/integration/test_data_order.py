"""A volume whose `current` is no link any more, as copies and restores leave it: put in order, and nothing is lost."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import data_service
import disks
import pytest
from data_service import Service
from plugins.places import Disk

from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import current_link, deleting, generations
from buildkit.doors import process
from buildkit.errors import DataError
from buildkit.runtime.settings import RuntimeSettings


def copied(folder: Path) -> None:
    """Follow links, and lose times, as `kubectl cp` and object storage do."""
    other = folder.with_name("copy")
    shutil.copytree(folder, other, copy_function=shutil.copyfile)
    shutil.rmtree(folder)
    other.rename(folder)


def replaced(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        (folder / "current").unlink()
        make(folder / "current")

    return do


def alone(folder: Path) -> None:
    """Leave nothing but a copy of what the service reads."""
    copied(folder)
    shutil.rmtree(folder / "generations")


def moved(folder: Path) -> None:
    """Let the generations lie on another disk."""
    (folder / "generations").rename(folder.with_name("elsewhere"))
    (folder / "generations").symlink_to("../elsewhere")


WAYS = {
    "a copy": copied,
    "a copy of current alone": alone,
    "a folder of something else": replaced(Path.mkdir),
    "a file": replaced(Path.touch),
    "nothing": replaced(lambda _: None),
    "a dangling link": replaced(lambda place: place.symlink_to("generations/000009-20200101T000000")),
    "a link elsewhere": replaced(lambda place: place.symlink_to("/")),
    "an absolute link": replaced(lambda place: place.symlink_to(max((place.parent / "generations").iterdir()))),
    "a loop": replaced(lambda place: place.symlink_to("current")),
    "generations elsewhere": moved,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["refresh", "the start of a container"])
def test_the_newest_whole_generation_is_current_again(made: Service, way: str, how: str) -> None:
    before, folder = made.content(), made.pipeline.folder
    WAYS[way](folder)
    if how == "refresh":
        assert set(made.refresh().values()) == {"fresh"}
    else:
        assert made.start("--", "cat", str(folder / "current/count.txt")).wait() == 0, made.log()
    assert made.runs() == []
    assert (folder / "current").is_symlink()
    assert made.content() == before
    require_whole(verify(made.pipeline, deep=True))
    assert len(generations.all_of(folder)) == 1
    (made.root / "in/b.txt").write_text("three\n")
    assert set(made.refresh().values()) == {"made"}
    assert made.content()["count.txt"] == "3"


def test_what_stood_in_the_place_of_the_link_is_kept(made: Service) -> None:
    folder = made.pipeline.folder
    copied(folder)
    (folder / "current/note").write_text("mine")
    made.refresh()
    assert (folder / "current.aside/note").read_text() == "mine"
    assert "data: current is a folder, no link: putting it in order" in made.said
    (folder / "current").unlink()
    (folder / "current").write_text("mine too")
    made.refresh()
    assert (folder / "current.aside-2").read_text() == "mine too"


@pytest.mark.parametrize("way", ["a copy", "a file", "a dangling link"])
def test_clearing_leaves_what_is_not_ours(made: Service, way: str) -> None:
    folder = made.pipeline.folder
    WAYS[way](folder)
    names = deleting.remove_all(folder)
    assert len(names) == 1
    assert (folder / "current").is_file() == (way == "a file")
    assert not (folder / "current").is_dir()
    assert list((folder / "generations").iterdir()) == []


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_where_there_is_no_data_a_foreign_current_is_named_before_any_work(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    service = data_service.make(tmp_path / "service")
    service.pipeline.folder.mkdir()
    make(service.pipeline.folder / "current")
    with pytest.raises(DataError, match="and it is none of the suite's data"):
        service.refresh()
    assert service.runs() == []


def test_a_damaged_newest_generation_is_not_taken(made: Service) -> None:
    first = made.current
    made.refresh(force=True)
    (made.current / "count.txt").unlink()
    (made.pipeline.folder / "current").unlink()
    assert generations.current(made.pipeline.folder) == first


def test_foreign_things_among_the_generations_stay(made: Service) -> None:
    place = made.pipeline.folder / "generations"
    (place / "000000-notes").mkdir()
    (place / "000001-20200101T000000.txt").touch()
    (place / "README").touch()
    for number in range(3):
        (made.root / "in/a.txt").write_text(f"{number}\n")
        made.refresh()
    deleting.remove_all(made.pipeline.folder)
    assert sorted(each.name for each in place.iterdir()) == ["000000-notes", "000001-20200101T000000.txt", "README"]


def test_a_restored_volume_is_renewed_where_an_input_changed(made: Service) -> None:
    """Files that are shared have another time than the manifest says."""
    copied(made.pipeline.folder)
    made.change_stage("count", params={"again": 1}, run=("sh", "-c", "echo 7 > $PYBUILDKIT_DATA_OUT/count.txt"))
    assert made.refresh() == {"read": "fresh", "select": "fresh", "count": "made"}
    assert made.content()["count.txt"] == "7\n"
    require_whole(verify(made.pipeline))


def test_verify_says_what_is_wrong(made: Service) -> None:
    copied(made.pipeline.folder)
    with pytest.raises(DataError, match="current is a folder, no link"):
        verify(made.pipeline)


def test_a_read_only_copy_is_served_as_it_is(made: Service, disk: Disk) -> None:
    folder = made.pipeline.folder
    copied(folder)
    kept = folder.with_name("kept")
    folder.rename(kept)
    folder.mkdir()
    disk(disks.MEMORY, folder)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    assert process.run(["mount", "-o", "remount,ro", str(folder)]).ok
    assert made.start("--", "cat", str(folder / "current/count.txt")).wait() == 0, made.log()
    assert process.run(["mount", "-o", "remount,rw", str(folder)]).ok
    (folder / "current/count.txt").unlink()
    assert process.run(["mount", "-o", "remount,ro", str(folder)]).ok
    assert made.start("--", "true").wait() == DataError.exit_code
    assert "current is a folder, no link, and the folder is read-only" in made.log()


def test_a_volume_without_links_is_named_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = data_service.make(tmp_path / "service")

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(DataError, match="no symbolic link can be made in"):
        service.refresh()
    assert service.runs() == []
    assert current_link.problem(service.pipeline.folder) == ""


def test_a_folder_that_nobody_may_look_into_is_not_called_empty(made: Service) -> None:
    made.pipeline.folder.chmod(0)
    program = (
        "import sys; from buildkit.runtime.entrypoint import main; import os; sys.exit(main(sys.argv[1:], os.environ))"
    )
    without = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", sys.executable, "-c", program]
    (made.root / "buildkit.json").write_text(RuntimeSettings(made.root, made.pipeline).as_text())
    for arguments in (["--status"], ["--renew"], ["--verify"], ["--", "true"]):
        ended = process.run([*without, *arguments], environment=made.environment, timeout=30)
        made.pipeline.folder.chmod(0)
        assert ended.exit_code == DataError.exit_code, ended.stderr
        assert "Traceback" not in ended.stderr
    made.pipeline.folder.chmod(0o755)
