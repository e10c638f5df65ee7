"""The data of a service: made once, then only where it is due."""

from __future__ import annotations

import os
import sys
import time

import data_service
import pytest
from data_service import Service, edit, seen

from buildkit.data.stages import digests
from buildkit.data.status.decision import Condition
from buildkit.data.status.look import look

DAY = 86400.0


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
