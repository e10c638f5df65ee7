"""One thing in a tree: a file, one that its owner may execute, an empty folder, or a link. Anything else is refused."""

from __future__ import annotations

import errno
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.fingerprint import digest_bytes
from buildkit.model import Digest

FILE, EXECUTABLE, FOLDER, LINK = "", "x", "/", "@"
"""The kinds: a file, one that its owner may execute, an empty folder, a link (behind `@` stands where it leads)."""

EMPTY = digest_bytes(b"")
"""The digest of a file without content."""

_SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
MAY_READ = "let this user read it, or leave it out: a narrower glob in `inputs`"
"""What to do about something that cannot be read."""


class Refused(Exception):  # noqa: N818 - a fact, which the caller words
    """A walk met something that can be neither an input nor an output.

    Args:
        path: its path, relative to the start of the walk.
        why: the reason, worded to follow the path in a sentence.
        hint: what to do about it.
    """

    def __init__(self, path: str, why: str, hint: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that counts: its path with slashes, relative to where the walk began, and its kind."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class File:
    """One thing in a tree, as it is recorded.

    Args:
        size: bytes; 0 for what is no file.
        digest: of its content; that of nothing for what is no file.
        modified: the time of its last change in nanoseconds since 1970; 0 for what is no file.
        kind: one of the kinds above.
    """

    size: int
    digest: Digest
    modified: int
    kind: str = FILE

    @property
    def is_file(self) -> bool:
        """Whether it has content: no folder, no link."""
        return self.kind in {FILE, EXECUTABLE}

    @property
    def state(self) -> Digest:
        """What it is, as whoever reads it sees it."""
        return state(self.kind, self.digest)


def state(kind: str, digest: Digest) -> Digest:
    """Return what a thing is, in one word that differs wherever a reader could see a difference.

    Args:
        kind: its kind.
        digest: of a file's content.
    """
    if kind == FILE:
        return digest
    return (
        Digest(f"{digest}+x") if kind == EXECUTABLE else Digest("folder" if kind == FOLDER else f"link to {kind[1:]}")
    )


def file_kind(mode: int) -> str:
    """Return the kind of a regular file by its mode."""
    return EXECUTABLE if mode & stat.S_IXUSR else FILE


def mode_of(kind: str, umask: int) -> int:
    """Return the mode of a sealed file.

    Args:
        kind: its kind; other bits than that of its owner's right to execute it are not kept, setuid among them.
        umask: whom it shuts out stays out.
    """
    return (0o555 if kind == EXECUTABLE else 0o444) & ~umask


def link_within(path: str, text: str, top: str) -> bool:
    """Return whether a link leads, by its text alone, to another place in the tree that it lies in.

    Args:
        path: the link, relative to whatever `top` is.
        text: where it leads.
        top: the folder that it must not lead out of.
    """
    steps = text.split("/")
    up = 0
    while up < len(steps) and steps[up] == "..":
        up += 1
    depth = path.count("/") - top.count("/") - 1
    return bool(text) and not text.startswith("/") and up <= depth and ".." not in steps[up:] and "\0" not in text


def require_portable_name(path: str) -> None:
    """Refuse a name that is not ASCII if Python does not decode file names as UTF-8.

    Raises:
        Refused: it is not of ASCII, and Python reads names in another encoding.
    """
    if not path.isascii() and sys.getfilesystemencoding() != "utf-8":
        raise Refused(
            path.encode("ascii", "backslashreplace").decode(),
            f"has a name that is not of ASCII, and this Python reads names as {sys.getfilesystemencoding()}",
            "set LC_ALL=C.UTF-8, or PYTHONUTF8=1",
        )


def link_text(place: str | Path) -> str | None:
    """Return the text of a symbolic link; None if there is no link."""
    try:
        return os.readlink(place)  # noqa: PTH115 - the text as it is
    except OSError:
        return None


def astray(path: str, text: str, error: OSError) -> Refused:
    """Return the refusal of a link that leads nowhere."""
    why = {errno.ELOOP: "which leads back to itself", errno.ENOENT: "which is not there"}
    return Refused(
        path,
        f"is a link to {text}, {why.get(error.errno or 0, error.strerror)}",
        "bring what it leads to, or delete the link",
    )


def special(path: str, mode: int) -> Refused:
    """Return the refusal of a FIFO, a socket or a device, or whatever else the mode says."""
    return Refused(
        path,
        f"is {_SPECIAL.get(stat.S_IFMT(mode), 'no file')}",
        "only files, folders and links count: leave it out, or put it elsewhere",
    )
