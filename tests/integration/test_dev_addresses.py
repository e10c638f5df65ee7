"""Addresses that change in pyproject.toml while `invoke dev` runs. Real processes, real HTTP."""

from __future__ import annotations

import http.client
import os
import random
import signal
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from dev_service import MAIN, SETTINGS, Starter, starting
from plugins.projects import ProjectMaker
from processes import has_ended

from buildkit.doors import ports

SLOW = MAIN.replace(
    "    def do_GET(self):\n",
    "    def do_GET(self):\n        if self.path == '/slow':\n            import time; time.sleep(3)\n",
)


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


def a_port() -> int:
    """Return a port that is free, and hardly ever the one that another worker takes at this moment."""
    return next(port for port in random.sample(ports.OWN, 100) if ports.free(port))


def another(name: str, port: int) -> str:
    """Return settings with a further service."""
    return f"""{SETTINGS}
[tool.buildkit.dev.service.{name}]
command = ["python", "-m", "app.main", "{{port}}"]
port = {port}
"""


def test_a_service_that_is_called_otherwise_keeps_its_port(dev: Starter) -> None:
    port = a_port()

    it = dev({"pyproject.toml": another("web", port)})
    it.until_ready()
    assert ask(port) == "one"
    it.save("pyproject.toml", another("api", port))
    it.until_said("restarted service, api")
    it.until_cycles(1)
    assert ask(port) == "one"
    it.save("src/app/answer.py", "ANSWER = 'two'\n")
    it.until(lambda: ask(port) == "two")
    it.until_answer("two")
    assert "is taken" not in it.text()


@pytest.mark.parametrize("to", ["api", ""], ids=["called otherwise", "taken out"])
def test_a_service_that_goes_answers_what_it_has_begun(dev: Starter, to: str) -> None:
    port = a_port()
    it = dev({"pyproject.toml": another("web", port), "src/app/main.py": SLOW})
    it.until_ready()
    before = whom(port)
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    asking.request("GET", "/slow")
    it.settled()
    it.save("pyproject.toml", another(to, port) if to else SETTINGS)
    it.until_cycles(1)
    assert not has_ended(before), "it has not answered yet"
    assert asking.getresponse().read() == f"{before} one".encode()
    asking.close()
    it.until(lambda: has_ended(before))
    if to:
        assert whom(port) != before
    else:
        assert ports.free(port)
    it.end()
    assert it.left() == []


def test_a_service_that_goes_while_it_answers_goes_with_the_loop(dev: Starter) -> None:
    port = a_port()
    it = dev({"pyproject.toml": another("web", port), "src/app/main.py": SLOW})
    it.until_ready()
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    asking.request("GET", "/slow")
    it.settled()
    it.save("pyproject.toml", SETTINGS)
    it.until_cycles(1)
    it.end()
    assert it.left() == []
    asking.close()


ALONE = """
if __name__ == "__main__":
    import fcntl, pathlib
    lock = open("lone", "w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails if another one runs"""


def test_a_service_that_may_not_run_twice_has_ended_before_it_runs_under_another_name(dev: Starter) -> None:
    port = a_port()
    alone = SLOW.replace('if __name__ == "__main__":', ALONE.strip())
    files = {"src/app/lone.py": alone, "src/app/main.py": MAIN}

    def settings(name: str) -> str:
        main, table, rest = another(name, port).partition("[tool.buildkit.dev.service")
        return f"{main}{table}{rest.replace('app.main', 'app.lone')}overlap = false\n"

    it = dev({**files, "pyproject.toml": settings("web")})
    it.until_ready()
    before = whom(port)
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    asking.request("GET", "/slow")
    it.settled()
    it.save("pyproject.toml", settings("api"))
    assert asking.getresponse().read() == f"{before} one".encode()
    asking.close()
    it.until_cycles(1)
    assert "ready after" in it.cycles()[0]
    assert whom(port) != before
    assert has_ended(before)


def test_a_service_comes_to_listen_for_everybody_and_the_request_under_way_is_answered(dev: Starter) -> None:
    it = dev({"src/app/main.py": SLOW})
    it.until_ready()
    asking = http.client.HTTPConnection("127.0.0.1", it.port, timeout=20)
    asking.request("GET", "/slow")
    it.settled()
    it.save("pyproject.toml", SETTINGS.replace('"{port}"]', '"{port}", "--host", "0.0.0.0"]'))
    it.until_cycles(1)
    assert asking.getresponse().read().endswith(b" one")
    asking.close()
    it.save("src/app/answer.py", "ANSWER = 'two'\n")
    it.until_answer("two")
    assert "is taken" not in it.text()


TAKES_SOCKET = MAIN.replace(
    'Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()',
    """\
import socket
    server = Server(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[1]))
    server.serve_forever()""",
)


@pytest.mark.parametrize("saved", [False, True], ids=["while nothing changes", "while a new one starts"])
def test_who_asks_after_a_process_with_a_socket_was_killed_waits_for_the_next_one(dev: Starter, saved: bool) -> None:
    settings = SETTINGS.replace("{port}", "{fd}", 1).replace('ready = "http://127.0.0.1:{port}/"', 'ready = "tcp"')
    late = "import time; time.sleep(1)\nANSWER = 'late'\n"
    it = dev({"src/app/main.py": TAKES_SOCKET, "pyproject.toml": settings, "src/app/answer.py": late})
    it.until_ready()
    killed = it.ask()[0]
    if saved:
        it.save("src/app/answer.py", late.replace("late", "new"))
        time.sleep(0.3)
    os.kill(killed, signal.SIGKILL)
    it.until(lambda: has_ended(killed))
    with ThreadPoolExecutor(20) as clients:
        found = [clients.submit(ask, it.port, number * 0.02) for number in range(20)]
    assert {each.result() for each in found} == {"new" if saved else "late"}


def whom(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as response:
        return int(response.read().decode().partition(" ")[0])


def ask(port: int, later: float = 0) -> str:
    time.sleep(later)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as response:
        return str(response.read().decode().partition(" ")[2])


def test_another_drain_is_taken_up_while_the_loop_runs(dev: Starter) -> None:
    it = dev({"src/app/main.py": SLOW, "pyproject.toml": f"{SETTINGS}drain = '0.1s'\n"})
    it.until_ready()
    it.save("pyproject.toml", f"{SETTINGS}drain = '30s'\n")
    it.until_cycles(1)
    asking = http.client.HTTPConnection("127.0.0.1", it.port, timeout=20)
    asking.request("GET", "/slow")
    it.settled()
    it.save("src/app/answer.py", "ANSWER = 'two'\n")
    it.until_answer("two")
    assert asking.getresponse().read().endswith(b" one")
    asking.close()
