"""An extension on its way through compilers and linker, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildkit.compile.compilers import Compiler
from buildkit.extensions.native.extension import Extension
from buildkit.model import Digest


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked extension, with its content.

    Args:
        output: its digest.
        headers: names of what compilers and linker read, and of folders that they searched.
        content: the extension itself.
        ran: whether a compiler or linker ran for it.
    """

    output: Digest
    headers: tuple[str, ...]
    content: bytes
    ran: bool


@dataclass(slots=True)
class Work:
    """An extension while it is being built: its scratch folder, the C in memory, the results so far."""

    extension: Extension
    folder: Path
    at_hand: Mapping[Digest, bytes]
    parts: Mapping[str, Digest]
    compilers: list[tuple[int, Compiler]]
    laid_out: bool = False
    ran: bool = False
    headers: set[str] = field(default_factory=set)
    held: set[Digest] = field(default_factory=set)
    refused: dict[str, list[tuple[Digest, str]]] = field(default_factory=dict)

    def object(self, file: str, number: int) -> str:
        """Return the name of an object in the folder."""
        return f"{[*self.extension.files].index(file)}.{number}.o"
