"""The data of a service: made once, then only where it is due, and whole at every moment."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import data_service
import disks
import pytest
from data_service import Service, until
from plugins.places import Disk

from buildkit.data.stages import digests
from buildkit.data.status.decision import Condition
from buildkit.data.status.look import Look, look
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import generations
from buildkit.data.volume.disk import free
from buildkit.doors import files, process
from buildkit.errors import DataError, StageError
from buildkit.trees import comparing

ALL = ["read", "select", "count"]
DAY = 86400.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = data_service.make(tmp_path / "service")
    yield made
    made.close()


@pytest.fixture
def made(service: Service) -> Service:
    service.refresh()
    service.runs()
    return service


@pytest.fixture(params=[disks.MEMORY, *disks.MAKE])
def volume(service: Service, disk: Disk, request: pytest.FixtureRequest) -> Path:
    """A volume with room for a megabyte under the data's folder."""
    place = service.pipeline.folder
    disk(request.param, place)
    if request.param != disks.MEMORY:
        disks.leave(place, 1 << 20)
    return place


def seen(service: Service, later: float = 0.0) -> Look:
    return look(service.pipeline, service.environment, digests.beside(service.pipeline.folder), time.time() + later)


def refuse(*_: object) -> None:
    raise OSError(errno.EPERM, "no hard links here")


def edit(file: Path, text: str) -> None:
    file.parent.chmod(0o755)
    file.unlink(missing_ok=True)
    file.write_text(text)


# ------------------------------------------------------------------ what runs


def test_cold_everything_is_made_and_becomes_visible_at_once(service: Service) -> None:
    assert service.refresh() == {"read": "made", "select": "made", "count": "made"}
    assert service.content() == {
        "read/all.txt": "# two\none\ntwo\n",
        "select/0.txt": "one",
        "select/1.txt": "two",
        "count.txt": "2",
    }
    assert "read: read is at work" in service.said


def test_warm_nothing_runs_and_nothing_is_written(made: Service) -> None:
    before = made.current
    assert set(made.refresh().values()) == {"fresh"}
    assert (made.runs(), made.current) == ([], before)


