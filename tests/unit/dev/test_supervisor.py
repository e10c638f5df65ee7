"""The supervisor with real, small processes; whole services are in the integration tests."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
from processes import command, has_ended

from buildkit.dev import readiness, running
from buildkit.dev.addresses import Address, Addresses
from buildkit.dev.ending import State, how_it_ended
from buildkit.dev.journal import Journal, Log
from buildkit.dev.readiness import answers, listens
from buildkit.dev.service import Service
from buildkit.dev.supervisor import Supervisor
from buildkit.doors import ports
from buildkit.errors import ConfigurationError

LOG = Log(partial(os.write, 2), print)
NOBODY = "http://127.0.0.1:1/"
LAUNCH = Path(running.__file__).with_name("launch.py")
LASTING = "import time; time.sleep(60)"


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(readiness, "SETTLE", 0.2)
    found = Supervisor(Addresses(hold=30), "service", drain=0.5, journal=partial(Journal, LOG), grace=0.5)
    yield found
    found.stop()


def python(
    tmp_path: Path, code: str, ready: str | tuple[str, ...] = "", arguments: tuple[str, ...] = (), overlap: bool = True
) -> Service:
    command = (sys.executable, "-c", code, *arguments)
    return Service(command, tmp_path, dict(os.environ), ready, overlap=overlap)


def free_port() -> int:
    return next(port for port in random.sample(ports.OWN, 50) if ports.free(port))


def until(supervisor: Supervisor, state: State) -> None:
    wait(lambda: supervisor.state() is state)


def wait(what: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def launched(code: str, *, grace: float = 5.0) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCH), str(grace), "-", sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def test_from_start_to_stop(supervisor: Supervisor, tmp_path: Path) -> None:
    assert supervisor.state() is State.STOPPED
    supervisor.start(python(tmp_path, LASTING))
    assert supervisor.state() is State.STARTING
    until(supervisor, State.READY)  # without an address, it is once it has settled
    supervisor.stop()
    assert supervisor.state() is State.STOPPED


def test_how_it_ended(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, "raise SystemExit(7)", NOBODY))
    until(supervisor, State.ENDED)
    end = supervisor.bury()
    assert (end.exit_code, end.revived, end.answered_for) == (7, False, False), "what never was ready would end again"
    assert supervisor.state() is State.STOPPED


def test_a_start_that_fails_leaves_the_one_before(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, LASTING))
    until(supervisor, State.READY)
    supervisor.start(python(tmp_path, "raise SystemExit(7)", NOBODY))
    until(supervisor, State.ENDED)
    assert supervisor.answers()
    assert supervisor.bury().answered_for
    assert supervisor.state() is State.READY


def marking(tmp_path: Path, mark: str) -> str:
    return (
        f"import os, pathlib, time; pathlib.Path({str(tmp_path / mark)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )


def runs(tmp_path: Path, mark: str) -> bool:
    file = tmp_path / mark
    return file.exists() and bool(file.read_text()) and psutil.pid_exists(int(file.read_text()))


def test_the_new_one_starts_beside_the_old_one(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, marking(tmp_path, "old")))
    until(supervisor, State.READY)
    supervisor.start(python(tmp_path, marking(tmp_path, "new"), ("test", "-e", str(tmp_path / "go"))))
    wait(lambda: runs(tmp_path, "new"))
    assert runs(tmp_path, "old")
    (tmp_path / "go").touch()
    wait(lambda: not runs(tmp_path, "old"))
    assert supervisor.state() is State.READY


def test_what_may_not_run_twice_ends_before_the_new_one_starts(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, marking(tmp_path, "old"), overlap=False))
    until(supervisor, State.READY)
    supervisor.start(python(tmp_path, marking(tmp_path, "new"), overlap=False))
    assert not runs(tmp_path, "old")
    wait(lambda: runs(tmp_path, "new"))


def test_only_the_newest_of_many_starts_is_left(supervisor: Supervisor, tmp_path: Path) -> None:
    for number in range(6):
        supervisor.start(python(tmp_path, marking(tmp_path, str(number))))
    until(supervisor, State.READY)
    wait(lambda: not any(runs(tmp_path, str(number)) for number in range(5)))
    wait(lambda: runs(tmp_path, "5"))


def test_a_line_of_the_log_says_that_it_is_ready(
    supervisor: Supervisor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = "import sys, time; time.sleep(0.5); print('\\033[32mserving\\033[0m now', flush=True); time.sleep(60)"
    supervisor.start(python(tmp_path, code, "log:serving now"))
    time.sleep(0.2)
    assert supervisor.state() is State.STARTING
    until(supervisor, State.READY)
    assert "\033[32mserving\033[0m now\n" in capfd.readouterr().err, "the log itself passes unchanged"


def test_a_command_says_that_it_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, LASTING, ("test", "-e", str(tmp_path / "done"))))
    time.sleep(0.3)
    assert supervisor.state() is State.STARTING
    (tmp_path / "done").touch()
    until(supervisor, State.READY)


LISTENING = (
    "import socket, sys, time; time.sleep(0.5); s = socket.create_server((HOST, int(sys.argv[1]))); time.sleep(60)"
)


ACCEPTING = """
import socket, sys, time
time.sleep(0.5)
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    listener.accept()[0].close()
"""


@pytest.mark.parametrize("ready", ["tcp", ""])
def test_a_port_says_that_it_is_ready(supervisor: Supervisor, tmp_path: Path, ready: str) -> None:
    code = LISTENING.replace("HOST", "'127.0.0.1'")
    for _ in range(2):
        supervisor.start(python(tmp_path, code, ready, ("{port}",)))
        until(supervisor, State.READY)
        assert supervisor._current is not None
        assert listens(supervisor._current.port)


def test_a_mistake_that_takes_long_to_come_out_leaves_the_one_before(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, LISTENING.replace("HOST", "'127.0.0.1'"), "", ("{port}",)))
    until(supervisor, State.READY)
    supervisor.start(python(tmp_path, "import time; time.sleep(0.5); import nonsense", "", ("{port}",)))
    until(supervisor, State.ENDED)
    assert supervisor.bury().answered_for


def test_one_that_is_not_told_where_is_waited_for_once_it_was_seen_to_listen(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    code = LISTENING.replace("HOST", "'127.0.0.1'").replace("sys.argv[1]", "os.environ['PORT']").replace("sys,", "os,")
    its = replace(python(tmp_path, code), port=free_port())
    supervisor.start(its)
    until(supervisor, State.READY)
    assert supervisor._current is not None
    wait(lambda: listens(supervisor._current.port))  # type: ignore[union-attr]
    supervisor.start(its)
    until(supervisor, State.READY)
    assert listens(supervisor._current.port)


def test_a_socket_that_it_gets_is_one_that_it_accepts_on(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, ACCEPTING, "tcp", ("{fd}",)))
    time.sleep(0.3)
    assert supervisor.state() is State.STARTING
    until(supervisor, State.READY)


def test_a_socket_can_come_as_systemd_passes_it(supervisor: Supervisor, tmp_path: Path) -> None:
    code = 'import os, sys\nassert (os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"]) == ("1", str(os.getpid()))\n'
    command = ("env", "LISTEN_FDS=1", sys.executable, "-c", f"{code}sys.argv[1:] = ['3']\n{ACCEPTING}")
    supervisor.start(Service(command, tmp_path, dict(os.environ), "tcp"))
    until(supervisor, State.READY)


def test_a_missing_program_leaves_the_service_that_runs(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, LASTING))
    with pytest.raises(ConfigurationError, match="there is no program 'uvicornn'"):
        supervisor.start(Service(("uvicornn",), tmp_path, dict(os.environ)))
    until(supervisor, State.READY)


def test_nobody_answers_where_nobody_listens() -> None:
    assert not answers(NOBODY)


def test_the_launcher_ends_as_the_command_did() -> None:
    with launched("import os, signal; os.kill(os.getpid(), signal.SIGKILL)") as launcher:
        assert launcher.wait(10) == 128 + 9
    with launched("raise SystemExit(3)") as launcher:
        assert launcher.wait(10) == 3


ELSEWHERE = """
import socket, sys, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
time.sleep(float(sys.argv[2]))
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
time.sleep(60)
"""


@pytest.mark.parametrize("ready", ["", "tcp", "http://127.0.0.1:{port}/"])
def test_a_service_that_listens_elsewhere_is_told_and_not_ready(tmp_path: Path, ready: str) -> None:
    said: list[str] = []
    addresses, chosen = Addresses(hold=30), free_port()
    addresses.take({"service": Address("127.0.0.1", public := free_port(), "dev.port")})
    log = Log(partial(os.write, 2), said.append)
    found = Supervisor(addresses, "service", drain=0.5, journal=partial(Journal, log), grace=0.5)
    try:
        found.start(replace(python(tmp_path, ELSEWHERE, ready, (str(chosen), "0")), port=public))
        wait(lambda: said)
        assert said[0].startswith(f"service listens on {chosen}, not on ")
        assert (
            "that it is given: let it take {port} of its command, or PORT; port = 0 in [tool.buildkit.dev]" in said[0]
        )
        wait(lambda: said[0] in _text_at(public))
        assert found.state() is State.STARTING
        assert found.lacks() == said[0].partition(" that it is given")[0].removeprefix("service ")
        found.start(replace(python(tmp_path, ELSEWHERE, "", ("{port}", "0.5")), port=public))
        until(found, State.READY)
        assert len(said) == 1
    finally:
        found.stop()
        addresses.close()


def _text_at(port: int) -> str:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        client.request("GET", "/")
        return client.getresponse().read().decode()


@pytest.mark.parametrize(
    ("ready", "lacks"),
    [
        ("http://127.0.0.1:1/health", "http://127.0.0.1:1/health does not answer with 2xx or 3xx"),
        ("log:at work", "its log has no line with at work"),
        (("test", "-e", "/nowhere/at all"), "test -e '/nowhere/at all' does not succeed"),
        ("tcp", r"does not listen on \d+"),
    ],
)
def test_what_a_service_lacks_is_said_in_short(
    supervisor: Supervisor, tmp_path: Path, ready: str | tuple[str, ...], lacks: str
) -> None:
    assert supervisor.lacks() == ""
    supervisor.start(python(tmp_path, LASTING, ready))
    assert re.fullmatch(lacks, supervisor.lacks())


def test_a_service_that_nobody_reaches_may_listen_where_it_likes(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, ELSEWHERE, "", (str(free_port()), "0")))
    until(supervisor, State.READY)


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
        while not has_ended(service):
            assert time.monotonic() < deadline
            time.sleep(0.01)


ESCAPING = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
open("escaped", "w").write(str(child.pid))
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the environment of a process")
def test_what_escaped_a_killed_launcher_is_ended(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python(tmp_path, ESCAPING, "alive"))
    wait(lambda: (tmp_path / "escaped").exists() and (tmp_path / "escaped").read_text())
    until(supervisor, State.READY)
    escaped = psutil.Process(int((tmp_path / "escaped").read_text()))
    (launcher,) = (each for each in psutil.Process().children() if str(LAUNCH) in command(each))
    launcher.kill()
    until(supervisor, State.ENDED)
    assert escaped.is_running()
    end = supervisor.bury()
    assert how_it_ended(end.exit_code) == "with its launcher, by SIGKILL"
    wait(lambda: has_ended(escaped))
