"""A C compiler: the commands that call it, what it is by content, and what it says that it read. All pure."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from buildkit.compile import arguments
from buildkit.compile.profiles import COMMON, SHARED
from buildkit.core.fingerprint import key_of
from buildkit.model import Digest


@dataclass(frozen=True, slots=True)
class Compiler:
    """One C compiler.

    Args:
        name: what the summary calls it.
        program: its file.
        arguments: what belongs to every call: options in `CC`, places of its own files.
        files: what it is made of; their content is its identity.
        libraries: what every extension is linked with, beside the interpreter's own symbols.
        tiny: the fast development compiler, which optimizes nothing and has few options.
        behind: the driver with its options, where something that changes nothing stands before it (`ccache gcc`).
        plain: whether it does the same with the same words as long as its file is the same.
    """

    name: str
    program: str
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    tiny: bool = False
    behind: tuple[str, ...] = ()
    plain: bool = True

    @property
    def driver(self) -> tuple[str, ...]:
        """What to ask, with what belongs to every call."""
        return self.behind or (self.program, *self.arguments)

    def identity(self, digest: Callable[[str], Digest]) -> Digest:
        """Return the digest of the compiler's own files, without the folders that they lie in."""
        return key_of({f"{at} {os.path.basename(path)}": digest(path) for at, path in enumerate(self.files)})  # noqa: PTH119

    def recipe(self, flags: tuple[str, ...]) -> list[str]:
        """Return how the compiler is called, without the folders of its own files: what a key has to say of it."""
        return self._bare([*self.arguments, *COMMON, *flags])

    def link_recipe(self, flags: tuple[str, ...]) -> list[str]:
        """Return the same of the linker's call."""
        return self._bare([*self.arguments, *SHARED, *flags, *self.libraries])

    def compile_command(
        self, source: str, output: str, depfile: str, include: tuple[str, ...], flags: tuple[str, ...]
    ) -> list[str]:
        """Return the command that makes the object `output` of the C file `source` and writes `depfile`."""
        folders = [f"-I{folder}" for folder in include]
        words = [*self.arguments, "-c", *COMMON, *flags, *folders, "-MD", "-MF", depfile]
        return [self.program, *words, source, "-o", output]

    def depend_command(self, source: str, depfile: str, include: tuple[str, ...], flags: tuple[str, ...]) -> list[str]:
        """Return the command that reads `source` with its headers, makes nothing of them and writes `depfile`."""
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
        tiny: it is tcc's, which marks spaces alone.
    """
    text = depfile.partition(": ")[2].replace("\\\n", " ")
    if not tiny:
        text = text.replace("\\#", "#").replace("$$", "$")
    return [word.replace("\0", " ") for word in text.replace("\\ ", "\0").split()][1:]
