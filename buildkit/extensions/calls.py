"""The calls of the C compilers for a unit: with which words, in which folders, and what they turn out to have read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from buildkit.compile import compilers, interpreter, probe
from buildkit.compile import words as texts
from buildkit.compile.asks import NUMPY, portable
from buildkit.compile.compilers import Compiler, Flags
from buildkit.compile.driver import surroundings
from buildkit.compile.places import FOLDERS, Places
from buildkit.compile.toolchain import Toolchain
from buildkit.core.fingerprint import digest_value
from buildkit.doors import process
from buildkit.extensions.answers import PLUS_PLUS_AT, Answers
from buildkit.extensions.headers import Compiled
from buildkit.extensions.inputs import Inputs
from buildkit.extensions.unit import PLUS_PLUS, Unit
from buildkit.model import Digest

NO_PLUS_PLUS = (
    "no C++ compiler found\n"
    "hint: install one: build-essential (Debian, Ubuntu), gcc-c++ (Fedora), xcode-select --install (macOS),\n"
    "      or set CXX to its program"
)
_NO_SOURCE = "hint: paths in `# distutils:` lines are relative to the folder of the project's pyproject.toml"
_NO_NUMPY = "hint: numpy is not installed for this Python: pip install numpy"
_NO_HEADER = "hint: name the header's folder in `include` of [tool.buildkit.compile]"

_UNKNOWN_SYMBOL = "undefined symbol"
_TROUBLE = (
    "no space left",
    "quota exceeded",
    "input/output error",
    "read-only file system",
    "permission denied",
    "too many open files",
    "temporarily unavailable",
    "cannot allocate",
    "memory exhausted",
    "out of memory",
    "killed",
    "signal",
    "segmentation fault",
    "bus error",
    "illegal instruction",
    "internal compiler error",
    "cannot execute",
    "error trying to exec",
    "exec format error",
    "error while loading shared libraries",
)
"""Words of a compiler that the machine let down: the next time it may take the same file."""

_BY_SIGNAL = 128
"""Above this, an exit code is how a shell tells of a signal."""

_MISSING_HEADER = re.compile(r"\.h\w*'?:? (?:No such file or directory|file not found)|include file '[^']+' not found")
_TRACE = ("-Wl,-t",)
"""Has a linker say which files it takes."""

_TRACED = re.compile(r"\(?([^()\n]+)")


def tool_changed(path: str) -> str:
    """Return what is said where a file of a tool became another one while the tool ran: who knows what it made."""
    return f"{path}: changed while it was used\nhint: run it again when the tool is installed"


class NotCompiled(Exception):  # noqa: N818 - a fact: the flow words it
    """No C compiler makes an extension of the C.

    Args:
        words: the last one's own.
        headers: names of what they read, where they would refuse the same again; None where they may not.
    """

    def __init__(self, words: str, headers: tuple[str, ...] | None = None) -> None:
        super().__init__(words)
        self.headers = headers


class Refused(Exception):  # noqa: N818
    """One compiler does not take it. Its words are the message.

    Args:
        words: its own.
        lasting: whether it would refuse the same again.
    """

    def __init__(self, words: str, *, lasting: bool) -> None:
        super().__init__(words)
        self.lasting = lasting


class Calls:
    """The calls of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        profile: `dev` or `release`.
        flags: flags from the environment.
        launcher: what starts the compiler.
        answers: knows what inputs are that are no files.
        environment: the variables.
    """

    def __init__(
        self,
        toolchain: Toolchain,
        places: Places,
        profile: str,
        flags: Flags,
        launcher: tuple[str, ...],
        *,
        answers: Answers,
        environment: Mapping[str, str],
    ) -> None:
        self._toolchain = toolchain
        self._places = places
        self._profile = profile
        self._flags = flags
        self._launcher = launcher
        self._roots = answers.roots
        self._before = toolchain.drivers.before(launcher)
        self._inputs = Inputs(places, toolchain.drivers, answers, environment)
        self._settings: dict[tuple[str, Flags, tuple[str, ...]], dict[str, Digest]] = {}

    # ------------------------------------------------------------------ which

    def settings(self, source: str, flags: Flags, include: tuple[str, ...]) -> dict[str, Digest]:
        """Return the parts of a fingerprint that say how extensions of one kind of source are compiled and linked.

        Args:
            source: the file that is translated.
            flags: its module's own.
            include: names of the folders of headers that the settings name.
        """
        alike = (source.rpartition(".")[2], flags, include)
        found = self._settings.get(alike)
        if found is None:
            tools = self._toolchain.compilers
            roots = self._roots
            calls = [texts.portable(tool.recipe(self._compile_flags(tool, source, flags)), roots) for tool in tools]
            links = [texts.portable(tool.link_recipe(self._link_flags(tool, flags)), roots) for tool in tools]
            self._inputs.expect([word for words in (*calls, *links) for word in words])
            found = self._settings[alike] = {
                "setting flags": digest_value([calls, include, self._before]),
                "setting link flags": digest_value(links),
            }
        return found

    def parts(self, unit: Unit) -> dict[str, Digest]:
        """Return the parts of a unit's keys that are tools and settings."""
        parts = {**self._toolchain.parts, **self.settings(unit.source, unit.flags, unit.include)}
        self._inputs.expect(unit.asks.flags.both)
        if unit.is_plus_plus:
            parts[PLUS_PLUS] = self._toolchain.plus_plus.identity
        return parts

    def compilers(self, unit: Unit) -> list[tuple[int, Compiler]]:
        """Return the compilers to try in their order, each with its number: the first that takes the unit is enough.

        What is linked with libraries is nothing for the tiny compiler, which does not say which of them it took.

        Raises:
            NotCompiled: there is none.
        """
        if unit.is_plus_plus:
            tool = self._toolchain.plus_plus.compiler
            if tool is None:
                raise NotCompiled(f"{unit.source}: {NO_PLUS_PLUS}")
            return [(0, tool)]
        tools = [*enumerate(self._toolchain.compilers)]
        full = [(at, tool) for at, tool in tools if not tool.tiny]
        return full if full and self._has_libraries(unit) else tools

    # ------------------------------------------------------------------ compile

    def compile(self, unit: Unit, file: str, tool: Compiler, folder: Path, output: str) -> Compiled:
        """Compile one file of a unit.

        Args:
            unit: what it belongs to.
            file: its name in the folder, or that of one of the unit's further sources.
            tool: the compiler.
            folder: where the generated files lie, and where the object goes.
            output: the object's name.

        Returns:
            What was read and where was searched, by name, and the object.

        Raises:
            Refused: the compiler does not take it.
            NotCompiled: there is no such file.
        """
        depfile = f"{output}.d"
        place, command = self._call(unit, file, tool, folder, (str(folder / output), str(folder / depfile)))
        done = self._run(command, place)
        if not done.ok:
            raise self._refusal(done, unit, tool)
        made = (folder / output).read_bytes()
        return self._read(unit, file, tool, place, folder, folder / depfile, made), made

    def would_read(self, unit: Unit, file: str, tool: Compiler, folder: Path) -> tuple[str, ...] | None:
        """Return what a compiler reads of a file that it refuses; None if it does not come that far."""
        depfile = folder / "refused.d"
        place, command = self._call(unit, file, tool, folder, ("", str(depfile)))
        if not self._run(command, place).ok:
            return None
        return self._read(unit, file, tool, place, folder, depfile, b"")

    def _call(
        self, unit: Unit, file: str, tool: Compiler, folder: Path, outputs: tuple[str, str]
    ) -> tuple[Path, list[str]]:
        """Return where the compiler runs and its command; without an object, what asks for the headers alone."""
        place, source = folder, file
        if file in unit.sources:
            path = self._places.path(file)
            if not os.path.isfile(path):  # noqa: PTH113
                raise NotCompiled(f"{unit.source}: its further source {path} is not there\n{_NO_SOURCE}")
            place = Path(self._places.project or self._places.source)
            source = os.path.relpath(path, place)
        flags = self._flags_for(unit, file, tool)
        own = os.path.dirname(self._places.path(f"source {unit.source}"))  # noqa: PTH120
        first = (self._toolchain.interpreter.include, own, self._places.source)
        include = (*first, *(path for path in map(self._folder, self._include(unit)) if path))
        if not outputs[0]:
            return place, tool.depend_command(source, outputs[1], include, flags)
        return place, tool.compile_command(source, *outputs, include, flags)

    def _flags_for(self, unit: Unit, file: str, tool: Compiler) -> tuple[str, ...]:
        """Return the words for one file of a unit."""
        flags = self._compile_flags(tool, unit.source, unit.flags + unit.asks.flags, plus_plus=unit.is_plus_plus)
        return (*flags, "-x", "c") if unit.is_plus_plus and file.endswith(".c") else flags

    def _read(
        self, unit: Unit, file: str, tool: Compiler, place: Path, folder: Path, depfile: Path, made: bytes
    ) -> tuple[str, ...]:
        """Return the names of all inputs of a compilation."""
        found = compilers.headers(_text(depfile), tiny=tool.tiny)
        paths = [os.path.normpath(place / path) for path in found]
        outside = (path for path in paths if not path.startswith(f"{folder}{os.sep}"))
        names = {name for path in outside if (name := self._places.name(path)) is not None}
        searched = {f"{FOLDERS[0]}{self._folder_name(name)}" for name in self._include(unit) if self._folder(name)}
        own = str(folder / file) if file in unit.texts else self._places.path(file)
        language = "c++" if unit.is_plus_plus and not file.endswith(".c") else "c"
        flags = self._flags_for(unit, file, tool)
        names |= self._inputs.of_compilation(
            tool, self._number(unit, tool), language, flags, str(place), (own, *paths), made
        )
        return tuple(sorted({*names, *searched, *({file} & unit.sources.keys())}))

    def _number(self, unit: Unit, tool: Compiler) -> str:
        return PLUS_PLUS_AT if unit.is_plus_plus else str(self._toolchain.compilers.index(tool))

    def _include(self, unit: Unit) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*unit.include, *unit.asks.include)))

    def _folder(self, name: str) -> str:
        return self._numpy if name == NUMPY else self._places.path(name)

    def _folder_name(self, name: str) -> str:
        return portable(self._numpy, self._places) if name == NUMPY else name

    @cached_property
    def _numpy(self) -> str:
        return interpreter.numpy_headers(self._toolchain.interpreter)

    # ------------------------------------------------------------------ link

    def link(self, unit: Unit, tool: Compiler, folder: Path, objects: tuple[str, ...]) -> Compiled:
        """Link a unit's objects.

        Args:
            unit: what is linked.
            tool: the compiler that drives the linker.
            folder: where the objects lie.
            objects: their names.

        Returns:
            Which libraries were taken and where was searched, by name, and the extension.

        Raises:
            Refused: the linker does not take them, or the interpreter could not load what it makes.
        """
        output = f"{unit.stem}{self._toolchain.interpreter.suffix}"
        searched = [*map(self._places.path, unit.asks.libraries)]
        own = (*(f"-L{path}" for path in searched), *self._link_flags(tool, unit.flags + unit.asks.flags, unit=unit))
        further = tuple(map(self._places.path, unit.asks.objects))
        files = (*objects, *further)
        done = self._run(tool.link_command(files, output, own if tool.tiny else (*own, *_TRACE)), folder)
        if not done.ok and not self._has_libraries(unit):  # a linker may not know how to tell
            done = self._run(tool.link_command(files, output, own), folder)
        if not done.ok:
            raise self._refusal(done, unit, tool)
        unresolved = probe.unresolved(folder / output, self._toolchain.interpreter) if tool.tiny else ""
        if unresolved:
            raise Refused(unresolved.replace(f"{folder}{os.sep}", ""), lasting=_UNKNOWN_SYMBOL in unresolved)
        made = (folder / output).read_bytes()
        read = {*self._traced(done.stdout, folder), *unit.asks.objects}
        read |= {f"{FOLDERS[1]}{name}" for name in unit.asks.libraries}
        read |= self._inputs.of_link(tool, self._number(unit, tool), own, str(folder), made)
        return tuple(sorted(read)), made

    def _traced(self, words: str, folder: Path) -> Iterator[str]:
        """Yield the names of the libraries and objects that the linker says it took, without those of this unit."""
        for line in words.splitlines():
            found = _TRACED.match(line.strip())
            path = os.path.normpath(folder / found[1]) if found else ""
            if os.path.isfile(path) and not path.startswith(f"{folder}{os.sep}"):  # noqa: PTH113
                name = self._places.name(path)
                if name is not None:
                    yield name

    def _has_libraries(self, unit: Unit) -> bool:
        words = (self._flags + unit.flags + unit.asks.flags).both
        return bool(unit.asks.objects) or any(word.startswith("-l") for word in words)

    # ------------------------------------------------------------------ how

    def _run(self, command: list[str], place: Path) -> process.Completed:
        return process.run([*self._launcher, *command], folder=place, environment=surroundings(), timeout=None)

    def _refusal(self, done: process.Completed, unit: Unit, tool: Compiler) -> Refused:
        words = done.stderr.strip() or f"{done.command[0]} ended with exit code {done.exit_code}"
        trouble = done.exit_code < 0 or done.exit_code > _BY_SIGNAL or any(word in words.lower() for word in _TROUBLE)
        if _MISSING_HEADER.search(words):
            numpy = NUMPY in unit.asks.include and not self._numpy
            # the tiny compiler lacks some for good; of others nobody knows where a header may turn up
            return Refused(f"{words}\n{_NO_NUMPY if numpy else _NO_HEADER}", lasting=tool.tiny)
        return Refused(words, lasting=not (trouble or self._launcher))

    def _compile_flags(self, tool: Compiler, source: str, flags: Flags, *, plus_plus: bool = False) -> tuple[str, ...]:
        given = self._toolchain.plus_plus.flags if plus_plus else self._flags
        return (*compilers.optimization(self._profile, source, tool), *(given + flags).compile)

    def _link_flags(self, tool: Compiler, flags: Flags, *, unit: Unit | None = None) -> tuple[str, ...]:
        given = self._toolchain.plus_plus.flags if unit is not None and unit.is_plus_plus else self._flags
        return (*compilers.stripping(self._profile, tool), *(given + flags).both)


def _text(depfile: Path) -> str:
    """Return a compiler's list of what it read; the names in it are bytes, as the disk has them."""
    return os.fsdecode(depfile.read_bytes())
