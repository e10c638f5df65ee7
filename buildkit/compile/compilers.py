"""A C compiler: the commands that call it, its identity by content, the headers that its depfile names."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from buildkit.compile import arguments, elf
from buildkit.compile.profiles import COMMON, SHARED
from buildkit.core.fingerprint import key_of
from buildkit.model import Digest


@dataclass(frozen=True, slots=True)
class Compiler:
    """One C compiler.

    Args:
        name: its name in the summary.
        program: its file.
        arguments: arguments of every call: the options in `CC` and the paths of the compiler's own files.
        files: the compiler's own files; the digest of their contents is its identity.
        libraries: what every extension is linked with, beside the interpreter's own symbols.
        tiny: the fast development compiler, which optimizes nothing and has few options.
        without_launcher: the driver with its options, without a launcher such as `ccache` that does not affect the
            result; empty where there is none.
        plain: whether equal arguments give equal results as long as the compiler's file is unchanged: it is no script
            or wrapper.
    """

    name: str
    program: str
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    tiny: bool = False
    without_launcher: tuple[str, ...] = ()
    plain: bool = True

    @property
    def driver(self) -> tuple[str, ...]:
        """The driver command that questions go to, with the arguments of every call."""
        return self.without_launcher or (self.program, *self.arguments)

    def identity(self, digest: Callable[[str], Digest]) -> Digest:
        """Return the digest of the compiler's own files, without the folders that they lie in."""
        return key_of({f"{at} {os.path.basename(path)}": digest(path) for at, path in enumerate(self.files)})  # noqa: PTH119

    def recipe(self, flags: tuple[str, ...]) -> list[str]:
        """Return the compiler's arguments as they enter a key: without the folders of its own files."""
        return self._bare([*self.arguments, *COMMON, *flags])

    def link_recipe(self, flags: tuple[str, ...]) -> list[str]:
        """Return the linker's arguments as they enter a key, with what is done to the extension afterwards."""
        return [*self._bare([*self.arguments, *SHARED, *flags, *self.libraries]), *(["marked"] if self.tiny else [])]

    def finish(self, extension: Path) -> None:
        """Do to a linked extension what its linker leaves undone.

        Raises:
            OSError: it cannot be read or written.
        """
        if self.tiny:
            elf.mark_stack(extension)

    def compile_command(
        self, source: str, output: str, depfile: str, include: tuple[str, ...], flags: tuple[str, ...]
    ) -> list[str]:
        """Return the command that makes the object `output` of the C file `source` and writes `depfile`."""
        folders = [f"-I{folder}" for folder in include]
        words = [*self.arguments, "-c", *COMMON, *flags, *folders, "-MD", "-MF", depfile]
        return [self.program, *words, source, "-o", output]

    def depend_command(self, source: str, depfile: str, include: tuple[str, ...], flags: tuple[str, ...]) -> list[str]:
        """Return the command that reads `source` with its headers, compiles nothing and writes `depfile`."""
        folders = [f"-I{folder}" for folder in include]
        return [self.program, *self.arguments, "-M", *COMMON, *flags, *folders, "-MF", depfile, source]

    def link_command(self, objects: tuple[str, ...], output: str, flags: tuple[str, ...]) -> list[str]:
        """Return the command that makes the extension `output` of `objects`."""
        return [self.program, *self.arguments, *SHARED, *objects, *flags, *self.libraries, "-o", output]

    def _bare(self, words: list[str]) -> list[str]:
        own = {os.path.dirname(os.path.dirname(self.program)): "<tools>"} if self.tiny else {}  # noqa: PTH120
        return [os.path.basename(self.program), *(arguments.tokenized(word, own) for word in words)]  # noqa: PTH119


def headers(depfile: str, *, tiny: bool = False) -> list[str]:
    """Return the headers that a compiler's depfile names (make's syntax), without the C file itself.

    Args:
        depfile: its text.
        tiny: the depfile is tcc's, which escapes spaces only.
    """
    text = depfile.partition(": ")[2].replace("\\\n", " ")
    if not tiny:
        text = text.replace("\\#", "#").replace("$$", "$")
    return [word.replace("\0", " ") for word in text.replace("\\ ", "\0").split()][1:]
