"""The tests beside the services."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path

import pytest

from buildkit.dev.test_runner import Runner, command_of


def came(tests: Runner) -> str:
    deadline = time.monotonic() + 30
    while tests.result in {"", "tests …"}:
        assert time.monotonic() < deadline
        tests.attend()
        time.sleep(0.02)
    return tests.result


@pytest.mark.parametrize(
    ("body", "result", "said"),
    [
        ("assert 1", "tests: 1 passed", ""),
        ("assert 0, 'no such thing'", "tests: 1 failed", "no such thing"),
        ("import pytest; pytest.skip()", "tests: 1 skipped", ""),
    ],
)
def test_what_came_of_them(tmp_path: Path, body: str, result: str, said: str) -> None:
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {body}\n")
    words: list[str] = []
    tests = Runner(tmp_path, tmp_path / ".buildkit/log", words.append)
    tests.start((sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"), dict(os.environ))
    assert came(tests) == result
    assert said in "".join(words)
    assert bool(words) == bool(said)


def test_none_that_is_concerned(tmp_path: Path) -> None:
    tests = Runner(tmp_path, tmp_path / "log", print)
    tests.start((sys.executable, "-c", "raise SystemExit(5)"), dict(os.environ))
    assert came(tests) == "tests: none concerned"


def test_a_program_that_is_missing(tmp_path: Path) -> None:
    tests = Runner(tmp_path, tmp_path / "log", print)
    tests.start(("no-such-program",), dict(os.environ))
    assert tests.result == "tests: no-such-program: No such file or directory"


def test_a_run_is_ended_by_the_next(tmp_path: Path) -> None:
    tests = Runner(tmp_path, tmp_path / "log", print)
    tests.start((sys.executable, "-c", "import time; time.sleep(60)"), dict(os.environ))
    tests.start((sys.executable, "-c", "print('== 3 passed, 1 skipped in 0.1s ==')"), dict(os.environ))
    assert came(tests) == "tests: 3 passed, 1 skipped"


def test_the_tests_that_a_change_concerns_where_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest_itself = (sys.executable, "-m", "pytest")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert command_of(()) == (*pytest_itself, "-q")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    assert command_of(("pytest", "tests")) == (*pytest_itself, "tests", "--testmon")
    assert command_of(("make", "check")) == ("make", "check")