def test_a_warm_look_reads_no_file(made: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    settled = time.time() - 60
    for file in (made.root / "src/app").glob("*.py"):
        os.utime(file, (settled, settled))
    cache = digests.beside(made.pipeline.folder)
    monkeypatch.setattr("buildkit.doors.statcache.RACY_NANOSECONDS", 0)
    look(made.pipeline, made.environment, cache, time.time())
    cache.save()
    monkeypatch.setattr("buildkit.doors.statcache.digest_file", lambda path: pytest.fail(f"read {path}"))
    assert seen(made).condition is Condition.FRESH


def test_a_changed_input_costs_the_stages_that_it_reaches(made: Service) -> None:
    edit(made.root / "in/b.txt", "three\n")
    assert set(made.refresh().values()) == {"made"}
    assert made.told["read"] == "input appeared: in/b.txt"
    assert made.content()["count.txt"] == "3"


def test_equal_output_ends_the_renewal_there(made: Service) -> None:
    edit(made.root / "in/a.txt", "# another comment\none\ntwo\n")
    assert made.refresh() == {"read": "made", "select": "made", "count": "fresh"}
    assert made.runs() == ["read", "select"]


def test_a_changed_parameter_costs_its_stage(made: Service) -> None:
    made.change_stage("read", params={"suffix": "# end\n"})
    assert made.refresh()["read"] == "made"
    assert made.told["read"] == "setting changed: params"


def test_the_code_that_a_stage_reaches_counts_and_other_code_does_not(made: Service) -> None:
    edit(made.root / "src/app/api.py", "answer = 43\n")
    assert set(made.refresh().values()) == {"fresh"}
    edit(made.root / "src/app/lines.py", "def wanted(line):\n    return True\n")
    assert set(made.refresh().values()) == {"made"}
    assert made.told["read"] == "code changed: app/lines.py"


def test_a_variable_and_a_file_of_a_package_are_inputs(made: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE", "here")
    made.change_stage("read", inputs=("in/*.txt", "env:SOURCE", "package:pytest/__init__.py"))
    made.refresh()
    assert made.refresh()["read"] == "fresh"
    monkeypatch.setenv("SOURCE", "there")
    assert made.refresh()["read"] == "made"
    assert made.told["read"] == "variable changed: SOURCE"


def test_a_command_is_a_stage_too(service: Service) -> None:
    program = "import os, pathlib; pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'read/all.txt').write_text('x')"
    service.change_stage("read", run=(sys.executable, "-c", program))
    service.refresh()
    assert service.content()["read/all.txt"] == "x"


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
    stamps = file.stat()
    file.chmod(0o644)
    file.write_text("onE")
    os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    edit(made.root / "in/a.txt", "# two\none\nother\n")
    made.refresh()
    assert made.content()["select/0.txt"] == "one"


def test_two_generations_stay(made: Service) -> None:
    for number in range(4):
        edit(made.root / "in/a.txt", f"{number}\n")
        made.refresh()
    assert len(list((made.pipeline.folder / "generations").iterdir())) == 2


def test_going_back_costs_nothing(made: Service) -> None:
    edit(made.root / "in/a.txt", "other\n")
    made.refresh()
    made.runs()
    edit(made.root / "in/a.txt", data_service.FILES["in/a.txt"])
    assert made.refresh() == {"read": "restored", "select": "restored", "count": "restored"}
    assert made.runs() == []


def test_force_makes_everything(made: Service) -> None:
    assert set(made.refresh(force=True).values()) == {"made"}


# ------------------------------------------------------------------ age


def test_old_data_asks_the_world_and_no_more(made: Service) -> None:
    assert seen(made, 6 * DAY).condition is Condition.FRESH
    assert seen(made, 8 * DAY).condition is Condition.EXPIRED
    made.declare(ttl=0.01)
    time.sleep(0.02)
    assert made.refresh() == {"read": "made", "select": "fresh", "count": "fresh"}


def test_a_stage_may_have_a_time_of_its_own(made: Service) -> None:
    made.change_stage("count", ttl=2 * DAY)
    assert (seen(made, DAY).condition, seen(made, 3 * DAY).condition) == (Condition.FRESH, Condition.EXPIRED)
    assert [step.subject for step in seen(made, 3 * DAY).steps if step.reason.kind == "expired"] == ["count"]


def test_a_clock_set_back_is_suspicious(made: Service) -> None:
    assert seen(made, -365 * DAY).condition is Condition.FUTURE
    assert seen(made, -10.0).condition is Condition.FRESH


# ------------------------------------------------------------------ damage


@pytest.mark.parametrize("how", ["missing", "cut short", "other bytes"])
def test_a_damaged_file_costs_its_stage(made: Service, how: str) -> None:
    file = made.current / "select/0.txt"
    if how == "missing":
        file.unlink()
    else:
        edit(file, "x" if how == "cut short" else "ONE")
    assert seen(made).condition is Condition.DAMAGED
    assert made.refresh() == {"read": "fresh", "select": "made", "count": "fresh"}
    assert made.content()["select/0.txt"] == "one"


def test_damage_counts_where_the_same_stage_is_due_anyway(made: Service) -> None:
    (made.current / "read/all.txt").unlink()
    edit(made.root / "in/a.txt", "other\n")
    assert (seen(made).condition, seen(made).detail) == (Condition.DAMAGED, "stage read, output missing: read/all.txt")


def test_a_volume_that_came_from_a_backup_is_whole(made: Service) -> None:
    for name in made.content():
        os.utime(made.current / name, (1, 1))
    assert seen(made).condition is Condition.FRESH


def test_a_damaged_manifest_is_no_manifest(made: Service) -> None:
    manifest = made.current / "manifest.json"
    edit(manifest, manifest.read_text()[:-20])
    assert seen(made).condition is Condition.DAMAGED
    assert set(made.refresh().values()) == {"made"}


def test_a_flipped_byte_is_found_by_the_deep_look_alone(made: Service) -> None:
    file = made.current / "select/0.txt"
    status = file.stat()
    file.chmod(0o644)
    file.write_text("onE")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    require_whole(verify(made.pipeline))
    found = verify(made.pipeline, deep=True)
    assert [row.result for row in found.outcomes] == ["fresh", "damaged", "fresh"]
    with pytest.raises(DataError, match="1 file is missing or damaged"):
        require_whole(found)
    assert seen(made).detail == "stage select, output damaged: select/0.txt"  # by every look from now on
    assert made.refresh() == {"read": "fresh", "select": "made", "count": "fresh"}
    assert (made.current / "select/0.txt").read_text() == "one"


def test_a_stage_that_fails_on_damaged_files_gets_new_ones(made: Service) -> None:
    """The fast look cannot see it, the stage chokes on it: what it was given is then read to the end and made again."""
    file = made.current / "select/0.txt"
    status = file.stat()
    file.chmod(0o644)
    file.write_bytes(b"\xff\xff\xff")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    program = (
        "import pathlib, os; out = pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT']);"
        "(out / 'count.txt').write_text((out / 'select/0.txt').read_text('utf-8'))"
    )
    made.change_stage("count", run=(sys.executable, "-c", program))
    assert made.refresh() == {"read": "fresh", "select": "made", "count": "made"}
    assert made.content()["count.txt"] == "one"


# ------------------------------------------------------------------ failures leave what was there


def test_a_failing_stage_shows_its_last_words_and_changes_nothing(made: Service) -> None:
    before = made.content()
    edit(made.root / "in/a.txt", "other\n")
    edit(made.root / "src/app/lines.py", 'def wanted(line):\n    raise ValueError("no such line")\n')
    with pytest.raises(StageError, match="stage select: exit code 1") as failure:
        made.refresh()
    assert failure.value.details[-1] == "ValueError: no such line"
    assert made.content() == before


def test_finished_stages_are_kept_for_the_next_attempt(service: Service) -> None:
    select = service.pipeline.stages[1]
    service.change_stage("select", run=("false",))
    with pytest.raises(StageError):
        service.refresh()
    service.change_stage("select", run=select.run)
    assert service.refresh() == {"read": "restored", "select": "made", "count": "made"}
    assert len(list((service.pipeline.folder / "generations").iterdir())) == 1


def test_a_missing_output_is_named(service: Service) -> None:
    service.change_stage("count", outputs=("count.txt", "sum.txt"))
    with pytest.raises(StageError, match=r'stage count: it ran, but its output "sum\.txt" is not there'):
        service.refresh()


def test_an_undeclared_output_is_dropped_with_a_word(service: Service) -> None:
    service.change_stage(
        "read",
        outputs=("read/all.txt",),
        run=("sh", "-c", "cd $PYBUILDKIT_DATA_OUT; echo 1 > read/all.txt; echo 2 > more"),
    )
    service.refresh()
    assert "more" not in service.content()
    assert "data: dropping more: no stage declares it as an output" in service.said


def test_a_stage_that_rewrites_the_files_of_another_is_refused(service: Service) -> None:
    service.change_stage(
        "count",
        inputs=("stage:read", "stage:select"),
        run=("sh", "-c", "cd $PYBUILDKIT_DATA_OUT; rm read/all.txt; echo 1 | tee read/all.txt > count.txt"),
    )
    with pytest.raises(StageError, match="stage read: its files were changed after it had finished"):
        service.refresh()


def test_an_input_that_matches_nothing_is_named_before_any_work(service: Service) -> None:
    service.change_stage("count", inputs=("stage:select", "maps/*.csv"))
    with pytest.raises(DataError, match=r'stage count: input "maps/\*\.csv" matches no file'):
        service.refresh()
    assert service.runs() == []


def test_a_program_that_is_not_there_is_named(service: Service) -> None:
    service.change_stage("read", run=("no-such-program",))
    with pytest.raises(StageError, match="stage read: cannot start no-such-program"):
        service.refresh()


def test_what_a_stage_leaves_running_is_ended(service: Service) -> None:
    service.change_stage("read", run=("sh", "-c", "sleep 4321 & echo 1 > $PYBUILDKIT_DATA_OUT/read/all.txt"))
    service.refresh()
    assert data_service.alive(["sleep 4321"]) == []


# ------------------------------------------------------------------ crashes


def test_killed_in_the_middle_of_a_stage(made: Service) -> None:
    before = made.content()
    edit(made.root / "in/a.txt", "other\n")
    made.hold("select")
    child = made.start("--renew")
    until(lambda: "select is at work" in made.log())
    child.kill()
    child.wait()
    assert made.content() == before
    require_whole(verify(made.pipeline, deep=True))
    until(lambda: not data_service.alive([str(made.root)]))  # the orphaned stage ends itself
    made.let_go("select")
    made.runs()
    assert made.refresh() == {"read": "restored", "select": "made", "count": "made"}
    assert made.content()["select/0.txt"] == "other"


@pytest.mark.parametrize(
    "point",
    [
        "switching.new",
        "unfinished.keep_record",
        "outputs.seal",
        "switching.commit",
        "switching.manifests.text_of",
        "files.sync_folder",
        "switching.Path.symlink_to",
        "lease.Lease.begin_commit",
        "switching.Path.replace",
        "deleting.tidy",
    ],
)
def test_killed_at_every_point_of_a_commit(made: Service, point: str) -> None:
    before = made.content()
    edit(made.root / "in/a.txt", "other\n")
    code = f"""
import os
from buildkit.data.volume import deleting, lease, outputs, switching, unfinished
from buildkit.doors import files
def die(*_, **__): os.kill(os.getpid(), 9)
{point} = die
"""
    assert made.start("--renew", code=code).wait() == -signal.SIGKILL
    assert made.content() == before or point == "deleting.tidy"
    require_whole(verify(made.pipeline, deep=True))
    made.refresh()
    assert made.content() == {"read/all.txt": "other\n", "select/0.txt": "other", "count.txt": "1"}
    assert not list((made.pipeline.folder / "generations").glob("*.partial"))


# ------------------------------------------------------------------ two at once


def test_two_workers_make_one_generation(service: Service) -> None:
    service.hold("read")
    first = service.start("--renew")
    until(lambda: "read is at work" in service.log())
    second = service.start("--renew")
    until(lambda: f"waiting for process {first.pid}" in service.log())
    service.let_go("read")
    assert (first.wait(), second.wait()) == (0, 0)
    assert service.runs() == ALL
    assert len(list((service.pipeline.folder / "generations").iterdir())) == 1


def test_a_worker_that_lost_its_lease_does_not_commit(made: Service) -> None:
    before = made.current
    edit(made.root / "in/a.txt", "other\n")
    made.hold("count")
    child = made.start("--renew")
    until(lambda: "count is at work" in made.log())
    (made.pipeline.folder / "leases/000099.json").write_text('{"host": "other", "pid": 7}')
    made.let_go("count")
    assert child.wait() == StageError.exit_code
    assert "process 7 on other began while this process was working" in made.log()
    assert made.current == before


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


def test_sealed_files_keep_the_time_that_was_recorded(made: Service) -> None:
    manifest = generations.load(made.current)
    assert manifest is not None
    for record in manifest.stages.values():
        assert comparing.on_disk(record.files, made.current, None) == record.outputs
