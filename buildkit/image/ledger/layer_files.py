"""What one layer of an image does: the files that it brings, in their order, and what it hides of those below."""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Literal, NamedTuple, cast

from buildkit.image import leaks, slimming
from buildkit.image.ledger.elf import MAGIC, Binary, read_binary

_HIDDEN, _ALL_HIDDEN = ".wh.", ".wh..wh..opq"
_KEPT_TEXT = 4 << 20
"""Bytes up to which a text that says whose files are is kept."""


class Content(NamedTuple):
    """The content of a regular file.

    Args:
        size: its bytes.
        digest: its SHA-256.
        secret: whether a secret stands in it.
        binary: what its header says, where it is a program or library of ELF.
        text: itself, where it says whose other files are, or is read later on.
    """

    size: int
    digest: str
    secret: bool = False
    binary: Binary | None = None
    text: str | None = None


class Change(NamedTuple):
    """One entry of a layer.

    Args:
        kind: `file`; `link`, symbolic; `same` as another file; `folder`; `gone`, with what is below it; `emptied`, that
            loses what is in it; `other`, a device and the like.
        path: where it is, without a slash at the front.
        leads: where a link leads, or the path of the same file.
        content: of a file.
    """

    kind: Literal["file", "link", "same", "folder", "gone", "emptied", "other"]
    path: str
    leads: str = ""
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class LayerFiles:
    """All entries of a layer.

    Args:
        changes: in their order.
        frame: the bytes of its tar that are no content: headers, padding, the end.
    """

    changes: tuple[Change, ...] = field(default_factory=tuple)
    frame: int = 0


def layer_files(content: IO[bytes]) -> LayerFiles:
    """Return what a layer does, from its unpacked tar."""
    counted = _Counted(content)
    changes = tuple(_changes(counted))
    while counted.read(1 << 20):  # what stands behind the end
        pass
    contents = sum(each.content.size for each in changes if each.content is not None)
    return LayerFiles(changes, counted.count - contents)


def _changes(content: _Counted) -> Iterator[Change]:
    with tarfile.open(fileobj=cast("IO[bytes]", content), mode="r|") as archive:
        for member in archive:
            path = posixpath.normpath(member.name).strip("/")
            folder, name = posixpath.split(path)
            if name == _ALL_HIDDEN:
                yield Change("emptied", folder)
            elif name.startswith(_HIDDEN):
                yield Change("gone", posixpath.join(folder, name.removeprefix(_HIDDEN)))
            elif member.isdir():
                yield Change("folder", path)
            elif member.issym():
                yield Change("link", path, member.linkname)
            elif member.islnk():
                yield Change("same", path, posixpath.normpath(member.linkname).strip("/"))
            elif member.isreg():
                source = archive.extractfile(member)
                yield Change("file", path, content=_content(path, source.read() if source is not None else b""))
            else:
                yield Change("other", path)


def _content(path: str, content: bytes) -> Content:
    secret = leaks.may_hold_secret(path, len(content)) and leaks.holds_secret(path, content.decode("utf-8", "replace"))
    return Content(
        len(content),
        hashlib.sha256(content).hexdigest(),
        secret,
        read_binary(content) if content.startswith(MAGIC) else None,
        content.decode("utf-8", "replace") if _says_whose(path) and len(content) <= _KEPT_TEXT else None,
    )


def _says_whose(path: str) -> bool:
    folder, name = posixpath.split(path)
    return (
        (folder.endswith(".dist-info") and name in {"RECORD", "WHEEL"})
        or (folder == "var/lib/dpkg/info" and name.endswith(".list"))
        or path == slimming.REPORT
        or path in {"lib/apk/db/installed", "usr/lib/apk/db/installed", "etc/ld.so.conf"}
        or (folder == "etc/ld.so.conf.d" and name.endswith(".conf"))
    )


class _Counted:
    """A stream that counts what was read of it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        data = self._content.read(size)
        self.count += len(data)
        return data
