"""The address of a service under `invoke dev`: what its clients see while one saves. Real processes, real HTTP."""

from __future__ import annotations

import collections
import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pytest
from dev_service import MAIN, SETTINGS, Dev, Starter, starting
from plugins.projects import ProjectMaker

SLOW = MAIN.replace(
    "    def do_GET(self):\n",
    "    def do_GET(self):\n        if self.path == '/slow':\n            import time; time.sleep(4)\n",
)
KEEPING = MAIN.replace(
    "class Handler(http.server.BaseHTTPRequestHandler):",
    """\
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1\"""",
)


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


class Client:
    """Asks every 20 ms, on a connection of its own each time or on one that it keeps, until it is told to stop."""

    def __init__(self, port: int, keeps: bool) -> None:
        self._port = port
        self._keeps = keeps
        self._stop = threading.Event()
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.answers: list[str] = []
        self.longest = 0.0
        self._connection: http.client.HTTPConnection | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            start = time.monotonic()
            try:
                self.answers.append(self._ask())
                self.outcomes["answered"] += 1
            except (OSError, http.client.HTTPException) as error:
                self.outcomes[type(error).__name__] += 1
                self._connection = None
            self.longest = max(self.longest, time.monotonic() - start)

    def _ask(self) -> str:
        if self._connection is None or not self._keeps:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            self._connection.request("GET", "/")
            response = self._connection.getresponse()
            body = response.read().decode()
            assert response.status == 200, body
            return body.partition(" ")[2]
        finally:
            if not self._keeps:
                self._connection.close()

    def hears(self, words: str) -> bool:
        return self.answers[-1:] == [words]

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        if self._connection is not None:
            self._connection.close()


@contextlib.contextmanager
def asking(it: Dev, *, keeps: bool = False) -> Iterator[Client]:
    client = Client(it.port, keeps)
    try:
        yield client
    finally:
        client.stop()


@pytest.mark.parametrize("keeps", [False, True], ids=["a connection each", "one connection"])
def test_no_request_fails_while_one_saves(dev: Starter, keeps: bool) -> None:
    it = dev({"src/app/main.py": KEEPING})
    it.until_ready()
    with asking(it, keeps=keeps) as client:
        for number in range(8):
            it.save("src/app/answer.py", f"ANSWER = '{number}'\n")
            it.until(partial(client.hears, str(number)))
    assert set(client.outcomes) == {"answered"}, it.text()
    assert client.longest < 1, "the machine may be busy; nobody waits for the service's start"


def test_no_request_fails_where_two_may_not_run_at_once(dev: Starter) -> None:
    it = dev({"src/app/main.py": KEEPING, "pyproject.toml": f"{SETTINGS}overlap = false\n"})
    it.until_ready()
    with asking(it) as client:
        for number in range(5):
            before = it.ask()[0]
            it.save("src/app/answer.py", f"ANSWER = '{number}'\n")
            it.until(partial(client.hears, str(number)))
            assert len([each for each in it.left() if each.pid == before]) == 0
    assert set(client.outcomes) == {"answered"}, it.text()


def test_who_comes_before_the_first_start_waits_for_it(dev: Starter) -> None:
    it = dev({"src/app/answer.py": "import time; time.sleep(1.5)\nANSWER = 'late'\n"})
    it.until(lambda: it.answer() == "late")
    it.until_ready()
    assert "ended" not in it.text()


@pytest.mark.parametrize("overlap", ["true", "false"])
def test_a_request_that_takes_long_is_answered_by_the_old_process(dev: Starter, overlap: str) -> None:
    it = dev({"src/app/main.py": SLOW, "pyproject.toml": f"{SETTINGS}overlap = {overlap}\n"})
    it.until_ready()
    old = it.ask()[0]
    found: list[bytes] = []

    def ask() -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", it.port, timeout=20)) as connection:
            connection.request("GET", "/slow")
            found.append(connection.getresponse().read())

    asks = threading.Thread(target=ask)
    asks.start()
    time.sleep(0.3)
    it.save("src/app/answer.py", "ANSWER = 'two'\n")
    it.until_answer("two")
    assert bool(found) == (overlap == "false"), "the new code answers while the old one is still at it, if it may"
    asks.join(20)
    assert found == [f"{old} one".encode()]
    it.until(lambda: all(each.pid != old for each in it.left()))


