"""Imports modules, each in a process of its own or all in one, and answers what came of it.

    python importer.py request.json answers.jsonl

A program of its own for the service's interpreter: the standard library alone. For `python -c` its text and `-` for
both files do as well. Each child is a fork of a process that has imported nothing of the project, so that a module
finds the same state whichever was imported before, and a crash or a hang ends the child alone. The request:

    modules     their dotted names
    together    all in one process, in this order; else a process for each
    plain       top-level packages in which a source goes before the extension beside it
    describe    the files that describe a module, `description.py` and `frameworks.py`; none where it is not asked for
    jobs        processes at once
    seconds     limit for one process
    limits      another limit for one module, by its name
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import importlib.machinery
import json
import os
import runpy
import select
import signal
import sys
import tempfile
import time
import traceback
from typing import IO, Any

_PART = 1 << 16
_WORDS = 4000
_ROOM = 10


class Child:
    """One process that imports, and what it has answered."""

    def __init__(self, modules: list[str], request: dict[str, Any]) -> None:
        """Start it.

        Args:
            modules: what it is to import, one after the other.
            request: as the module's text has it.
        """
        self.waiting = list(modules)
        self.answers: list[dict[str, Any]] = []
        limits = request.get("limits", {})
        self._limit = sum(limits.get(name, request["seconds"]) for name in modules)
        self._heard = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child has been waited for
        self.answer, write = os.pipe()
        self._began = time.monotonic()
        self.pid = os.fork()
        if not self.pid:
            os.close(self.answer)
            _import_all(modules, request, write, self._errors)
        os.close(write)

    @property
    def left(self) -> float:
        """The seconds that it still has."""
        return float(max(0.0, self._began + self._limit - time.monotonic()))

    def listen(self) -> bool:
        """Read what it has written; return whether there may be more."""
        part = os.read(self.answer, _PART)
        self._heard += part
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            self.answers.append(json.loads(line))
            self.waiting.remove(self.answers[-1]["module"])
        return bool(part)

    def finish(self, *, late: bool) -> None:
        """Wait for its end and answer in its place for the module at which it ended."""
        _end_group(self.pid)
        os.close(self.answer)
        _, status, usage = os.wait4(self.pid, 0)
        memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        for answer in self.answers:
            answer["memory"] = memory
        if self.waiting:
            name = self.waiting.pop(0)
            code = os.waitstatus_to_exitcode(status)
            ended = "late" if late else signal.Signals(-code).name if code < 0 else str(code)
            self.answers.append({"module": name, "ended": ended, "words": self._words(), "memory": memory})
        self._errors.close()

    def _words(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _WORDS))
        return self._errors.read().decode(errors="replace")


def main(request: dict[str, Any], out: IO[str]) -> None:
    """Answer a request: one JSON object a line for each module, in the order in which they come."""
    waiting = [list(request["modules"])] if request["together"] else [[name] for name in request["modules"]]
    running: list[Child] = []
    while waiting or running:
        while waiting and len(running) < request["jobs"]:
            running.append(Child(waiting.pop(0), request))
        patience = min(child.left for child in running)
        ready, _, _ = select.select([child.answer for child in running], [], [], patience)
        for child in list(running):
            ended = child.answer in ready and not (child.listen() and child.waiting)
            late = not ended and not child.left
            if ended or late:
                running.remove(child)
                child.finish(late=late)
                for answer in child.answers:
                    out.write(json.dumps(answer) + "\n")
                out.flush()  # who reads it meanwhile sees how far it is
                if child.waiting:
                    waiting.append(child.waiting)


def _import_all(modules: list[str], request: dict[str, Any], answer: int, errors: IO[bytes]) -> None:
    """Import the modules in this process, which ends with it; whatever they print goes nowhere."""
    try:
        os.setpgid(0, 0)
        # What a module prints, or closes, is no answer, and no answer lies in its way.
        answer = _moved(answer)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for target, source in ((0, nowhere), (1, nowhere), (2, errors.fileno())):
            os.dup2(source, target)
        faulthandler.enable(sys.stderr)
        if request["plain"]:
            sys.meta_path.insert(0, _SourcesFirst(request["plain"]))
        sys.argv[:] = [""]
        for name in modules:
            found = _imported(name, request["describe"])
            line = memoryview((json.dumps(found) + "\n").encode())
            while line:
                line = line[os.write(answer, line) :]
    except BaseException:  # noqa: BLE001 - a fork must never return into the parent's work
        os.write(2, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)


def _moved(descriptor: int) -> int:
    import fcntl  # noqa: PLC0415 - not where it is only read

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ROOM)
    os.close(descriptor)
    return moved


def _imported(name: str, describe: list[str]) -> dict[str, Any]:
    """Import one module and return what came of it."""
    gc.collect()
    began, error = time.perf_counter(), ""
    try:
        found = importlib.import_module(name)
    except BaseException as raised:  # noqa: BLE001 - a module may raise anything, SystemExit included
        found, error = None, "".join(traceback.format_exception_only(type(raised), raised)).strip()
        file = _place(raised)
    else:
        file = str(getattr(found, "__file__", None) or "")
    seconds = time.perf_counter() - began
    answer = {"module": name, "error": error, "seconds": seconds, "file": file, "prefix": sys.prefix}
    answer["extensions"] = [
        each
        for each, loaded in list(sys.modules.items())
        if isinstance(
            getattr(getattr(loaded, "__spec__", None), "loader", None), importlib.machinery.ExtensionFileLoader
        )
    ]
    if found is not None and describe:
        description, frameworks = map(runpy.run_path, describe)
        answer["facts"] = description["describe"](found, frameworks["OF_CLASSES"], frameworks["OF_OBJECTS"])
    return answer


def _place(error: BaseException) -> str:
    """Return where an error was raised: the last file of its traceback and the line."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


class _SourcesFirst:
    """Finds the modules of some packages by their sources, where there are such, before the extensions beside them."""

    def __init__(self, packages: list[str]) -> None:
        self._packages = frozenset(packages)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ANN401, ARG002 - importlib's
        """Return the spec of a module of the packages; None for all others."""
        if name.partition(".")[0] not in self._packages:
            return None
        sources = importlib.machinery.SourceFileLoader, importlib.machinery.SOURCE_SUFFIXES
        extensions = importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES
        for folder in sys.path if path is None else path:
            found = importlib.machinery.FileFinder(folder, sources, extensions).find_spec(name)
            if found is not None and found.loader is not None:
                return found
        return None


def _end_group(leader: int) -> None:
    """End a process and what it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


if __name__ == "__main__":
    own = os.path.dirname(os.path.abspath(__file__)) if "__file__" in globals() else ""
    sys.path[:] = [entry for entry in sys.path if entry not in {"", own}]
    asked, answered = sys.argv[1:]
    with open(0 if asked == "-" else asked, encoding="utf-8") as file:
        wanted = json.load(file)
    with open(1 if answered == "-" else answered, "w", encoding="utf-8", closefd=answered != "-") as stream:
        main(wanted, stream)
