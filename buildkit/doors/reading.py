"""Reads files that may come from others: only regular files, so that reading never blocks, and only up to a size.

To open a FIFO waits for who writes into it, to read a device may never end, and a name can become one of them between
two looks. So a file is checked again through its descriptor after opening.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection
from pathlib import Path

TEXT = 64 << 20
"""The most bytes of a file that a person wrote: a source, settings, a revision."""

KEPT = 4 << 30
"""The most bytes of what the suite itself keeps, and of what tools make and consist of."""

NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""There is nothing at such a path, and no interpreter or compiler would find anything there."""

_CHUNK = 1 << 20
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotAFile(OSError):  # noqa: N818 - a fact, not a fault
    """A FIFO, a socket or a device lies where a file is wanted."""


def opened(path: str | Path) -> int:
    """Return a descriptor on the regular file at `path`, for reading; without waiting for anybody.

    Raises:
        NotAFile: something else lies there.
        IsADirectoryError: a folder lies there.
        OSError: it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device without a driver
            raise _not_a_file(path, stat.S_IFSOCK) from None
        raise
    try:
        require_regular(path, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_file(path: str | Path) -> bool:
    """Return whether a regular file lies at `path`; also for a path that no file system accepts, which gives False."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: str | Path) -> bool:
    """Return whether a folder lies at `path`, which may be anything as well."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: str | Path) -> int:
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - a text or a path
    except (OSError, ValueError):
        return 0


def require_regular(path: str | Path, mode: int) -> None:
    """Check that the mode is that of a regular file.

    Raises:
        NotAFile: it is that of something else.
        IsADirectoryError: it is that of a folder.
    """
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise _not_a_file(path, stat.S_IFMT(mode))


def read(path: str | Path, *, most: int = KEPT, owners: Collection[int] | None = None) -> bytes:
    """Return the content of the regular file at `path`.

    Args:
        path: the file.
        most: the bytes that it may have.
        owners: user ids that may own the file; any owner if None.

    Raises:
        NotAFile: something else lies there.
        OSError: it cannot be read, has more bytes, or belongs to another user.
    """
    descriptor = opened(path)
    try:
        about = os.fstat(descriptor)
        if owners is not None and about.st_uid not in owners:
            raise OSError(errno.EPERM, f"it belongs to user {about.st_uid}", str(path))
        size = about.st_size
        parts = [b""]
        room = most
        while size <= most and room >= 0:
            part = os.read(descriptor, min(max(size + 1, 4096), _CHUNK))
            if not part:
                return b"".join(parts)
            parts.append(part)
            room -= len(part)
        raise OSError(errno.EFBIG, f"more than {most >> 20} MB, which is too large for what it is", str(path))
    finally:
        os.close(descriptor)


def read_text(path: str | Path, *, errors: str = "strict", most: int = TEXT) -> str:
    """Return the text of the regular file at `path`, which is UTF-8 with any ends of lines; see `read`.

    Args:
        path: the file.
        errors: what to do with bytes that are no UTF-8, as `bytes.decode` takes it.
        most: the bytes that it may have.

    Raises:
        UnicodeDecodeError: it is no UTF-8, and `errors` is `strict`.
    """
    text = read(path, most=most).decode("utf-8", errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_a_file(path: str | Path, kind: int) -> NotAFile:
    return NotAFile(errno.EINVAL, f"{_KINDS.get(kind, 'something else')}, not a file", str(path))
