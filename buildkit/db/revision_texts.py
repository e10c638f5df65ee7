"""Tells whether a revision file is still what it was when it was applied to a copy of the database.

A copy keeps two digests of each revision in it: of the file's bytes, and of what Python makes of them, so that a
formatter or a comment makes no copy anew. The latter holds within one version of Python, whose number stands before it.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from buildkit.core.syntax import tree_of
from buildkit.doors import reading
from buildkit.errors import RevisionError


class Content(NamedTuple):
    """The digests of a revision file: of its bytes, and of its meaning."""

    exact: str
    meaning: str


class Chain:
    """The present revisions of the project, which are read when they are asked for.

    Args:
        head: the id of the last one; empty if there is none.
        files: the file of each, by id.
        below: returns those that come before some ids, and these.
    """

    def __init__(
        self, head: str, files: Mapping[str, Path], below: Callable[[Collection[str]], Collection[str]] = frozenset
    ) -> None:
        self.head = head
        self.below = below
        self._files = files
        self._texts: dict[str, bytes] = {}

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all revisions."""
        return frozenset(self._files)

    def content(self, revision: str, known: Content | None = None) -> Content:
        """Return the digests of a revision; those that are known, if they are of the same bytes."""
        text = self._text(revision)
        exact = hashlib.sha256(text).hexdigest()
        return known if known is not None and known.exact == exact else Content(exact, _meaning(text))

    def has(self, revision: str, content: Content) -> bool:
        """Return whether there is this revision, and it does what it did."""
        if revision not in self._files:
            return False
        text = self._text(revision)
        return hashlib.sha256(text).hexdigest() == content.exact or _meaning(text) == content.meaning

    def edited(self, applied: Mapping[str, Content]) -> list[str]:
        """Return those revisions that were applied with another content."""
        return [each for each, content in applied.items() if each in self._files and not self.has(each, content)]

    def holds(self, applied: Mapping[str, Content]) -> bool:
        """Return whether every revision that was applied is still there and does what it did."""
        return all(self.has(each, content) for each, content in applied.items())

    def contents(
        self, ids: Iterable[str] | None = None, known: Mapping[str, Content] = MappingProxyType({})
    ) -> dict[str, Content]:
        """Return the digests of these revisions, of all if None.

        Args:
            ids: the revisions.
            known: digests from before: to find out what a file means takes a hundred times as long as to read it.
        """
        return {each: self.content(each, known.get(each)) for each in (self._files if ids is None else ids)}

    def _text(self, revision: str) -> bytes:
        if revision not in self._texts:
            file = self._files[revision]
            try:
                self._texts[revision] = reading.read(file, most=reading.TEXT)
            except FileNotFoundError:
                raise RevisionError(
                    f"{file} went while the revisions were read",
                    hint="a branch was switched, perhaps: run it again",
                ) from None
        return self._texts[revision]


def _meaning(text: bytes) -> str:
    """Return the digest of a file's tree without its docstrings; of its bytes if it is no Python."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        tree = tree_of(text)
    except SyntaxError:
        return f"{version}:{hashlib.sha256(text).hexdigest()}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and _documented(node):
            node.body = node.body[1:]
    return f"{version}:{hashlib.sha256(ast.dump(tree).encode()).hexdigest()}"


def _documented(node: ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
