"""A small service with data, for the tests of data and runtime: three stages that note each of their real runs.

read    all input files, in one; the notes say that it read
select  its lines without comments
count   how many there are
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.data.refresh.refresh import Result, refresh
from buildkit.data.stages import digests
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status.look import Look, look
from buildkit.doors import process
from buildkit.doors.clock import Stopwatch
from buildkit.model import Outcome
from buildkit.runtime import state
from buildkit.runtime.settings import VARIABLE, RuntimeSettings

FILES = {
    "in/a.txt": "# two\none\ntwo\n",
    "src/app/__init__.py": "",
    "src/app/api.py": "answer = 42\n",
    "src/app/lines.py": 'def wanted(line):\n    return not line.startswith("#")\n',
    "src/app/pipeline.py": """
import os, time
from pathlib import Path
from app.lines import wanted

def note(name):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(name + "\\n")
    print(f"{name} is at work")
    while Path(os.environ["NOTES"] + "." + name).exists():
        time.sleep(0.01)

def read(source, out, suffix=""):
    note("read")
    text = "".join(path.read_text() for path in sorted(Path("in").iterdir()))
    (out / "read/all.txt").write_text(text + suffix)

def select(source, out):
    note("select")
    lines = (source / "read/all.txt").read_text().splitlines()
    (out / "select").mkdir(exist_ok=True)
    for number, line in enumerate(filter(wanted, lines)):
        (out / f"select/{number}.txt").write_text(line)

def count(source, out):
    note("count")
    (out / "count.txt").write_text(str(len(list((source / "select").iterdir()))))
""",
}
STAGES = (
    Stage("read", "app.pipeline:read", ("in/*.txt",), ("read/",)),
    Stage("select", "app.pipeline:select", ("stage:read",), ("select/",)),
    Stage("count", "app.pipeline:count", ("stage:select",), ("count.txt",)),
)


class Service:
    """The service's project on the disk, and what one does with it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes = root / "notes"
        self.said: list[str] = []
        self.pipeline = Pipeline(root, root / "src", root / "data", STAGES)
        self.children: list[process.Child] = []

    @property
    def current(self) -> Path:
        return (self.pipeline.folder / "current").resolve()

    @property
    def _places(self) -> dict[str, str]:
        return {VARIABLE: str(self.root / "buildkit.json"), state.VARIABLE: str(self.root / "state.json")}

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "NOTES": str(self.notes), **self._places}

    def declare(self, **changes: object) -> None:
        """Change fields of the pipeline."""
        self.pipeline = replace(self.pipeline, **changes)  # type: ignore[arg-type]

    def change_stage(self, name: str, **changes: object) -> None:
        """Change fields of one stage."""
        stages = self.pipeline.stages
        self.declare(stages=tuple(replace(each, **changes) if each.name == name else each for each in stages))  # type: ignore[arg-type]

    def refresh(self, *, force: bool = False) -> dict[str, str]:
        """Refresh the data here; return what became of each stage."""
        told: list[Outcome] = []
        try:
            self.result: Result = refresh(self.pipeline, self.environment, self.said.append, told.append, force=force)
        finally:
            self.told = {row.subject: str(row.reason) for row in told}
        return {row.subject: row.result for row in self.result.outcomes}

    def runs(self) -> list[str]:
        """Return which stages really ran since the last call."""
        found = self.notes.read_text().split() if self.notes.exists() else []
        self.notes.unlink(missing_ok=True)
        return found

    def content(self) -> dict[str, str]:
        """Return every file of the current generation but its manifest."""
        return {
            path.relative_to(self.current).as_posix(): path.read_text()
            for path in sorted(self.current.rglob("*"))
            if path.is_file() and path.name != "manifest.json"
        }

    def hold(self, stage: str) -> None:
        """Let a stage wait, from now on, where it is at work."""
        Path(f"{self.notes}.{stage}").touch()

    def let_go(self, stage: str) -> None:
        """Let it go on."""
        Path(f"{self.notes}.{stage}").unlink()

    def start(self, *arguments: str, code: str = "", python: str = sys.executable, **variables: str) -> process.Child:
        """Start the runtime in a process of its own, with its log in the file `log`; `code` runs before it."""
        (self.root / "buildkit.json").write_text(RuntimeSettings(self.root, self.pipeline).as_text())
        command = ["-c", f"{code}\n{RUNTIME}"] if code else ["-m", "buildkit.runtime"]
        with (self.root / "log").open("a") as log:
            child = process.start(
                [python, *command, *arguments],
                folder=self.root,
                environment={**self.environment, **variables},
                output=log.fileno(),
            )
        self.children.append(child)
        return child

    def log(self) -> str:
        """Return what the started processes said."""
        return (self.root / "log").read_text()

    def close(self) -> None:
        """End what is still running."""
        for child in self.children:
            process.end(child, 0.1)


SERVE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("serving", flush=True)
time.sleep(60)
"""
POLITE = (sys.executable, "-c", SERVE)
"""A service that says that it serves, and ends by itself with 7 when it is asked to."""

RUNTIME = """
import os, sys
from buildkit.runtime import signals
signals.end_children_first()
from buildkit.runtime.entrypoint import main
sys.exit(main(sys.argv[1:], os.environ))
"""


def until(happened: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def make(root: Path, files: Mapping[str, str] = FILES) -> Service:
    """Make the project under `root`."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Service(root)


def ended(child: process.Child, within: float = 2.0) -> int:
    """Return the exit code of a child that was asked to end, and had to be quick: `within` so many seconds."""
    watch = Stopwatch()
    code = child.wait(10)
    assert watch.seconds < within
    return code


def change_input(service: Service) -> None:
    """Let all three stages be due, the first for its input."""
    (service.root / "in/a.txt").write_text("other\n")


def edit(file: Path, text: str) -> None:
    """Write a file anew, though it is sealed or shared with another generation."""
    file.parent.chmod(0o755)
    file.unlink(missing_ok=True)
    file.write_text(text)


def spoil(file: Path, content: str | bytes) -> None:
    """Change the bytes of a sealed file and none of its stamps, as a failing disk does: `content` has its length."""
    stamps = file.stat()
    file.chmod(0o644)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))


def seen(service: Service, later: float = 0.0) -> Look:
    """Return what a look at the data comes to, some seconds from now."""
    return look(service.pipeline, service.environment, digests.beside(service.pipeline.folder), time.time() + later)


def alive(names: Iterable[str]) -> list[str]:
    """Return the command lines of living processes that hold one of `names`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if any(name in command for name in names):
                found.append(command)
    return found


KILL = signal.SIGKILL
