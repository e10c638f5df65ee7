"""Measures in a container what memory a service takes: after the import of its module, when it is ready, under a load.

What counts is what cannot be given back: anonymous memory, shared memory and where the kernel says it its own. What it
keeps of files is told apart, since the engine's own figure counts it until it is taken away.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import files, process, reading
from buildkit.image.memory_proposals import Proposal

REQUESTS = 200
"""How many requests the load is."""

_PATIENCE = 120.0
_ONE_CHECK = 10.0
_SETTLING = 3.0
_PAUSE = 0.25
_SCRIPT = Path(__file__).with_name("memory_script.py")
_CUSTOM_SCRIPT = Path(__file__).with_name("memory_custom_script.py")
_CUSTOM = "/opt/buildkit-try"
"""The folder in a container with the program that changes how its Pythons start."""
_IMPORT = """
import gc, importlib, os, sys
sys.path.insert(0, os.getcwd())
importlib.import_module(sys.argv[1])
gc.collect()
rows = [line.split() for line in open("/proc/self/smaps_rollup")]
os.write(1, b"\\n%d" % next(int(row[1]) * 1024 for row in rows if row[0] == "Anonymous:"))
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class MemoryRequest:
    """What is measured.

    Args:
        image: the image's name.
        command: what the container runs, its entrypoint with it; empty for what the image says itself.
        test: its health check as a command; empty for none.
        module: the module that the command loads; empty if that is not known.
        address: where requests go, as `127.0.0.1:8000/health`; empty for none.
        mount: the mount point of the data volume.
        python: the interpreter in the image.
        patience: how many seconds the health check may take to pass, and the module to be imported.
        words: what the container runs when nothing is changed, its entrypoint with it.
        variables: those that the image sets.
    """

    image: str
    command: Sequence[str]
    test: Sequence[str]
    module: str
    address: str
    mount: str
    python: str = "python"
    patience: float = 60.0
    words: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the container, in bytes.

    Args:
        number: its number in the container.
        parent: that of the process that started it.
        command: its words.
        anonymous: memory that no file backs.
        private: memory that is its alone.
        pss: its share of what several have.
    """

    number: int
    parent: int
    command: str
    anonymous: int
    private: int
    pss: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, in bytes.

    Args:
        imported: what a process has that did nothing but import the module; None if it cannot be imported.
        ready: what the container holds once it is ready.
        loaded: what it holds after the load; None without one.
        file: what it keeps of files then, which can be given back.
        answered: requests that were answered.
        processes: its processes.
        why_not: why nothing could be measured; empty if it could.
    """

    imported: int | None = None
    ready: int = 0
    loaded: int | None = None
    file: int = 0
    answered: int = 0
    processes: tuple[Process, ...] = field(default=())
    why_not: str = ""

    @property
    def held(self) -> int:
        """What the container holds at last, which the budget bounds."""
        return self.ready if self.loaded is None else max(self.ready, self.loaded)

    @property
    def workers(self) -> tuple[int, int]:
        """How many processes the first one started, and what each has for itself on average."""
        first = min((each.number for each in self.processes), default=0)
        found = [each.private for each in self.processes if each.parent == first]
        return len(found), sum(found) // len(found) if found else 0


def measured(asked: MemoryRequest, environment: Mapping[str, str]) -> Measured:
    """Start a container without a network, and measure it.

    Args:
        asked: what is measured.
        environment: the variables of the docker client.
    """
    imported = _imported(asked, environment)
    container, why_not = _started(asked, asked.command, {}, environment)
    return _measured(asked, container, why_not, imported, environment)


def tried(asked: MemoryRequest, proposal: Proposal, environment: Mapping[str, str]) -> Measured:
    """Measure a container that is started in another way.

    Args:
        asked: what is measured.
        proposal: the other way.
        environment: the variables of the docker client.
    """
    variables = dict(proposal.environment)
    if proposal.customized:
        variables["PYTHONPATH"] = ":".join(filter(None, (_CUSTOM, asked.variables.get("PYTHONPATH", ""))))
    container, why_not = _started(asked, proposal.command, variables, environment)
    return _measured(asked, container, why_not, None, environment)


