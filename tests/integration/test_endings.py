"""However a command is ended, it ends in seconds, in words, with the code that says so; and leaves nothing running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from in_time import in_time
from plugins.built import BuiltProjectMaker
from plugins.projects import ProjectMaker

PROJECT = {
    "pyproject.toml": '[project]\nname = "ends"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n',
    "tasks.py": "from buildkit.tasks import ns\n",
    "app/__init__.py": "",
    "app/fast.py": "def f(n):\n    return n + 1\n",
}
NIGHTLY = settings.get_current_profile_name() == "nightly"
SLOW = "\n".join(f"def f{at}(n, *a, k=1):\n    return [n * {at} + k for n in range(n)]" for at in range(1500))
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@contextlib.contextmanager
def start(root: Path, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=root,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as command:
        try:
            yield command
        finally:
            command.kill()


def in_session(leader: int) -> list[str]:
    """The processes whose session or group began with what `leader` started, by their command."""
    listed = subprocess.run(["ps", "-eo", "sess,ppid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines()[1:] if line.split()[0] == str(leader)]


def await_file(pattern: str, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not list(folder.glob(pattern)):
        assert time.monotonic() < deadline, f"no {pattern} in {folder}"
        time.sleep(0.02)


@pytest.mark.usefixtures("compiler", "tools_are_known")
def test_a_signal_ends_the_wait_for_another_build_at_once(project: ProjectMaker, tmp_path: Path) -> None:
    first = project({**PROJECT, "app/fast.py": SLOW})
    second = tmp_path / "second"
    subprocess.run(["cp", "-r", str(first), str(second)], check=True)
    store = tmp_path / "store"
    with start(first, "compile", PYBUILDKIT_CACHE_DIR=str(store)) as builds:
        await_file("v1/locks/*", store)
        for number in (signal.SIGTERM, signal.SIGINT):
            (second / ".buildkit/compile.lock").unlink(missing_ok=True)
            with start(second, "compile", PYBUILDKIT_CACHE_DIR=str(store)) as waits:
                await_file("compile.lock", second / ".buildkit")
                time.sleep(0.5)
                with in_time(2.0):
                    waits.send_signal(number)
                    _, words = waits.communicate(timeout=60)
                assert waits.returncode == CODES[number]
                assert "Traceback" not in words
                assert words.splitlines()[-1] in {"terminated", "interrupted"}
            assert builds.poll() is None, "the wait was longer than the work"
        with in_time(2.0):
            builds.send_signal(signal.SIGTERM)
            builds.communicate(timeout=60)
        assert builds.returncode == 143
    assert not in_session(builds.pid)


@pytest.mark.usefixtures("compiler", "tools_are_known")
def test_a_suspended_build_keeps_no_other_from_its_work(project: ProjectMaker, tmp_path: Path) -> None:
    first = project({**PROJECT, "app/fast.py": SLOW[: SLOW.index("def f200")]})
    store = str(tmp_path / "store")
    with start(first, "compile", PYBUILDKIT_CACHE_DIR=store) as suspended:
        await_file("v1/locks/*", Path(store))
        suspended.send_signal(signal.SIGSTOP)
        try:
            with start(first, "compile", PYBUILDKIT_CACHE_DIR=store) as other:
                _, words = other.communicate(timeout=120)
            assert other.returncode == 0, words
            assert f"process {suspended.pid} (" in words
            assert "suspended" in words
        finally:
            suspended.send_signal(signal.SIGCONT)
        _, words = suspended.communicate(timeout=120)
    assert suspended.returncode == 10, words
    assert "another build went on in this tree" in words
    with start(first, "compile", "--json", PYBUILDKIT_CACHE_DIR=store) as after:
        result, _ = after.communicate(timeout=60)
    assert '"counts": {"fresh": 1}' in result


@pytest.mark.usefixtures("compiler", "tools_are_known")
@pytest.mark.parametrize("words", [("compile", "--no-cache"), ("dev",)])
def test_no_moment_of_a_start_leaves_a_traceback(project: ProjectMaker, words: tuple[str, ...]) -> None:
    root = project(PROJECT)
    with (root / "pyproject.toml").open("a") as file:
        file.write('[tool.buildkit.dev]\ncommand = ["sleep", "60"]\n')
    loaded = 0.12  # before this the process is Python's and Invoke's own
    for at in range(0, 14, 1 if NIGHTLY else 3):
        number = (signal.SIGINT, signal.SIGTERM)[at % 2]
        with start(root, *words) as command:
            time.sleep(loaded + 0.05 * at)
            command.send_signal(number)
            out, errors = command.communicate(timeout=20)
        if ("buildkit" not in errors and "Traceback" in errors) or (command.returncode, errors) == (1, ""):
            continue  # it came too early to be ours
        assert "Traceback" not in errors, (at, errors)
        done = {0} if words == ("dev",) or "compiled" in out else set()
        assert command.returncode in {CODES[number], -number, *done}, (at, command.returncode, errors)


def test_what_nohup_ignores_stays_ignored(project: ProjectMaker) -> None:
    root = project({**PROJECT, "app/fast.py": SLOW})
    with subprocess.Popen(
        ["nohup", sys.executable, "-m", "invoke", "compile"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        await_file("compile.lock", root / ".buildkit")
        command.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert command.poll() is None
        command.send_signal(signal.SIGTERM)
        command.communicate(timeout=60)
    assert command.returncode == 143


@pytest.mark.parametrize(
    ("words", "tail", "code", "said"),
    [
        ("cache.stats --json", "| true", 141, ""),
        ("--list", "| true", 141, ""),
        ("cache.stats", "> /dev/full", 1, "error: the result cannot be written to stdout: No space left on device"),
        ("--list", "> /dev/full", 1, "error: the result cannot be written to stdout: No space left on device"),
        ("cache.stats", ">&-", 0, ""),
        ("cache.stats", "2>/dev/full", 0, ""),
        ("cache.stats", "<&- >&- 2>&-", 0, ""),
    ],
)
@pytest.mark.parametrize("buffered", [False, True])
def test_an_output_that_nobody_takes_costs_a_line_at_most(
    project: ProjectMaker, words: str, tail: str, code: int, said: str, buffered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if buffered else "1")
    root = project(PROJECT)
    script = f"{sys.executable} -m invoke {words} {tail}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.strip()) == (code, said)


@pytest.mark.usefixtures("compiler", "tools_are_known")
@pytest.mark.parametrize("limit", ["-n 12", "-n 18", "-n 24", "-f 20", "-f 200"])
def test_low_limits_are_words(built_project: BuiltProjectMaker, limit: str) -> None:
    root = built_project(PROJECT)
    (root / "app/fast.py").write_text("def f(n):\n    return n + 2\n")
    script = f"ulimit {limit}; exec {sys.executable} -m invoke compile --no-cache"
    done = subprocess.run(["bash", "-c", script], cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert "buildkit/" not in done.stderr, done.stderr  # no traceback of ours; that of a probe is a compiler's word
    assert done.returncode in {0, 1, 10, 11, 12}, done.stderr
    with start(root, "compile", "--json") as after:
        result, _ = after.communicate(timeout=120)
    assert '"outcome": "failed"' not in result
