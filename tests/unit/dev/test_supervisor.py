"""The supervisor with real, small processes; whole services are in the integration tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from buildkit.dev import supervisor as supervising
from buildkit.dev.service import Service
from buildkit.dev.supervisor import State, Supervisor, answers
from buildkit.errors import ConfigurationError

NOBODY = "http://127.0.0.1:1/"
LAUNCH = Path(supervising.__file__).with_name("launch.py")


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(supervising, "SETTLE", 0.2)
    found = Supervisor(grace=0.5)
    yield found
    found.stop()


def python(tmp_path: Path, code: str, ready: str = "") -> Service:
    return Service((sys.executable, "-c", code), tmp_path, dict(os.environ), ready)


def launched(code: str, *, grace: float = 5.0) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCH), str(grace), sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def test_from_start_to_stop(supervisor: Supervisor, tmp_path: Path) -> None:
    assert supervisor.state() is State.STOPPED
    supervisor.start(python(tmp_path, "import time; time.sleep(60)"))
    assert supervisor.state() is State.STARTING
    assert supervisor.await_ready(5) is State.READY, "without an address, it is ready once it has settled"
    supervisor.stop()
    assert supervisor.state() is State.STOPPED


def test_how_it_ended(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, "raise SystemExit(7)", NOBODY))
    assert supervisor.await_ready(5) is State.ENDED
    assert supervisor.exit_code == 7
    assert not supervisor.revive(), "what never was ready would end again"


def test_a_missing_program_leaves_the_service_that_runs(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, "import time; time.sleep(60)"))
    with pytest.raises(ConfigurationError, match="there is no program 'uvicornn'"):
        supervisor.start(Service(("uvicornn",), tmp_path, dict(os.environ)))
    assert supervisor.await_ready(5) is State.READY


def test_nobody_answers_where_nobody_listens() -> None:
    assert not answers(NOBODY)


def test_the_launcher_ends_as_the_command_did() -> None:
    with launched("import os, signal; os.kill(os.getpid(), signal.SIGKILL)") as launcher:
        assert launcher.wait(10) == 128 + 9
    with launched("raise SystemExit(3)") as launcher:
        assert launcher.wait(10) == 3


def test_the_service_reads_nothing_and_heads_its_group() -> None:
    with launched("import os, sys; print(repr(sys.stdin.read()), os.getpgrp() == os.getpid())") as launcher:
        assert launcher.wait(10) == 0
        assert launcher.stdout is not None
        assert launcher.stdout.read() == b"'' True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="escaped processes are caught on Linux alone")
def test_what_a_service_leaves_behind_goes_when_it_ends() -> None:
    code = """
import subprocess
command = ["sh", "-c", "sleep 60 & echo $!; exec sleep 60"]
child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
import os; os._exit(0)
"""
    with launched(code) as launcher:
        assert launcher.stdout is not None
        left = [int(word) for word in launcher.stdout.readline().split()]
        assert len(left) == 2
        assert launcher.wait(10) == 0
        assert not [pid for pid in left if psutil.pid_exists(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_the_service_dies_with_its_launcher() -> None:
    with launched("import os, time; print(os.getpid(), flush=True); time.sleep(60)") as launcher:
        assert launcher.stdout is not None
        service = int(launcher.stdout.readline())
        launcher.kill()
        deadline = time.monotonic() + 5
        while psutil.pid_exists(service) and psutil.Process(service).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.01)
