"""A process that is forked where its program is loaded is as the one that would have been started in its place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.forked import USUAL, Forked, Server, at_start
from plugins.loaded import forking_for

PROGRAM = """
import json, os, signal, sys
def tell(**facts):
    facts |= {"folder": os.getcwd(), "arguments": sys.argv[1:], "name": os.environ.get("NAME"), "name of": __name__}
    facts |= {"own session": os.getsid(0) == os.getpid(), "open": sorted(map(int, os.listdir("/proc/self/fd")))[:-1]}
    print(json.dumps(facts), flush=True)
tell(typed=sys.stdin.read())
if "die" in sys.argv: os.kill(os.getpid(), signal.SIGKILL)
if "wait" in sys.argv: signal.pause()
sys.stderr.write("said")
sys.exit(7)
"""
COMMAND = [sys.executable, "-c", PROGRAM]

pytestmark = pytest.mark.usefixtures("forked")


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the program forked by a process that has loaded it."""
    with tempfile.TemporaryDirectory(prefix="forked-") as folder:
        server = Server(COMMAND, f"{folder}/socket", at_start(os.environ), ["taken"])
        with forking_for(server, "import json"):
            monkeypatch.setattr(Forked, "servers", [server])
            yield


def run(kind: Any, folder: Path, *words: str, name: str = "a name") -> tuple[Any, ...]:
    """Return what a run tells, and how it ends."""
    reading, writing = os.pipe()
    with kind(
        [*COMMAND, *words],
        cwd=folder,
        env={**os.environ, "NAME": name},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=(writing,),
        start_new_session="session" in words,
    ) as child:
        os.close(writing)
        os.close(reading)
        out, words_of_it = child.communicate("typed", timeout=60)
        assert child.poll() == child.wait() == child.returncode
        return json.loads(out), words_of_it, child.returncode


@pytest.mark.parametrize("words", [(), ("one", "two"), ("session",), ("die",)])
def test_it_has_what_the_started_one_has_and_ends_as_that(tmp_path: Path, words: tuple[str, ...]) -> None:
    started = run(USUAL, tmp_path, *words)
    assert run(Forked, tmp_path, *words) == started
    assert started[2] == (-signal.SIGKILL if "die" in words else 7)


def parent(folder: Path, **variables: str) -> int:
    """Return the parent of a run, which may also be who waits for it."""
    with Forked(
        [*COMMAND, "wait"],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.01)
        found = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[1]
        child.terminate()
        assert child.wait(60) == -signal.SIGTERM
        return int(found)


def test_it_is_started_where_it_could_load_something_else(tmp_path: Path) -> None:
    assert parent(tmp_path) != os.getpid()
    assert parent(tmp_path, PYTHONHASHSEED="7") == os.getpid()
    (tmp_path / "src/taken").mkdir(parents=True)
    assert parent(tmp_path) != os.getpid()
    (tmp_path / "src/taken/__init__.py").touch()
    assert parent(tmp_path) == os.getpid()


def test_another_program_is_started() -> None:
    with Forked(["true"]) as child:
        assert child.wait(60) == 0
