"""`invoke dev` on a real service: real watcher, real processes, real HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from buildkit.migrate import devdb

DRIVER = """
import os, sys
from pathlib import Path
from buildkit.config import load
from buildkit.errors import BuildkitError, render
from buildkit.flows.dev import run_dev
from buildkit.report.console import Console

console = Console(os.environ, as_json=True)
try:
    console.result(run_dev(load(Path.cwd(), os.environ), console, os.environ), [])
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


REVISION = """
from alembic import op
revision = {id!r}
down_revision = {parent!r}

def upgrade():
    op.execute("SELECT 1")
"""

REPOSITORY = Path(__file__).parents[2]


class Dev:
    """`invoke dev` on a project, and what one sees of it from outside."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.mark = f"{root}-{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            cwd=root,
            env={**os.environ, **environment, "PYBUILDKIT_DEV_PORT": str(self.port), "DEV_TEST_MARK": self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.words: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.words.append(line.rstrip("\n"))

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
        except (OSError, http.client.HTTPException):
            return 0, ""

    def save(self, name: str, text: str) -> None:
        """Write a file as an editor does: under another name, then renamed."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.swp")
        draft.write_text(text)
        draft.rename(file)

    def until(self, what: Callable[[], object], seconds: float = 20) -> None:
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

    def end(self, number: int = signal.SIGINT) -> dict[str, object]:
        """Press Ctrl-C, wait for the end, and return the report."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        out = self.process.stdout.read()
        assert self.process.wait(20) == 0, self.text()
        self._reader.join(5)
        report: dict[str, object] = json.loads(out)
        return report


Starter = Callable[..., Dev]


@pytest.fixture
def dev(project: Callable[[Mapping[str, str]], Path]) -> Iterator[Starter]:
    """Start `invoke dev` on a sample project with some files changed."""
    started: list[Dev] = []

    def start(files: Mapping[str, str] | None = None, **environment: str) -> Dev:
        started.append(Dev(project({**SAMPLE, **(files or {})}), environment))
        return started[-1]

    yield start
    for each in started:
        for process in each.left():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        each.process.wait(10)
        for stream in (each.process.stdout, each.process.stderr):
            assert stream is not None
            stream.close()


def test_a_saved_module_answers_anew(dev: Starter) -> None:
    it = dev()
    it.until_ready()
    assert it.answer() == "one"
    it.save("src/app/answer.py", "ANSWER = 'two'\n")  # same size, most likely the same second
    it.until_answer("two")
    it.until_cycles(1)
    assert "changed src/app/answer.py: restarted" in it.cycles()[0]
    assert "ready after" in it.cycles()[0]
    report = it.end()
    assert report["ended-by"] == "SIGINT"
    assert report["counts"] == {"ready": 2}
    assert it.left() == []


def test_a_slip_of_the_keyboard_keeps_the_service(dev: Starter) -> None:
    it = dev()
    it.until_ready()
    before = it.ask()
    it.save("src/app/answer.py", "ANSWER = (\n")
    it.until_cycles(1)
    assert "restart failed, the service runs on as it was" in it.cycles()[0]
    assert "answer.py:1: '(' was never closed" in it.text()
    assert it.ask() == before
    it.save("src/app/answer.py", "ANSWER = 'mended'\n")
    it.until_answer("mended")


def test_what_does_not_count_restarts_nothing(dev: Starter) -> None:
    it = dev({"docs/guide.md": "", "tests/test_app.py": "", "tle/a.txt": ""})
    it.until_ready()
    before = it.ask()
    (it.root / "src/app/answer.py").touch()
    it.save("src/app/answer.py", SAMPLE["src/app/answer.py"])
    it.save("src/app/notes.txt", "an asset")
    it.save("docs/guide.md", "docs")
    it.save("src/app/test_answer.py", "a test")
    for output in ("fast.cpython-311-x86_64-linux-gnu.so", "fast.c", "__pycache__/fast.pyc", ".coverage"):
        it.save(f"src/app/{output}", "ours")
    for folder in (".buildkit", "data/current", ".venv/lib/app", ".nox/app", ".git/refs", "build/app"):
        it.save(f"{folder}/made.py", "ours")
    it.settled()
    assert it.cycles() == []
    assert it.ask() == before


def test_a_storm_of_changes_is_one_cycle(dev: Starter) -> None:
    it = dev({f"src/app/part{part}/module{each}.py": "A = 1\n" for part in range(10) for each in range(30)})
    it.until_ready()
    for part in range(10):
        for each in range(30):
            (it.root / f"src/app/part{part}/module{each}.py").write_text("A = 2\n")
    it.save("src/app/answer.py", "ANSWER = 'after the storm'\n")
    it.until_answer("after the storm")
    it.until_cycles(1)
    it.settled()
    assert len(it.cycles()) == 1, it.text()
    assert "and 300 more" in it.cycles()[0]


def test_a_checkout_is_waited_for(dev: Starter) -> None:
    it = dev({".git/HEAD": "ref: refs/heads/main"})
    it.until_ready()
    it.save(".git/index.lock", "")
    it.save("src/app/answer.py", "ANSWER = 'half-way'\n")
    it.settled()
    assert it.answer() == "one"
    it.save("src/app/new/deep.py", "TEXT = 'whole'\n")
    it.save("src/app/answer.py", "from app.new.deep import TEXT as ANSWER\n")
    (it.root / ".git/index.lock").unlink()
    it.until_answer("whole")
    it.until_cycles(1)
    it.save("src/app/new/deep.py", "TEXT = 'and the new folder is watched'\n")
    it.until_answer("and the new folder is watched")
    it.until_cycles(2)


def test_settings_are_read_again(dev: Starter) -> None:
    it = dev({"lib/extra/__init__.py": "", "lib/extra/main.py": MAIN.replace("from app.answer import ", "")})
    it.until_ready()
    it.save("pyproject.toml", SETTINGS + "port = no\n")
    it.until_said("the settings stay as they were")
    it.save("pyproject.toml", SETTINGS.replace("app.main", "extra.main").replace('"app"', '"extra"') + "\n")
    it.until_said("the settings stay as they were")
    it.save(
        "pyproject.toml",
        SETTINGS.replace("app.main", "extra.main").replace('["app"]', '["extra"]\nsource-root = "lib"'),
    )
    it.save("lib/extra/main.py", MAIN.replace("from app.answer import ANSWER", "ANSWER = 'moved'"))
    it.until_answer("moved")
    it.save("lib/extra/main.py", MAIN.replace("from app.answer import ANSWER", "ANSWER = 'watched'"))
    it.until_answer("watched")


def test_a_service_that_crashes_at_start_is_reported_once(dev: Starter) -> None:
    it = dev({"src/app/answer.py": "raise SystemExit(7)\n"})
    it.until_said("waiting for a change")
    it.settled()
    assert it.text().count("exit code 7") == 1
    it.save("src/app/answer.py", "ANSWER = 'mended'\n")
    it.until_answer("mended")


def test_a_service_that_dies_is_started_again_but_not_for_ever(dev: Starter) -> None:
    it = dev()
    it.until_ready()
    for times in (1, 2, 3):
        os.kill(it.ask()[0], signal.SIGKILL)
        it.until_said("the service ended by SIGKILL: started again, ready after", times)
    os.kill(it.ask()[0], signal.SIGKILL)
    it.until_said("waiting for a change")
    it.save("src/app/answer.py", "ANSWER = 'a change'\n")
    it.until_answer("a change")


def clock_skew() -> float:
    """Return by how many seconds the start times of processes run ahead of the wall time, within a hundredth."""
    now = time.time()
    with subprocess.Popen(["sleep", "1"]) as child:
        started = psutil.Process(child.pid).create_time()
        child.kill()
    return started - now


def test_twenty_restarts_leave_no_process(dev: Starter, record_property: Callable[[str, object], None]) -> None:
    """Also the measurement: from the save to the new process, which excludes the service's own start."""
    it = dev()
    it.until_ready()
    shares, skew = [], clock_skew()
    for number in range(20):
        before = it.ask()[0]
        saved = time.time()
        it.save("src/app/answer.py", f"ANSWER = '{number:02}'\n")
        it.until_answer(f"{number:02}")
        pid = it.ask()[0]
        assert pid != before
        shares.append(psutil.Process(pid).create_time() - skew - saved)
        assert not psutil.pid_exists(before)
        it.until_cycles(number + 1)
    middle, late = statistics.median(shares), sorted(shares)[18]
    record_property("save to new process, p50", middle)
    record_property("save to new process, p95", late)
    print(f"save to new process: p50 {middle:.3f} s, p95 {late:.3f} s")
    assert middle < 0.5, "0.3 s is the aim on a machine with nothing else to do; this one may be busy"
    it.end()
    assert it.left() == []


