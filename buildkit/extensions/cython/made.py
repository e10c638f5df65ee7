"""What became of a module: its extension, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildkit.extensions.cython.translation import CythonTranslation
from buildkit.model import Digest


class NoExtension(Exception):  # noqa: N818
    """No compiler succeeded for the module's C. The output of the last one is the message.

    Args:
        words: its own.
        translation: the module's translation; None if compiling might succeed the next time with the same inputs.
        headers: names of the headers that were read.
    """

    def __init__(self, words: str, translation: CythonTranslation | None, headers: tuple[str, ...]) -> None:
        super().__init__(words)
        self.translation = translation
        self.headers = headers


@dataclass(frozen=True, slots=True)
class MadeModule:
    """An extension in the store, or in the hand.

    Args:
        translation: how its C came about.
        output: the digest of the extension.
        headers: names of the headers that the compiler read.
        content: the extension itself.
        public: the headers that the module declares for others, by name with digest and content.
        ran: whether a tool ran for it.
    """

    translation: CythonTranslation
    output: Digest
    headers: tuple[str, ...]
    content: bytes
    public: Mapping[str, tuple[Digest, bytes]]
    ran: bool
