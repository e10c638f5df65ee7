"""The parent's side of a Cython worker: starts the process at the first job, sends it jobs, ends it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from buildkit.compile.cython.options import PURE_PYTHON_DIRECTIVES
from buildkit.compile.module import Module
from buildkit.compile.places import Places
from buildkit.doors import cancellation, process, python

_KEPT = frozenset({"PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"})


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a worker process: without variables that could affect the C that it writes.

    Python's own decide which modules it loads, and run code of others in it (`sitecustomize`): that is in no key.
    """
    plain = {name: value for name, value in environment.items() if not name.startswith("PYTHON") or name in _KEPT}
    return {**plain, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}


@dataclass(frozen=True, slots=True)
class Translation:
    """The result of one translation.

    Args:
        ok: whether the translation succeeded.
        read: every file that it read, by portable name, with its digest.
        probes: every other place that it looked at: `+NAME` was there, `-NAME` was not.
        is_repeatable: whether the same inputs would give the same result again: no input changed during the
            translation, and it did not fail for lack of memory or disk space.
        words: the translator's messages.
        is_lifted: whether the C has the module's functions alone, and its body is to be Python's own bytecode.
    """

    ok: bool
    read: Mapping[str, str]
    probes: tuple[str, ...]
    is_repeatable: bool
    words: str
    is_lifted: bool = False


class Translator:
    """One worker process, from its first job until `close`. Not for two threads at once."""

    def __init__(self, places: Places, environment: Mapping[str, str]) -> None:
        self._places = places
        self._environment = worker_environment(environment)
        self._child: process.Child | None = None

    def close(self) -> None:
        """End the worker; safe to call from another thread and more than once."""
        child, self._child = self._child, None
        if child is not None:
            process.end(child, grace=0)

    @property
    def is_warm(self) -> bool:
        """Whether its process waits for the next job."""
        return self._child is not None and self._child.poll() is None

    def translate(self, module: Module, output: Path, language: str, include: Iterable[str] = ()) -> Translation:
        """Translate a module.

        Args:
            module: what is translated.
            output: the file that is written.
            language: `c` or `c++`.
            include: further folders that are searched for declarations, before those beside the project.

        Raises:
            ChildProcessError: the worker died (killed, out of memory).
        """
        if not self.is_warm:
            self.close()  # of one that died since
        child = self._child or self._start()
        job = {
            "module": module.name,
            "source": module.source,
            "directives": {**(PURE_PYTHON_DIRECTIVES if module.keeps_python else {}), **module.directives},
            "given": [*module.directives],
            "keeps_python": module.keeps_python,
            "output": str(output),
            "language": language,
            "include": [self._searched(name) for name in (*include, *self._places.siblings)],
        }
        answer = self._ask(child, job)
        return Translation(
            answer["ok"],
            answer["read"],
            tuple(answer["probes"]),
            answer["steady"],
            answer["words"],
            answer["lifted"],
        )

    def _searched(self, folder: str) -> str:
        """Return a folder as Cython gets it: one in the project from the source root, since it stands in the C."""
        places = self._places
        own = f"{folder}{os.sep}".startswith((f"{places.source}{os.sep}", f"{places.project or places.source}{os.sep}"))
        return os.path.relpath(folder, places.source) if own else folder

    def _start(self) -> process.Child:
        child = process.start(
            python.isolated_command("buildkit.compile.cython.worker", self._search()),
            folder=Path(self._places.source),
            environment=self._environment,
            stdin=process.PIPE,
            output=process.PIPE,
            errors=None,
        )
        self._child = child
        try:
            cancellation.check()  # between the start and the note of it
        except cancellation.Cancelled:
            self.close()
            raise
        self._ask(child, asdict(self._places))
        return child

    def _search(self) -> list[str]:
        """Return the worker's `sys.path`: the folders of the suite, of Cython and of installed packages.

        The suite comes first, so that this one translates also where another one is installed: the keys speak of it.
        """
        from buildkit.compile.toolchain import cython_folder  # noqa: PLC0415 - only where something is made

        own = Path(__file__).parents[3]
        return [*dict.fromkeys((str(own), os.path.dirname(cython_folder()), *self._places.site))]  # noqa: PTH120

    def _ask(self, child: process.Child, question: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        assert child.stdin is not None  # noqa: S101 - it was started with pipes
        assert child.stdout is not None  # noqa: S101
        line = ""
        with contextlib.suppress(OSError, ValueError):
            child.stdin.write(json.dumps(question) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        if not line:
            self.close()
            cancellation.check()
            raise ChildProcessError("the translator ended before it answered")
        return json.loads(line)
