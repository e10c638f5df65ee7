"""What fails, is killed or runs twice at once leaves whole data: the old or the new."""

from __future__ import annotations

import signal

import data_service
import pytest
from data_service import Service, edit, until

from buildkit.data.status.verify import require_whole, verify
from buildkit.errors import DataError, StageError

ALL = ["read", "select", "count"]


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
