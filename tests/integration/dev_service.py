"""A small HTTP service under `invoke dev`, for the tests of the loop, and what one sees of both from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
from processes import command

DRIVER = """
import os, sys
from pathlib import Path
from buildkit.config import load
from buildkit.errors import BuildkitError, render
from buildkit.flows.dev import run_dev
from buildkit.report.console import Console

console = Console(os.environ, as_json=True)
try:
    flags = {flag: True for flag in sys.argv[1:]}
    console.result(run_dev(load(Path.cwd(), os.environ), console, os.environ, **flags), [])
except BuildkitError as error:
    print(render(error), file=sys.stderr)
    sys.exit(error.exit_code)
"""

SETTINGS = """
[project]
name = "sample"
version = "1"
[tool.buildkit]
packages = ["app"]
backend = "none"
[tool.buildkit.dev]
command = ["python", "-m", "app.main", "{port}"]
ready = "http://127.0.0.1:{port}/"
"""

MAIN = """
import http.server, os, sys
from app.answer import ANSWER

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{os.getpid()} {ANSWER}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

SAMPLE = {
    "pyproject.toml": SETTINGS,
    "src/app/__init__.py": "",
    "src/app/answer.py": "ANSWER = 'one'\n",
    "src/app/main.py": MAIN,
    "src/app/notes.txt": "",
}


class Dev:
    """`invoke dev` on a project, and what one sees of it from outside."""

    def __init__(self, root: Path, environment: Mapping[str, str], port: int = 0, flags: tuple[str, ...] = ()) -> None:
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = port or probe.getsockname()[1]
        self.mark = f"{root}-{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, *flags],
            cwd=root,
            env={**os.environ, **environment, "PYBUILDKIT_DEV_PORT": str(self.port), "DEV_TEST_MARK": self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.words: list[str] = []
        self.out = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._told: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)  # who writes into a full pipe waits
        self._listener.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.words.append(line.rstrip("\n"))

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self._told.extend(self.process.stdout)

    def text(self) -> str:
        return "\n".join(self.words)

    def cycles(self) -> list[str]:
        """Return the lines that tell of a cycle, the start left out."""
        return [line for line in self.words if line[2:3] == ":" and " start: " not in line]

    def answer(self) -> str:
        """Return what the service answers now, its pid left out."""
        return self.ask()[1]

    def ask(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as response:
                pid, _, words = response.read().decode().partition(" ")
                return int(pid), words
        except urllib.error.HTTPError as error:  # 503, while nobody serves
            error.close()
            return 0, ""
        except (OSError, http.client.HTTPException):
            return 0, ""

    def save(self, name: str, text: str) -> None:
        """Write a file as an editor does: under another name, then renamed."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.swp")
        draft.write_text(text)
        draft.rename(file)

    def until(self, what: Callable[[], object], seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, f"waited in vain; it said:\n{self.text()}"
            time.sleep(0.01)

    def until_answer(self, words: str) -> None:
        self.until(lambda: self.answer() == words)

    def until_said(self, words: str, times: int = 1) -> None:
        self.until(lambda: self.text().count(words) >= times)

    def until_cycles(self, count: int) -> None:
        self.until(lambda: len(self.cycles()) >= count)

    def until_ready(self) -> None:
        self.until(lambda: " start: " in self.text() and "ready after" in self.text())

    def tested(self) -> str:
        """Return what the tests beside it printed."""
        log = self.root / ".buildkit/dev-tests.log"
        return log.read_text() if log.exists() else ""

    def settled(self) -> None:
        """Wait long enough for a change to be seen and answered, had it counted."""
        time.sleep(0.6)

    def left(self) -> list[psutil.Process]:
        """Return every process that this call started, directly or not, wherever it went."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("DEV_TEST_MARK") == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def named(self, *words: str) -> list[psutil.Process]:
        """Return those of them whose commands have one of these words; each may end while it is asked."""
        return [each for each in self.left() if any(word in argument for word in words for argument in command(each))]

    def end(self, number: int = signal.SIGINT) -> dict[str, object]:
        """Press Ctrl-C, wait for the end, and return the report."""
        self.process.send_signal(number)
        assert self.process.wait(20) == 0, self.text()
        self._reader.join(5)
        self._listener.join(5)
        self.out = "".join(self._told)
        report: dict[str, object] = json.loads(self.out.splitlines()[-1])
        return report

    def events(self) -> list[dict[str, str]]:
        """Return what programs were told, once it has ended; each cycle that begins ends once, and has a number."""
        events: list[dict[str, str]] = [json.loads(line) for line in self.out.splitlines()][:-1]
        begun = [event["cycle"] for event in events if event["event"] == "begin"]
        ended = [event["cycle"] for event in events if event["event"] == "cycle"]
        assert begun == [str(number) for number in range(1, len(begun) + 1)]
        assert sorted(ended) == sorted(begun), "each that begins ends once"
        return events

    def kill(self) -> None:
        """Leave nothing behind, whatever the test found."""
        for process in self.left():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


Starter = Callable[..., Dev]


@contextlib.contextmanager
def starting(project: Callable[[Mapping[str, str]], Path]) -> Iterator[Starter]:
    """Give what starts `invoke dev` on the sample project, with some files changed and variables added."""
    started: list[Dev] = []

    def start(
        files: Mapping[str, str] | None = None, port: int = 0, flags: tuple[str, ...] = (), **environment: str
    ) -> Dev:
        started.append(Dev(project({**SAMPLE, **(files or {})}), environment, port, flags))
        return started[-1]

    try:
        yield start
    finally:
        for each in started:
            each.kill()
