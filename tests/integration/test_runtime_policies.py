"""What a start does about data that is missing, old or in the hands of another, by the policy that is set."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from data_service import POLITE, Service, change_input, ended, until


def test_a_failing_stage_keeps_the_service_from_starting(service: Service) -> None:
    service.change_stage("select", run=("sh", "-c", "echo broken; exit 5"))
    assert service.start("--", "echo", "served").wait() == 31
    assert "error: stage select: exit code 5\n  broken\n" in service.log()
    assert "served" not in service.log()


def test_policy_block_renews_before_the_start(made: Service) -> None:
    change_input(made)
    assert made.start("--", "cat", "data/current/read/all.txt", PYBUILDKIT_DATA_POLICY="block").wait() == 0
    assert made.log().endswith("other\n")


def test_policy_fail_leaves_it_to_another(made: Service) -> None:
    change_input(made)
    assert made.start("--", "true", PYBUILDKIT_DATA_POLICY="fail").wait() == 30
    assert f"data in {made.pipeline.folder}: inputs changed (stage read, input changed: in/a.txt)" in made.log()
    assert made.runs() == []


def test_old_data_is_served_while_the_new_is_made_beside(made: Service) -> None:
    change_input(made)
    made.hold("select")
    child = made.start(
        "--",
        "sh",
        "-c",
        "cat data/current/count.txt; echo; until grep -q other data/current/read/all.txt; do sleep 0.05; done; exit 4",
    )
    until(lambda: "\n2\n" in made.log() and "select is at work" in made.log())
    made.let_go("select")
    assert child.wait() == 4
    assert "starting, and renewing it beside the service (policy serve-stale)" in made.log()


def test_a_renewal_that_fails_leaves_the_service_running(made: Service) -> None:
    made.change_stage("read", run=("false",))
    child = made.start("--", *POLITE)
    until(lambda: "the renewal of the data failed: the service goes on with the data it has" in made.log())
    child.terminate()
    assert ended(child) == 7


def test_while_another_makes_it_old_data_is_served_at_once(made: Service) -> None:
    change_input(made)
    made.hold("read")
    worker = made.start("--renew")
    until(lambda: "read is at work" in made.log())
    assert made.start("--", "true").wait() == 0
    assert "starting (policy serve-stale, and somebody else renews it)" in made.log()
    made.let_go("read")
    assert worker.wait() == 0


def test_while_another_makes_the_first_one_waits(service: Service) -> None:
    service.hold("read")
    worker = service.start("--renew")
    until(lambda: "read is at work" in service.log())
    child = service.start("--", "cat", "data/current/count.txt")
    until(lambda: "waiting (somebody else makes it)" in service.log())
    service.let_go("read")
    assert (worker.wait(), child.wait()) == (0, 0)
    assert service.runs() == ["read", "select", "count"]


def as_nobody(service: Service) -> tuple[str, str]:
    """Return a Python that everybody may run, and the code that makes it a user without rights."""
    python = shutil.which("python3", path="/usr/bin")
    if os.geteuid() != 0 or python is None:
        pytest.skip("needs root and a Python that everybody may run")
    for folder in (service.root, *service.root.parents):  # a worker's folders lie one deeper
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    root = str(Path(__file__).parents[2])
    return python, f"import sys, os; sys.path.insert(0, {root!r}); os.setgid(65534); os.setuid(65534)"


def test_a_folder_of_another_user_is_served_and_not_written(made: Service) -> None:
    python, code = as_nobody(made)
    change_input(made)
    assert made.start("--", "true", code=code, python=python).wait() == 0
    assert "starting (policy serve-stale, and the folder is read-only)" in made.log()
    assert made.start("--renew", code=code, python=python).wait() == 30
    assert "is not writable for user 65534" in made.log()
    assert "hint: once, as root: chown -R 65534" in made.log()


def test_an_empty_volume_of_another_user_is_explained(service: Service) -> None:
    python, code = as_nobody(service)
    service.pipeline.folder.mkdir()
    assert service.start("--", "true", code=code, python=python).wait() == 30
    assert "missing: the folder is read-only" in service.log()
    assert f"{service.pipeline.folder} belongs to user 0; once, as root: chown -R 65534" in service.log()
