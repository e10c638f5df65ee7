"""Files, folders and links of an image, as values. What a file contains is read when its layer is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildkit.doors import reading

FILE, FOLDER, LINK = "file", "folder", "link"


@dataclass(frozen=True, slots=True)
class Content:
    """What a file contains.

    Args:
        identity: a text that is another one for other bytes.
        read: returns the bytes; None if there turn out to be none, so that the file is left out.
    """

    identity: str
    read: Callable[[], bytes | None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Node:
    """A file, a folder or a link.

    Args:
        kind: which of these.
        mode: its permissions.
        content: what the file contains.
        link: where the link leads.
        user: the number of the user that it belongs to.
        group: the number of the group; the user's if None.
    """

    kind: str
    mode: int
    content: Content | None = None
    link: str = ""
    user: int = 0
    group: int | None = None


Tree = Mapping[str, Node]
"""What an image holds, by path without a slash at the front."""


def file(content: Content, mode: int = 0o644, user: int = 0) -> Node:
    """Return a file."""
    return Node(FILE, mode, content, user=user)


def text(content: str | bytes, mode: int = 0o644) -> Node:
    """Return a file with this content."""
    data = content.encode() if isinstance(content, str) else content
    return file(of_bytes(data), mode)


def folder(mode: int = 0o755, user: int = 0) -> Node:
    """Return a folder."""
    return Node(FOLDER, mode, user=user)


def link(target: str) -> Node:
    """Return a symbolic link."""
    return Node(LINK, 0o777, link=target)


def of_bytes(content: bytes) -> Content:
    """Return the content that these bytes are."""
    return Content(hashlib.sha256(content).hexdigest(), lambda: content)


def of_file(place: Path, digest: str) -> Content:
    """Return the content of a file on this machine.

    Args:
        place: the file.
        digest: the digest of its content.
    """
    return Content(digest, lambda: reading.read(place, most=reading.KEPT))