def test_a_start_that_fails_leaves_the_old_process_answering(dev: Starter) -> None:
    it = dev()
    it.until_ready()
    before = it.ask()
    with asking(it) as client:
        it.save("src/app/answer.py", "raise SystemExit('no such thing')\n")
        it.until_said("the service ended with exit code 1, the one before answers on")
        assert it.ask() == before
        it.save("src/app/answer.py", "ANSWER = 'mended'\n")
        it.until_answer("mended")
    assert set(client.outcomes) == {"answered"}, it.text()


def page_of(it: Dev, accept: str = "text/html") -> tuple[int, str]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", it.port, timeout=20)) as connection:
        connection.request("GET", "/", headers={"Accept": accept})
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_where_nothing_runs_there_is_a_page_with_the_last_words(dev: Starter) -> None:
    it = dev({"src/app/answer.py": "raise ValueError('no <such> thing')\n"})
    it.until_said("waiting for a change")
    status, page = page_of(it)
    assert status == 503
    assert "service ended with exit code 1" in page
    assert "answer.py&quot;, line 1" in page
    assert "ValueError: no &lt;such&gt; thing" in page
    assert page_of(it, "application/json")[1].rstrip().endswith("ValueError: no <such> thing")
    it.save("src/app/answer.py", "ANSWER = (\n")
    it.until(lambda: "answer.py:1: &#x27;(&#x27; was never closed" in page_of(it)[1])
    it.save("src/app/answer.py", "ANSWER = 'mended'\n")
    it.until_answer("mended")


def test_a_service_that_takes_a_socket_gets_one(dev: Starter) -> None:
    main = MAIN.replace(
        'Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()',
        """\
import socket
    server = Server(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[1]))
    server.serve_forever()""",
    )
    settings = SETTINGS.replace("{port}", "{fd}", 1).replace('ready = "http://127.0.0.1:{port}/"', 'ready = "tcp"')
    it = dev({"src/app/main.py": main, "pyproject.toml": settings})
    it.until_ready()
    with asking(it) as client:
        for number in range(3):
            it.save("src/app/answer.py", f"ANSWER = '{number}'\n")
            it.until_answer(str(number))
    assert set(client.outcomes) == {"answered"}, it.text()


WORKER = """
import pathlib, time
from app.jobs.kind import KIND
pathlib.Path("worked").write_text(KIND)
print("works on", KIND, flush=True)
time.sleep(600)
"""
SEVERAL = f"""{SETTINGS}
[tool.buildkit.dev.service.worker]
command = ["python", "-m", "app.worker"]
ready = "log:works on"
watch = ["src/app/jobs/**", "src/app/worker.py", "jobs.yaml"]
after = ["service"]
"""


def several(dev: Callable[..., Dev], files: Mapping[str, str] | None = None) -> Dev:
    jobs = {"src/app/jobs/__init__.py": "", "src/app/jobs/kind.py": "KIND = 'mail'\n", "src/app/worker.py": WORKER}
    return dev({"pyproject.toml": SEVERAL, **jobs, **(files or {})})


def test_several_processes_each_with_its_changes(dev: Starter) -> None:
    it = several(dev)
    it.until_ready()
    assert "started service, worker" in it.text()
    assert "worker  │ works on mail" in it.words
    pid = it.ask()[0]
    it.save("src/app/jobs/kind.py", "KIND = 'post'\n")
    it.until_said("worker  │ works on post")
    it.until_cycles(1)
    it.settled()
    assert it.ask()[0] == pid, "the worker alone names it"
    it.save("src/app/answer.py", "ANSWER = 'two'\n")
    it.until_answer("two")
    it.until_cycles(2)
    it.settled()
    assert "restarted service " in it.cycles()[1]
    assert it.text().count("works on post") == 1, "a change that does not concern it does not restart it"
    pid = it.ask()[0]
    it.save("jobs.yaml", "queues: [post]\n")
    it.until_said("works on post", 2)
    it.until_cycles(3)
    assert "new jobs.yaml: restarted worker " in it.cycles()[2]
    assert it.ask()[0] == pid
    it.end()
    assert it.left() == []


def test_a_process_starts_when_the_one_before_it_is_ready(dev: Starter) -> None:
    it = several(dev, {"src/app/answer.py": "import time; time.sleep(1)\nANSWER = 'late'\n"})
    it.until_said("works on mail")
    assert it.answer() == "late"
    assert (it.root / "worked").read_text() == "mail"


def test_a_process_that_fails_is_named_and_the_others_go_on(dev: Starter) -> None:
    it = several(dev, {"src/app/worker.py": "raise SystemExit(5)\n"})
    it.until_said("the worker ended with exit code 5, waiting for a change")
    assert it.answer() == "one"
    it.save("src/app/worker.py", WORKER)
    it.until_said("works on mail")
