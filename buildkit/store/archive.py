"""Packs entries of the store into one reproducible .tar.gz file, and unpacks them.

Each action follows the blobs that it names. So an archive of which only the beginning can be read is of use as far as
it goes. A blob's name follows from its content; an action's does not, and a flipped bit can make it that of another, so
the key stands in its text too. Names from an archive are never used as paths: what they name must be the name of an
entry. Nothing of it is in memory as a whole, and it cannot unpack to more than a share of its own size.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.core.advance import UNSEEN, Advance
from buildkit.core.untrusted import Odd
from buildkit.doors import files
from buildkit.model import Digest
from buildkit.store.artifacts import (
    BLOBS,
    CONTENT_DIFFERS,
    DEFLATED,
    KEEP,
    LAYOUT,
    MOST_ACTION,
    MOST_CONTENT,
    OBJECT,
    Store,
    action_text,
    parse_action,
)
from buildkit.trees import tar
from buildkit.trees.inflating import Allowance, inflated
from buildkit.trees.tar import CHUNK, Member, Reader

_LEVEL = 6
_MODE = 0o644
_ENDING = f"{re.escape(DEFLATED)}|{re.escape(OBJECT)}"
_NAME = re.compile(rf"v(\d+)/(actions|blobs)/([0-9a-f]{{2}})/([0-9a-f]{{64}})({_ENDING})?")

PackedAction = tuple[Digest, Sequence[Mapping[str, Any]]]


class Damaged(Exception):  # noqa: N818 - a fact: the flow words it
    """The archive is damaged. The entries before the damage have been stored."""


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


def pack(store: Store, actions: Iterable[PackedAction], target: Path, *, with_intermediates: bool = False) -> Tally:
    """Write an archive of the actions and their blobs. An entry whose output is missing is left out.

    Args:
        store: has the blobs.
        actions: each with the entries that are to be packed, in the order of the archive.
        target: the archive; it appears all at once.
        with_intermediates: also pack C and objects, which only a new compilation needs.

    Raises:
        OSError: the archive cannot be written.
    """
    tally = Tally()
    done: set[Digest] = set()
    with files.staged(target) as (descriptor, temporary):
        with (
            open(descriptor, "wb", closefd=False) as file,
            gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
        ):
            for block in tar.written(
                _members(store, actions, tally, done, with_intermediates=with_intermediates), tar.RECORD
            ):
                packed.write(block)
        os.replace(temporary, target)  # noqa: PTH105 - both are known to exist
    tally.blobs = len(done)
    return tally


def _members(
    store: Store, actions: Iterable[PackedAction], tally: Tally, done: set[Digest], *, with_intermediates: bool
) -> Iterator[tuple[Member, Sequence[bytes]]]:
    """Yield each entry as a member of the archive, blobs before the actions that name them; count the actions."""
    for key, entries in actions:
        whole = []
        for entry in entries:
            yield from _blobs(store, entry, done, with_intermediates=with_intermediates)
            if not entry.get("output") or entry["output"] in done:
                whole.append(entry)
        if whole:
            yield _member(store.path("actions", key), action_text([{"key": key}, *whole]))
            tally.actions += 1


def _blobs(
    store: Store, entry: Mapping[str, Any], done: set[Digest], *, with_intermediates: bool
) -> Iterator[tuple[Member, Sequence[bytes]]]:
    """Yield the blobs that an entry names and that are not in the archive yet."""
    for name in BLOBS if with_intermediates else BLOBS[:1]:
        digest = Digest(entry.get(name, ""))
        found = store.find(digest) if digest and digest not in done else None
        if found is not None:
            path, kept, _ = found
            done.add(digest)
            yield _member(path, kept)


def _member(path: Path, content: bytes) -> tuple[Member, Sequence[bytes]]:
    return Member("/".join(path.parts[-4:]), len(content), _MODE), [content]


def unpack(store: Store, source: Path, advance: Advance = UNSEEN) -> Tally:
    """Put the entries of an archive into the store, each as soon as it proved whole; what the store has stays.

    Args:
        store: takes the entries.
        source: the archive.
        advance: hears how many bytes of the archive have been read, as a part with the archive's name.

    Raises:
        Damaged: an entry's content does not match its name, the archive is truncated or no archive, or it would expand
            to far more than its own size.
        OSError: the archive cannot be read, or the store cannot be written.
    """
    if not stat.S_ISREG(source.stat().st_mode):  # nobody waits at a pipe
        raise Damaged("it is no regular file")
    tally = Tally()
    with source.open("rb") as file, gzip.GzipFile(fileobj=file) as packed:
        whole = os.fstat(file.fileno()).st_size
        allowance = Allowance(whole)
        advance.expects({source.name: whole})

        def read(size: int) -> bytes:
            advance.reaches(source.name, file.tell(), whole)
            return allowance.spend(packed.read(size))

        try:
            reader = tar.Reader(read)
            for member in reader:
                _take(store, member, reader, tally, allowance)
            while read(CHUNK):  # the checksum of the whole stands at its end
                pass
        except (Odd, zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise Damaged(str(error) or "it is cut") from None
    return tally


def _take(store: Store, member: Member, reader: Reader, tally: Tally, allowance: Allowance) -> None:
    found = _NAME.fullmatch(member.name)
    if found is None:
        raise Odd(f"{untrusted.shown(repr(member.name))} is no entry of a store")
    layout, kind, place, digest, ending = found.groups()
    if layout != LAYOUT:
        raise Odd(f"it was packed from a store of layout {layout}, this version has {LAYOUT}")
    if place != digest[: len(place)] or (kind == "actions" and ending):
        raise Odd(f"{untrusted.shown(repr(member.name))} is no entry of a store")
    if kind == "blobs":
        _take_blob(store, Digest(digest), member, reader, tally, ending or "", allowance)
    elif member.size > MOST_ACTION:
        raise Odd(f"action {digest[:12]}…: {member.size:,} bytes")
    else:
        _take_action(store, Digest(digest), b"".join(reader.content()), tally)


def _take_blob(
    store: Store, digest: Digest, member: Member, reader: Reader, tally: Tally, ending: str, allowance: Allowance
) -> None:
    """Unpack a blob in pieces, so that no more than one piece is in memory."""
    if member.size > MOST_CONTENT:
        raise Odd(f"blob {digest[:12]}…: {member.size:,} bytes")
    known = store.has(digest)
    with files.staged(store.path("blobs", digest, ending)) if not known else contextlib.nullcontext((-1, "")) as place:
        descriptor, temporary = place
        whole = hashlib.sha256()
        for piece in _content(reader, descriptor, allowance, deflated=ending == DEFLATED):
            whole.update(piece)
        if whole.hexdigest() != digest:
            raise Odd(f"blob {digest[:12]}…: {CONTENT_DIFFERS}")
        if known:
            tally.known += 1
            return
        os.replace(temporary, store.path("blobs", digest, ending))  # noqa: PTH105 - both are known to exist
        tally.blobs += 1


def _content(reader: Reader, descriptor: int, allowance: Allowance, *, deflated: bool) -> Iterator[bytes]:
    kept = _kept(reader, descriptor)
    return inflated(kept, allowance, MOST_CONTENT) if deflated else kept


def _kept(reader: Reader, descriptor: int) -> Iterator[bytes]:
    """Give the content of a member; write it to the file on the way, if there is one."""
    for piece in reader.content():
        if descriptor >= 0:
            files.write_all(descriptor, piece)
        yield piece


def _take_action(store: Store, key: Digest, text: bytes, tally: Tally) -> None:
    first, *made = parse_action(text) or [{}]
    if first != {"key": key}:
        raise Odd(f"action {key[:12]}…: {CONTENT_DIFFERS}")
    own = store.entries(key)
    new = [entry for entry in made if entry not in own and (not entry.get("output") or store.has(entry["output"]))]
    if new:
        files.write(store.path("actions", key), action_text([*own, *new][:KEEP]))
        tally.actions += 1
    else:
        tally.known += 1
