"""Calls compilers and linkers for an extension, and finds the inputs of each call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from buildkit.compile import arguments, compilers, interpreter, profiles
from buildkit.compile.compilers import Compiler
from buildkit.compile.distutils import NUMPY, portable_name
from buildkit.compile.driver import compiler_environment
from buildkit.compile.flags import Flags
from buildkit.compile.places import FOLDERS, Places
from buildkit.compile.toolchain import Toolchain
from buildkit.core.fingerprint import digest_value
from buildkit.doors import process
from buildkit.extensions.native.call_inputs import CallInputs
from buildkit.extensions.native.extension import PLUS_PLUS, Extension
from buildkit.extensions.native.headers import Compiled
from buildkit.extensions.native.non_file_inputs import PLUS_PLUS_AT, NonFileInputs
from buildkit.extensions.native.refusals import (
    INSTALL_PLUS_PLUS,
    NO_PLUS_PLUS,
    NO_SOURCE,
    CompilerRefusal,
    NotCompiled,
    refusal,
)
from buildkit.extensions.native.resolving import require_symbols
from buildkit.extensions.native.trace import TRACE, traced
from buildkit.model import Digest


class Calls:
    """The calls of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        profile: `dev` or `release`.
        flags: flags from the environment.
        launcher: what starts the compiler.
        non_file_inputs: gives the digests of inputs that are no files.
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
        non_file_inputs: NonFileInputs,
        environment: Mapping[str, str],
    ) -> None:
        self._toolchain = toolchain
        self._places = places
        self._profile = profile
        self._flags = flags
        self._launcher = launcher
        self._roots = non_file_inputs.roots
        self._inputs = CallInputs(places, toolchain.drivers, non_file_inputs, environment)
        self._before = toolchain.drivers.launcher_parts(launcher)
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
            calls = [
                arguments.portable_arguments(tool.recipe(self._compile_flags(tool, source, flags)), roots)
                for tool in tools
            ]
            links = [
                arguments.portable_arguments(tool.link_recipe(self._link_flags(tool, flags)), roots) for tool in tools
            ]
            self._inputs.trust([word for words in (*calls, *links) for word in words])
            found = self._settings[alike] = {
                "setting flags": digest_value([calls, include, self._before]),
                "setting link flags": digest_value(links),
            }
        return found

    def parts(self, extension: Extension) -> dict[str, Digest]:
        """Return the parts of an extension's keys that are tools and settings."""
        parts = {**self._toolchain.parts, **self.settings(extension.source, extension.flags, extension.include)}
        self._inputs.trust(extension.distutils.flags.both)
        if extension.is_plus_plus:
            parts[PLUS_PLUS] = self._toolchain.plus_plus.identity
        return parts

    def compilers(self, extension: Extension) -> list[tuple[int, Compiler]]:
        """Return the compilers to try in their order, each with its number: the first that takes it is enough.

        The tiny compiler is left out for extensions with libraries: it does not report which ones it used.

        Raises:
            NotCompiled: there is none.
        """
        if extension.is_plus_plus:
            tool = self._toolchain.plus_plus.compiler
            if tool is None:
                raise NotCompiled(f"{extension.source}: {NO_PLUS_PLUS}\nhint: {INSTALL_PLUS_PLUS}")
            return [(0, tool)]
        tools = [*enumerate(self._toolchain.compilers)]
        full = [(at, tool) for at, tool in tools if not tool.tiny]
        return full if full and self._has_libraries(extension) else tools

    # ------------------------------------------------------------------ compile

    def compile(self, extension: Extension, file: str, tool: Compiler, folder: Path, output: str) -> Compiled:
        """Compile one file of an extension.

        Args:
            extension: what it belongs to.
            file: its name in the folder, or that of one of the extension's further sources.
            tool: the compiler.
            folder: where the generated files lie, and where the object goes.
            output: the object's name.

        Returns:
            The names of the inputs, and the object's content.

        Raises:
            CompilerRefusal: the compiler does not take it.
            NotCompiled: there is no such file.
        """
        depfile = f"{output}.d"
        place, command = self._call(extension, file, tool, folder, (str(folder / output), str(folder / depfile)))
        done = self._run(command, place)
        if not done.ok:
            raise self._refusal(done, extension, tool)
        made = (folder / output).read_bytes()
        return self._read(extension, file, tool, place, folder, folder / depfile, made), made

    def would_read(self, extension: Extension, file: str, tool: Compiler, folder: Path) -> tuple[str, ...] | None:
        """Return the names of the inputs of a file that fails to compile; None if preprocessing fails as well."""
        depfile = folder / "refused.d"
        place, command = self._call(extension, file, tool, folder, ("", str(depfile)))
        if not self._run(command, place).ok:
            return None
        return self._read(extension, file, tool, place, folder, depfile, b"")

    def _call(
        self, extension: Extension, file: str, tool: Compiler, folder: Path, outputs: tuple[str, str]
    ) -> tuple[Path, list[str]]:
        """Return the working folder and the command; without an object the command that lists the headers only."""
        place, source = folder, file
        if file in extension.sources:
            path = self._places.path(file)
            if not os.path.isfile(path):  # noqa: PTH113
                raise NotCompiled(f"{extension.source}: its further source {path} is not there\n{NO_SOURCE}")
            place = Path(self._places.project or self._places.source)
            source = os.path.relpath(path, place)
        flags = self._flags_for(extension, file, tool)
        own = os.path.join(self._places.source, extension.searched(file)).rstrip(os.sep)  # noqa: PTH118
        first = dict.fromkeys((self._toolchain.interpreter.include, own, self._places.source))
        include = (*first, *(path for path in map(self._folder, self._include(extension)) if path))
        if not outputs[0]:
            return place, tool.depend_command(source, outputs[1], include, flags)
        return place, tool.compile_command(source, *outputs, include, flags)

    def _flags_for(self, extension: Extension, file: str, tool: Compiler) -> tuple[str, ...]:
        """Return the words for one file of an extension."""
        flags = self._compile_flags(
            tool, extension.source, extension.flags + extension.distutils.flags, plus_plus=extension.is_plus_plus
        )
        return (*flags, "-x", "c") if extension.is_plus_plus and file.endswith(".c") else flags

    def _read(
        self, extension: Extension, file: str, tool: Compiler, place: Path, folder: Path, depfile: Path, made: bytes
    ) -> tuple[str, ...]:
        """Return the names of all inputs of a compilation."""
        found = compilers.headers(_text(depfile), tiny=tool.tiny)
        paths = [os.path.normpath(place / path) for path in found]
        outside = (path for path in paths if not path.startswith(f"{folder}{os.sep}"))
        names = {name for path in outside if (name := self._places.name(path)) is not None}
        searched = {f"{FOLDERS[0]}{self._folder_name(name)}" for name in self._include(extension) if self._folder(name)}
        own = str(folder / file) if file in extension.c_files else self._places.path(file)
        language = "c++" if extension.is_plus_plus and not file.endswith(".c") else "c"
        flags = self._flags_for(extension, file, tool)
        names |= self._inputs.of_compilation(
            tool, self._number(extension, tool), language, flags, str(place), (own, *paths), made
        )
        return tuple(sorted({*names, *searched, *({file} & extension.sources.keys())}))

    def _number(self, extension: Extension, tool: Compiler) -> str:
        return PLUS_PLUS_AT if extension.is_plus_plus else str(self._toolchain.compilers.index(tool))

    def _include(self, extension: Extension) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*extension.include, *extension.distutils.include)))

    def _folder(self, name: str) -> str:
        return self._numpy if name == NUMPY else self._places.path(name)

    def _folder_name(self, name: str) -> str:
        return portable_name(self._numpy, self._places) if name == NUMPY else name

    @cached_property
    def _numpy(self) -> str:
        return interpreter.numpy_headers(self._toolchain.interpreter)

    # ------------------------------------------------------------------ link

    def link(self, extension: Extension, tool: Compiler, folder: Path, objects: tuple[str, ...]) -> Compiled:
        """Link an extension's objects.

        Args:
            extension: what is linked.
            tool: the compiler that drives the linker.
            folder: where the objects lie.
            objects: their names.

        Returns:
            Which libraries were taken and where was searched, by name, and the extension.

        Raises:
            CompilerRefusal: the linker does not take them, or the interpreter could not load what it makes.
        """
        output = f"{extension.stem}{self._toolchain.interpreter.suffix}"
        searched = [*map(self._places.path, extension.distutils.libraries)]
        own = (
            *(f"-L{path}" for path in searched),
            *self._link_flags(tool, extension.flags + extension.distutils.flags, extension=extension),
        )
        further = tuple(map(self._places.path, extension.distutils.objects))
        files = (*objects, *further)
        done = self._run(tool.link_command(files, output, own if tool.tiny else (*own, *TRACE)), folder)
        if not done.ok and not self._has_libraries(extension):  # a linker may not know how to tell
            done = self._run(tool.link_command(files, output, own), folder)
        if not done.ok:
            raise self._refusal(done, extension, tool)
        tool.finish(folder / output)
        require_symbols(extension, folder / output, tool, self._toolchain.interpreter, own)
        made = (folder / output).read_bytes()
        read = {*traced(done.stdout, folder, self._places), *extension.distutils.objects}
        read |= {f"{FOLDERS[1]}{name}" for name in extension.distutils.libraries}
        read |= self._inputs.of_link(tool, self._number(extension, tool), own, str(folder), made)
        return tuple(sorted(read)), made

    def _has_libraries(self, extension: Extension) -> bool:
        words = (self._flags + extension.flags + extension.distutils.flags).both
        return bool(extension.distutils.objects) or any(word.startswith("-l") for word in words)

    # ------------------------------------------------------------------ how

    def _run(self, command: list[str], place: Path) -> process.Completed:
        return process.run([*self._launcher, *command], folder=place, environment=compiler_environment(), timeout=None)

    def _refusal(self, done: process.Completed, extension: Extension, tool: Compiler) -> CompilerRefusal:
        lacks_numpy = NUMPY in extension.distutils.include and not self._numpy
        return refusal(
            done,
            extension.name,
            tiny=tool.tiny,
            launched=bool(self._launcher),
            lacks_numpy=lacks_numpy,
            plus_plus=extension.is_plus_plus,
        )

    def _compile_flags(self, tool: Compiler, source: str, flags: Flags, *, plus_plus: bool = False) -> tuple[str, ...]:
        given = self._toolchain.plus_plus.flags if plus_plus else self._flags
        return (
            *profiles.compile_flags(self._profile, source, tool.driver[0], tiny=tool.tiny),
            *(given + flags).compile,
        )

    def _link_flags(self, tool: Compiler, flags: Flags, *, extension: Extension | None = None) -> tuple[str, ...]:
        given = self._toolchain.plus_plus.flags if extension is not None and extension.is_plus_plus else self._flags
        return (*profiles.link_flags(self._profile, tiny=tool.tiny), *(given + flags).both)


def _text(depfile: Path) -> str:
    """Return a compiler's list of what it read; the names in it are bytes, as the disk has them."""
    return os.fsdecode(depfile.read_bytes())