STUBBORN = (
    """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", deaf])
subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], start_new_session=True)
"""
    + MAIN
)


def test_a_service_that_ignores_sigterm_is_killed_with_all_it_started(dev: Starter) -> None:
    it = dev({"src/app/main.py": STUBBORN})
    it.until_ready()
    it.until(lambda: len(it.left()) >= 7)  # the loop, the launcher, the service, a child, a shell and its two
    start = time.monotonic()
    it.end()
    assert 1.5 < time.monotonic() - start < 6
    assert it.left() == []


def test_a_second_interrupt_does_not_wait(dev: Starter) -> None:
    it = dev({"src/app/main.py": STUBBORN})
    it.until_ready()
    start = time.monotonic()
    it.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    it.end()
    assert time.monotonic() - start < 1.5
    assert it.left() == []


@pytest.mark.skipif(sys.platform != "linux", reason="escaped processes are caught on Linux alone")
def test_nothing_survives_the_death_of_the_loop(dev: Starter) -> None:
    it = dev({"src/app/main.py": STUBBORN})
    it.until_ready()
    it.process.kill()
    it.process.wait(5)
    it.until(lambda: not it.left())


def test_sigterm_ends_it_in_order(dev: Starter) -> None:
    it = dev()
    it.until_ready()
    assert it.end(signal.SIGTERM)["ended-by"] == "SIGTERM"
    assert it.left() == []


