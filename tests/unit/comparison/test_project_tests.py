from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from buildkit.comparison.project_tests import Limits, ProjectTests

STAYS = {
    "thread": (
        (
            "import threading\n\ndef start():\n"
            "    threading.Thread(target=threading.Event().wait, name='worker of the queue').start()\n"
        ),
        ("the thread worker of the queue",),
    ),
    "process": (
        (
            "import multiprocessing, time\n\ndef start():\n"
            "    multiprocessing.get_context('fork').Process(target=time.sleep, args=(600,), name='worker').start()\n"
        ),
        ("the process worker",),
    ),
    "exit": ("import atexit, time\n\ndef start():\n    atexit.register(time.sleep, 600)\n", ()),
}


def project_of(folder: Path, text: str) -> ProjectTests:
    (folder / "project").mkdir()
    (folder / "project/test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    return ProjectTests(command, folder / "project", folder / "scratch", {**os.environ, "PYTEST_ADDOPTS": ""})


@pytest.mark.parametrize("kind", STAYS)
def test_a_run_whose_process_does_not_end_ends_when_its_tests_have(tmp_path: Path, kind: str) -> None:
    program, holders = STAYS[kind]
    tests = project_of(tmp_path, f"{program}\ndef test_good(): start()\n\ndef test_bad(): assert 0\n")
    began = time.monotonic()

    run = tests.run(Limits(end=1.0))

    assert time.monotonic() - began < 60
    assert run.holders == holders
    assert (run.code, run.is_whole, run.running) == (1, True, ())
    assert run.outcomes == {"test_it.py::test_good": "passed", "test_it.py::test_bad": "failed"}


def test_a_run_that_ends_by_itself_was_held_by_nothing(tmp_path: Path) -> None:
    text = "import threading\n\ndef test_it(): threading.Thread(target=threading.Event().wait, daemon=True).start()\n"

    run = project_of(tmp_path, text).run(Limits(end=30.0))

    assert (run.holders, run.code, run.outcomes) == (None, 0, {"test_it.py::test_it": "passed"})
