"""The project in a working copy, with extensions of one's choice: what its modules look like, what its tests say."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from buildkit.comparison.answers import Import
from buildkit.comparison.imports import DESCRIPTION, Request, imported, limits_of
from buildkit.comparison.outcomes import Run
from buildkit.comparison.project_tests import Limits, ProjectTests
from buildkit.comparison.working_copy import WorkingCopy
from buildkit.compile.module import name_of
from buildkit.compile.modules import find_importable, find_modules
from buildkit.compile.suffix import own_suffix
from buildkit.config import Config
from buildkit.core.untrusted import shown
from buildkit.errors import CompileError, ToolchainError
from buildkit.flows.compile import compile_modules
from buildkit.model import LIBRARY
from buildkit.report.console import Console
from buildkit.report.progress import Progress
from buildkit.wheels.contents import natives_of_the_checkout

_TYPED = "modules of mypyc"
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Built:
    """The extensions that were made for the comparison.

    Args:
        folder: where they lie.
        paths: the file of each module's extension, relative to it.
        libraries: the files that modules of mypyc load.
        always: modules that have no plain form, such as a `.pyx` alone.
        units: what can be compiled or left by itself, with its modules: those of mypyc know each other's layout.
        sources: of each module that can be imported.
    """

    folder: Path
    paths: Mapping[str, str]
    libraries: tuple[str, ...]
    always: frozenset[str]
    units: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """The modules to compare: those that have a source to import, or an extension."""
        return [name for name, source in self.sources.items() if source.endswith(".py") or name in self.paths]

    def files(self, units: Iterable[str]) -> list[str]:
        """Return the files of some units, with those that are always there."""
        chosen = {name for unit in units for name in self.units[unit]} | self.always
        found = [self.paths[name] for name in sorted(chosen)]
        return [*found, *self.libraries] if found else []


def built(config: Config, console: Console, environment: Mapping[str, str]) -> Built:
    """Compile the project's modules into a folder of their own.

    Raises:
        CompileError: a module did not compile.
        ToolchainError: there is no compiler for it.
    """
    suffix = own_suffix()
    folder = config.work / "verify" / f"extensions{suffix.rpartition('.')[0]}"
    try:
        compile_modules(config, console, environment, output=folder)
    except (CompileError, ToolchainError) as error:  # its report is that of another command
        raise type(error)(error.message, hint=error.hint, details=error.details) from None
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob(f"*{suffix}"))
    named = {name_of(path): path for path in files}
    paths = {name: path for name, path in named.items() if not name.endswith(LIBRARY)}
    sources = find_importable(config)
    always = {name for name in paths if not sources.get(name, "").endswith(".py")}
    modules = find_modules(config).compiled
    typed = tuple(name for name in paths if name in modules and modules[name].backend == "mypyc")
    units: dict[str, tuple[str, ...]] = {name: (name,) for name in paths if name not in always and name not in typed}
    if typed:
        units[_TYPED] = typed
    libraries = tuple(path for name, path in named.items() if name.endswith(LIBRARY))
    return Built(folder, paths, libraries, frozenset(always), units, sources)


class Bench:
    """The working copy of a project, in which its modules are imported and its tests run.

    Args:
        config: the project.
        built: its extensions.
        environment: the user's.
        console: told how far it is.
    """

    def __init__(self, config: Config, built: Built, environment: Mapping[str, str], console: Console) -> None:
        self.built = built
        self._config = config
        self._user = environment
        self._console = console
        self._scratch = config.work / "verify"
        self._python = Path(sys.executable)
        self._jobs = config.compile.jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else (0,))
        self._present: set[str] = set()
        self._is_held = False
        self._plain: Mapping[str, Import] = {}
        linked = {config.data.path} if config.data.stage else set()
        self.copy = WorkingCopy(
            config.root, self._scratch / "copy", config.source_root, linked, natives_of_the_checkout
        )

    def renew(self, units: Iterable[str]) -> None:
        """Make the copy anew, with the extensions of some units."""
        chosen = self.built.files(units)
        self.copy.renew(self.built.folder, chosen)
        self._present = {*chosen}

    def look(self, units: Collection[str], names: Sequence[str]) -> Mapping[str, Import]:
        """Import modules, each in a process of its own, with the extensions of some units.

        Raises:
            ToolchainError: the interpreter does not run.
        """
        self._lay(units)
        limits = limits_of(self._plain) if units else {}
        request = Request(names, describe=DESCRIPTION, jobs=self._jobs, limits=limits)
        found = self._imported(request, units)
        if not units and not self._plain:
            self._plain = found
        return found

    def together(self, units: Collection[str], names: Sequence[str]) -> tuple[float, int]:
        """Import modules in one process, and return its seconds, the best of some, and its memory in bytes."""
        self._lay(units)
        rounds = [self._imported(Request(names, together=True), units).values() for _ in range(_ROUNDS)]
        best = min(sum(each.seconds for each in answers) for answers in rounds)
        return best, max((each.memory for answers in rounds for each in answers), default=0)

    @cached_property
    def _commands(self) -> dict[bool, ProjectTests]:
        command = self._config.nox.tests
        return {
            compiled: ProjectTests(command, self.copy.folder, self._scratch, self._environment(compiled=compiled))
            for compiled in (False, True)
        }

    def run_tests(self, units: Collection[str], limits: Limits, only: Sequence[str] | None = None) -> Run:
        """Run the project's tests in a new copy with the extensions of some units.

        Raises:
            FileNotFoundError: there is no such program.
        """
        command = self._commands[bool(units)]
        log = "compiled" if units else "plain"
        with Progress(self._console, f"tests run {self._how(units)}").shown() as progress:
            hear = partial(progress.reaches, "")
            run = command.run(limits, only=only, log=log, prepare=lambda: self.renew(units), hear=hear)
        if run.holders is not None and not self._is_held:
            self._is_held = True
            self._console.say(held_words(self._how(units), limits.end, run.holders))
        return run

    def last_words(self, *, compiled: bool) -> list[str]:
        """Return the last lines that the tests printed."""
        return self._commands[compiled].last_words("compiled" if compiled else "plain")

    def _lay(self, units: Iterable[str]) -> None:
        """Let the copy have the extensions of some units and no others."""
        wanted = {*self.built.files(units)}
        self.copy.remove(self._present - wanted)
        self.copy.put(self.built.folder, wanted - self._present)
        self._present = wanted

    def _imported(self, request: Request, units: Collection[str]) -> Mapping[str, Import]:
        environment = self._environment(compiled=bool(units))
        with Progress(self._console, f"modules imported {self._how(units)}").shown() as progress:
            found = imported(
                request,
                self._python,
                folder=self.copy.folder,
                scratch=self._scratch,
                environment=environment,
                hear=None if request.together else partial(progress.reaches, ""),
            )
        own = self.built.paths
        return {
            name: replace(each, extensions=tuple(found for found in each.extensions if found in own))
            for name, each in found.items()
        }

    def _how(self, units: Collection[str]) -> str:
        """Return with which extensions something is done, in words."""
        of = len(self.built.units)
        return (
            (f"with {len(units)} of {of} extensions" if len(units) < of else "compiled") if units else "as plain Python"
        )

    def _environment(self, *, compiled: bool) -> dict[str, str]:
        """Return the variables with which the project's code runs in the copy."""
        user, copy = self._user, self.copy
        named = [Path(entry) for entry in user.get("PYTHONPATH", "").split(os.pathsep) if entry]
        inside = [copy.folder / path.relative_to(copy.origin) for path in named if path.is_relative_to(copy.origin)]
        others = [path for path in named if not path.is_relative_to(copy.origin)]
        path = dict.fromkeys(map(str, [copy.source, *inside, *others]))
        search = dict.fromkeys([str(self._python.parent), *user.get("PATH", os.defpath).split(os.pathsep)])
        environment = {
            "PYTHONHASHSEED": "0",
            **user,
            "PATH": os.pathsep.join(search),
            "PYTHONPATH": os.pathsep.join(path),
        }
        environment.pop("PYBUILDKIT_COMPILE", None)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # it is written in the copy, and plain Python is to have it
        return environment if compiled else {**environment, "PYBUILDKIT_COMPILE": "off"}


def held_words(how: str, seconds: float, holders: Sequence[str]) -> str:
    """Return what is said where the process of the tests does not end when they have.

    Args:
        how: in which form they ran.
        seconds: how long it was waited for.
        holders: what Python waits for at its end, in words.
    """
    named = f": it waits for {', '.join(map(shown, holders))}" if holders else ""
    return (
        f"tests run {how}: all have ended, but their process has not, {seconds:.0f} s later{named}; it was ended, "
        "and what the tests said counts\n"
        "hint: each run of the tests takes so much longer; end what they start, such as a worker, in a fixture, or let "
        "it be a daemon"
    )