def test_a_taken_port_is_named(dev: Starter) -> None:
    first = dev()
    first.until_ready()
    second = dev(PYBUILDKIT_DEV_READY=f"http://127.0.0.1:{first.port}/")
    assert second.process.wait(20) == 2
    second.until(lambda: "somebody else answers" in second.text())


def test_nothing_to_run_is_a_usage_error(dev: Starter) -> None:
    it = dev({"pyproject.toml": "[tool.buildkit]\npackages = ['app']\n"})
    assert it.process.wait(20) == 2
    it.until_said("dev.command: there is nothing to run")


COMPILED = {
    "pyproject.toml": SETTINGS.replace('backend = "none"', 'exclude = ["app/main.py"]'),
    "src/app/answer.py": "from app.fast import text\nfrom app.plain import ENDING\nANSWER = text() + ENDING\n",
    "src/app/fast.pyx": "def text():\n    return 'one'\n",
    "src/app/plain.py": "ENDING = '!'\n",
}


def extensions(root: Path) -> list[str]:
    return sorted(file.name.partition(".")[0] for file in root.rglob("*.so") if ".buildkit" not in file.parts)


@pytest.mark.usefixtures("compiler")
def test_a_compiled_module_is_rebuilt_and_a_failed_build_keeps_the_service(dev: Starter) -> None:
    it = dev(COMPILED)
    it.until_ready()
    assert it.answer() == "one!"
    assert extensions(it.root) == ["answer", "fast", "plain"]

    it.save("src/app/fast.pyx", "def text():\n    return 'two'\n")
    it.until_answer("two!")
    it.until_cycles(1)
    assert "changed src/app/fast.pyx: rebuilt 1 module" in it.cycles()[0]

    before = it.ask()
    it.save("src/app/fast.pyx", "def text():\n    return (\n")
    it.until_cycles(2)
    assert "rebuild failed, the service runs on as it was" in it.cycles()[1]
    assert "fast.pyx:3" in it.text()
    assert it.text().index("did not compile") < it.text().index("rebuild failed")
    (it.root / "src/app/plain.py").touch()
    it.settled()
    assert it.ask() == before

    it.save("src/app/plain.py", "ENDING = '?'\n")  # the build is still owed
    it.until_cycles(3)
    assert it.ask() == before
    it.save("src/app/fast.pyx", "def text():\n    return 'three'\n")
    it.until_answer("three?")
    it.until_cycles(4)
    it.settled()
    assert len(it.cycles()) == 4, "what the build wrote asks for nothing"
    it.end()
    assert it.left() == []


@pytest.mark.usefixtures("compiler")
def test_with_compilation_off_the_source_runs(dev: Starter) -> None:
    files = {**COMPILED, "src/app/answer.py": "from app.plain import ENDING\nANSWER = 'one' + ENDING\n"}
    del files["src/app/fast.pyx"]
    first = dev(files)
    first.until_ready()
    assert extensions(first.root) == ["answer", "plain"]
    first.end()
    it = dev(files, PYBUILDKIT_COMPILE="off")
    it.until_ready()
    assert extensions(it.root) == []
    it.save("src/app/plain.py", "ENDING = '?'\n")
    it.until_answer("one?")
    assert extensions(it.root) == []


