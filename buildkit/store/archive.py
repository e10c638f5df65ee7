"""Entries of the store as one file: a gzip-packed tar, the same bytes for the same entries.

Each action follows the blobs that it names. So an archive of which only the beginning can be read is of use as far as
it goes. A blob's name follows from its content; an action's does not, and a flipped bit can make it that of another, so
the key stands in its text too. Names from an archive are never used as paths: what they name must be the name of an
entry. Nothing of it is in memory as a whole, and it cannot unpack to more than a share of its own size.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import re
import stat
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core import tar, untrusted
from buildkit.core.tar import CHUNK, Member, Reader
from buildkit.core.untrusted import Odd
from buildkit.doors import files
from buildkit.model import Digest
from buildkit.store.artifacts import (
    BLOBS,
    DEFLATED,
    KEEP,
    LAYOUT,
    MOST_ACTION,
    MOST_CONTENT,
    OBJECT,
    Store,
    action,
    action_text,
)

_LEVEL = 6
_SHARE = 100
_FREE = 256 << 20
FLIPPED = "its content is not what its name says"
_ENDING = f"{re.escape(DEFLATED)}|{re.escape(OBJECT)}"
_NAME = re.compile(rf"v(\d+)/(actions|blobs)/([0-9a-f]{{2}})/([0-9a-f]{{64}})({_ENDING})?")

Action = tuple[Digest, Sequence[Mapping[str, Any]]]


class Damaged(Exception):  # noqa: N818 - a fact: the flow words it
    """The archive cannot be believed. What was read until then is in the store."""


@dataclass(slots=True)
class Tally:
    """How many entries went into an archive or came out of one.

    Args:
        actions: actions that were packed, or that the store did not have like that.
        blobs: the same for blobs.
        known: entries of the archive that the store had already.
    """

    actions: int = 0
    blobs: int = 0
    known: int = 0


def pack(store: Store, actions: Iterable[Action], target: Path, *, means: bool = False) -> Tally:
    """Write an archive of these actions with what they made. An entry without its output is left out.

    Args:
        store: has the blobs.
        actions: each with the entries that are to be packed, in the order of the archive.
        target: the archive; it appears all at once.
        means: also what the output was made from, which no restore needs.

    Raises:
        OSError: the archive cannot be written.
    """
    tally = Tally()
    done: set[Digest] = set()
    with files.staged(target) as (descriptor, temporary):
        with (
            open(descriptor, "wb", closefd=False) as file,
            gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for key, entries in actions:
                whole = [entry for entry in entries if _add_blobs(store, entry, archive, done, means=means)]
                if whole:
                    _add(archive, store.path("actions", key), action_text([{"key": key}, *whole]))
                    tally.actions += 1
        os.replace(temporary, target)  # noqa: PTH105 - both are known to exist
    tally.blobs = len(done)
    return tally


def _add_blobs(
    store: Store, entry: Mapping[str, Any], archive: tarfile.TarFile, done: set[Digest], *, means: bool
) -> bool:
    """Pack the blobs that an entry names; return whether its output, if it names one, is in the archive."""
    for name in BLOBS if means else BLOBS[:1]:
        digest = Digest(entry.get(name, ""))
        found = store.find(digest) if digest and digest not in done else None
        if found is not None:
            path, kept, _ = found
            _add(archive, path, kept)
            done.add(digest)
    return not entry.get("output") or entry["output"] in done


def _add(archive: tarfile.TarFile, path: Path, content: bytes) -> None:
    member = tarfile.TarInfo("/".join(path.parts[-4:]))
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def unpack(store: Store, source: Path) -> Tally:
    """Put the entries of an archive into the store, each as soon as it proved whole; what the store has stays.

    Raises:
        Damaged: an entry is not what it says, or the archive is cut, or it is none, or it would unpack to far more
            than it holds.
        OSError: the archive cannot be read, or the store cannot be written.
    """
    if not stat.S_ISREG(source.stat().st_mode):  # nobody waits at a pipe
        raise Damaged("it is no regular file")
    tally = Tally()
    with source.open("rb") as file, gzip.GzipFile(fileobj=file) as packed:
        limit = _Limit(os.fstat(file.fileno()).st_size)

        def read(size: int) -> bytes:
            return limit.spend(packed.read(size))

        try:
            reader = tar.Reader(read)
            for member in reader:
                _take(store, member, reader, tally, limit)
            while read(CHUNK):  # the checksum of the whole stands at its end
                pass
        except (Odd, zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise Damaged(str(error) or "it is cut") from None
    return tally


class _Limit:
    """How much an archive may unpack to: a share of what it takes itself. C and machine code are far below it.

    Args:
        size: bytes of the archive.
    """

    def __init__(self, size: int) -> None:
        self._left = _FREE + _SHARE * size

    def spend(self, content: bytes) -> bytes:
        """Return `content`, if that much may still come."""
        self._left -= len(content)
        if self._left < 0:
            raise Odd("it unpacks to far more than it holds")
        return content


def _take(store: Store, member: Member, reader: Reader, tally: Tally, limit: _Limit) -> None:
    found = _NAME.fullmatch(member.name)
    if found is None:
        raise Odd(f"{untrusted.shown(repr(member.name))} is no entry of a store")
    layout, kind, place, digest, ending = found.groups()
    if layout != LAYOUT:
        raise Odd(f"it was packed from a store of layout {layout}, this version has {LAYOUT}")
    if place != digest[: len(place)] or (kind == "actions" and ending):
        raise Odd(f"{untrusted.shown(repr(member.name))} is no entry of a store")
    if kind == "blobs":
        _take_blob(store, Digest(digest), member, reader, tally, ending or "", limit)
    elif member.size > MOST_ACTION:
        raise Odd(f"action {digest[:12]}…: {member.size:,} bytes")
    else:
        _take_action(store, Digest(digest), b"".join(reader.content()), tally)


def _take_blob(
    store: Store, digest: Digest, member: Member, reader: Reader, tally: Tally, ending: str, limit: _Limit
) -> None:
    """Take a blob piece by piece: whatever it comes to, no more than a piece of it is in memory."""
    if member.size > MOST_CONTENT:
        raise Odd(f"blob {digest[:12]}…: {member.size:,} bytes")
    known = store.has(digest)
    with files.staged(store.path("blobs", digest, ending)) if not known else contextlib.nullcontext((-1, "")) as place:
        descriptor, temporary = place
        whole = hashlib.sha256()
        for piece in _opened(_kept(reader, descriptor), limit) if ending == DEFLATED else _kept(reader, descriptor):
            whole.update(piece)
        if whole.hexdigest() != digest:
            raise Odd(f"blob {digest[:12]}…: {FLIPPED}")
        if known:
            tally.known += 1
            return
        os.replace(temporary, store.path("blobs", digest, ending))  # noqa: PTH105 - both are known to exist
        tally.blobs += 1


def _kept(reader: Reader, descriptor: int) -> Iterator[bytes]:
    """Give the content of a member; write it to the file on the way, if there is one."""
    for piece in reader.content():
        view = memoryview(piece)
        while view and descriptor >= 0:
            view = view[os.write(descriptor, view) :]
        yield piece


def _opened(kept: Iterator[bytes], limit: _Limit) -> Iterator[bytes]:
    """Give what is deflated in `kept`; it ends where that ends."""
    opened, size = zlib.decompressobj(), 0
    for each in kept:
        rest = each
        while rest and not opened.eof:
            piece = limit.spend(opened.decompress(rest, CHUNK))
            rest = opened.unconsumed_tail
            size += len(piece)
            if size > MOST_CONTENT:
                raise Odd("a text of more bytes than any has")
            yield piece
    yield limit.spend(opened.flush())
    if not opened.eof or opened.unused_data:
        raise Odd(FLIPPED)


def _take_action(store: Store, key: Digest, text: bytes, tally: Tally) -> None:
    first, *made = action(text) or [{}]
    if first != {"key": key}:
        raise Odd(f"action {key[:12]}…: {FLIPPED}")
    own = store.entries(key)
    new = [entry for entry in made if entry not in own and (not entry.get("output") or store.has(entry["output"]))]
    if new:
        files.write(store.path("actions", key), action_text([*own, *new][:KEEP]))
        tally.actions += 1
    else:
        tally.known += 1