def _started(
    asked: MemoryRequest, command: Sequence[str], variables: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[str, str]:
    """Start a container; return its number, and why it does not start."""
    entry = ["--entrypoint", command[0], asked.image, *command[1:]] if command else [asked.image]
    given = {"PYBUILDKIT_DATA_PATH": asked.mount, **variables}
    quiet = "--no-healthcheck"  # the check is asked from here, so that no other process of it counts
    create = ["docker", "create", "--network", "none", quiet]
    create += [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
    made = process.run([*create, *entry], environment=environment, timeout=_PATIENCE)
    container = made.stdout.strip()
    if made.ok and container and "PYTHONPATH" in variables:
        with tempfile.TemporaryDirectory(prefix="buildkit-memory-") as folder:
            place = Path(folder, PurePosixPath(_CUSTOM).name)
            place.mkdir(mode=0o755)
            files.write(place / "sitecustomize.py", reading.read_text(_CUSTOM_SCRIPT), mode=0o644)
            copy = ["docker", "cp", str(place), f"{container}:{PurePosixPath(_CUSTOM).parent}"]
            made = process.run(copy, environment=environment, timeout=_PATIENCE)
    if made.ok and container:
        made = process.run(["docker", "start", container], environment=environment, timeout=_PATIENCE)
    return container, "" if made.ok else _last(made.stderr) or "the engine starts no container of it"


def _measured(
    asked: MemoryRequest, container: str, why_not: str, imported: int | None, environment: Mapping[str, str]
) -> Measured:
    """Measure a container that was started, and remove it."""
    try:
        if why_not:
            return Measured(imported, why_not=why_not)
        why_not = _wait(container, asked, environment)
        if why_not:
            return Measured(imported, why_not=why_not)
        given = json.dumps({"address": asked.address, "requests": REQUESTS})
        text = reading.read_text(_SCRIPT)
        command = ["docker", "exec", container, asked.python, "-I", "-c", text, given]
        try:
            answer = process.run(command, environment=environment, timeout=_PATIENCE)
        except TimeoutError:
            return Measured(imported, why_not=f"it does not answer {REQUESTS} requests within {_PATIENCE:g} s")
        try:
            return _of(imported, json.loads(answer.stdout))
        except (ValueError, KeyError, TypeError):
            return Measured(imported, why_not=_last(answer.stderr) or f"python ended with {answer.exit_code}")
    finally:
        if container:
            remove = ["docker", "rm", "--force", "--volumes", container]
            process.run(remove, environment=environment, timeout=_PATIENCE)


def _imported(asked: MemoryRequest, environment: Mapping[str, str]) -> int | None:
    if not asked.module:
        return None
    last, _ = answer_of(asked, (_IMPORT, asked.module), asked.patience, environment)
    return int(last) if last.isdigit() else None


def answer_of(
    asked: MemoryRequest, program: Sequence[str], patience: float, environment: Mapping[str, str]
) -> tuple[str, str]:
    """Run a program in a container of its own; return the last line that it prints, and why there is none.

    Args:
        asked: the image and its Python.
        program: the program's text, and its arguments.
        patience: how many seconds it may take.
        environment: the variables of the docker client.
    """
    name = f"buildkit-memory-{secrets.token_hex(6)}"  # the engine goes on with one whose client was ended
    run = ["docker", "run", "--rm", "--name", name, "--network", "none", "--no-healthcheck"]
    run += ["--entrypoint", asked.python, asked.image, "-c", *program]
    try:
        answer = process.run(run, environment=environment, timeout=patience)
    except TimeoutError:
        process.run(["docker", "rm", "--force", "--volumes", name], environment=environment, timeout=_PATIENCE)
        return "", f"it does not end within {patience:g} s"
    lines = answer.stdout.strip().splitlines() if answer.ok else []
    return (lines[-1], "") if lines else ("", _last(answer.stderr) or f"python ended with {answer.exit_code}")


def _wait(container: str, asked: MemoryRequest, environment: Mapping[str, str]) -> str:
    """Wait until the check passes, or without one for some seconds; return why that does not come.

    A container that has ended is told at once.
    """
    deadline = time.monotonic() + (asked.patience if asked.test else _SETTLING)
    while True:
        ask = ["docker", "inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}", container]
        state = process.run(ask, environment=environment, timeout=_PATIENCE).stdout.split()
        if state[:1] != ["true"]:
            logs = process.run(["docker", "logs", "--tail", "5", container], environment=environment, timeout=_PATIENCE)
            said = _last(logs.stdout + logs.stderr)
            return f"without network, database and data it ends with {state[-1] if state else '?'}: {said}"
        left = deadline - time.monotonic()
        if asked.test and _passes(container, asked.test, environment, max(1.0, min(left, _ONE_CHECK))):
            return ""
        if time.monotonic() > deadline:
            return f"its health check does not pass within {asked.patience:g} s" if asked.test else ""
        time.sleep(_PAUSE)


def _passes(container: str, test: Sequence[str], environment: Mapping[str, str], patience: float) -> bool:
    try:
        return process.run(["docker", "exec", container, *test], environment=environment, timeout=patience).ok
    except TimeoutError:  # it asks what never answers
        return False


def _of(imported: int | None, answer: Mapping[str, Any]) -> Measured:
    last = answer["loaded"] or answer["ready"]
    return Measured(
        imported,
        int(answer["ready"]["held"]),
        int(answer["loaded"]["held"]) if answer["loaded"] else None,
        int(last["file"]),
        int(answer["answered"]),
        tuple(
            Process(
                int(row["process"]),
                int(row["parent"]),
                untrusted.shown(str(row["command"])),
                int(row["anonymous"]),
                int(row["private"]),
                int(row["pss"]),
            )
            for row in answer["processes"]
        ),
    )


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return untrusted.shown(lines[-1]) if lines else ""