STAGE = """
[[tool.buildkit.data.stage]]
name = "read"
run = "app.stage:read"
inputs = ["tle/*.txt"]
outputs = ["all.txt"]
"""

DATA = {
    "pyproject.toml": SETTINGS + STAGE,
    "tle/a.txt": "one",
    "src/app/stage.py": "def read(source, out):\n    (out / 'all.txt').write_text(open('tle/a.txt').read())\n",
    "src/app/answer.py": """
import os
from pathlib import Path
ANSWER = (Path(os.environ["PYBUILDKIT_DATA_PATH"]) / "current/all.txt").read_text()
""",
}


def test_new_data_is_made_and_served(dev: Starter) -> None:
    it = dev(DATA)
    it.until_ready()
    assert it.answer() == "one"
    (it.root / "tle/a.txt").touch()
    it.settled()
    assert it.cycles() == []
    it.save("tle/a.txt", "two")
    it.until_answer("two")
    it.until_cycles(1)
    assert "changed tle/a.txt: made 1 stage" in it.cycles()[0]
    it.save("src/app/stage.py", DATA["src/app/stage.py"].replace("read())", "read() + '!')"))
    it.until_answer("two!")


MIGRATED = {
    "migrations/versions/0001_first.py": REVISION.format(id="0001", parent=None),
    "src/app/answer.py": """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    ANSWER = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
""",
}


@pytest.fixture
def migrated(postgres: Path, project: Callable[[Mapping[str, str]], Path]) -> Iterator[dict[str, str]]:
    """Give the files of a project with migrations, and see to it that its server leaves nothing."""
    assert postgres.is_dir()
    root = project(SAMPLE)
    yield {**MIGRATED, "migrations/env.py": (REPOSITORY / "migrations/env.py").read_text()}
    devdb.stop(root)
    for place in devdb._places(root):
        shutil.rmtree(place, ignore_errors=True)


def test_a_new_revision_is_applied_to_the_database_that_the_service_uses(
    dev: Starter, migrated: Mapping[str, str]
) -> None:
    it = dev(migrated)
    it.until_ready()
    assert it.answer() == "0001"
    it.save("migrations/versions/0002_second.py", REVISION.format(id="0002", parent="0001"))
    it.until_answer("0002")
    it.until_cycles(1)
    assert "new migrations/versions/0002_second.py: applied 1 revision" in it.cycles()[0]
    it.end()
    assert it.left() == []
    assert devdb.running(it.root) is None


def test_a_server_that_ran_before_is_left(dev: Starter, migrated: Mapping[str, str], tmp_path: Path) -> None:
    server = devdb.ensure(tmp_path / "project", os.environ)
    it = dev(migrated)
    it.until_ready()
    it.end()
    left = devdb.running(it.root)
    assert left is not None
    assert left.pid == server.pid


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on watches is Linux's")
def test_it_polls_where_no_watch_is_left(tmp_path: Path) -> None:
    probe = ["unshare", "--user", "--map-root-user", "true"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("no user namespace to set a limit in")
    from buildkit.core.changes import Layout
    from buildkit.dev.tree import Tree

    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "a.py").write_text("1")
    (tmp_path / "pyproject.toml").write_text("")
    assert Tree(tmp_path, Layout(packages=("app",))).folders() == [str(tmp_path), str(folder)]
    script = f"""
import threading
from pathlib import Path
from buildkit.core.changes import Layout
from buildkit.dev.tree import Tree
from buildkit.dev.watch import Watch
stop = threading.Event()
watch = Watch(Tree(Path({str(tmp_path)!r}), Layout(packages=("app",))), print, git=None, stop=stop)
for number, batch in enumerate(watch):
    if number == 0:
        Path({str(folder)!r}, "a.py").write_text("2")
    if batch:
        print(sorted(batch.paths))
        stop.set()
"""
    limit = "echo 1 > /proc/sys/user/max_inotify_watches"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", f'{limit}; exec "$0" -c "$1"', sys.executable, script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "sudo sysctl fs.inotify.max_user_watches=" in done.stdout, done.stderr
    assert f"['{folder}/a.py']" in done.stdout
