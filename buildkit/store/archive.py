"""Entries of the store as one file: a gzip-packed tar, the same bytes for the same entries.

Each action follows the blobs that it names. So an archive of which only the beginning can be read is of use as far as
it goes. A blob's name follows from its content; an action's does not, and a flipped bit can make it that of another, so
the key stands in its text too. Names from an archive are never used as paths: what they name must be the name of an
entry.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.doors import files
from buildkit.model import Digest
from buildkit.store.artifacts import BLOBS, DEFLATED, KEEP, LAYOUT, OBJECT, Store, action, action_text, blob

_LEVEL = 6
_CHUNK = 1 << 20
_ENDING = f"{re.escape(DEFLATED)}|{re.escape(OBJECT)}"
_NAME = re.compile(rf"v(\d+)/(actions|blobs)/[0-9a-f]{{2}}/([0-9a-f]{{64}})({_ENDING})?")

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
        Damaged: an entry is not what it says, or the archive is cut, or it is none.
        OSError: the archive cannot be read, or the store cannot be written.
    """
    tally = Tally()
    with source.open("rb") as file, gzip.GzipFile(fileobj=file) as packed:
        try:
            with tarfile.open(fileobj=packed, mode="r|") as archive:
                for member in archive:
                    content = archive.extractfile(member)
                    _take(store, member.name, b"" if content is None else content.read(), tally)
            while packed.read(_CHUNK):  # the checksum of the whole stands at its end
                pass
        except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise Damaged(str(error) or "it is cut") from None
    return tally


def _take(store: Store, name: str, content: bytes, tally: Tally) -> None:
    found = _NAME.fullmatch(name)
    if found is None:
        raise Damaged(f"{name[:80]!r} is no entry of a store")
    layout, kind, digest, ending = found.groups()
    if layout != LAYOUT:
        raise Damaged(f"it was packed from a store of layout {layout}, this version has {LAYOUT}")
    if kind == "blobs":
        _take_blob(store, Digest(digest), content, tally, ending or "")
    else:
        _take_action(store, Digest(digest), content, tally)


def _take_blob(store: Store, digest: Digest, kept: bytes, tally: Tally, ending: str) -> None:
    if blob(digest, kept, deflated=ending == DEFLATED) is None:
        raise Damaged(f"blob {digest[:12]}…: its content is not what its name says")
    if store.has(digest):
        tally.known += 1
    else:
        files.write(store.path("blobs", digest, ending), kept)
        tally.blobs += 1


def _take_action(store: Store, key: Digest, text: bytes, tally: Tally) -> None:
    first, *made = action(text) or [{}]
    if first != {"key": key}:
        raise Damaged(f"action {key[:12]}…: its content is not what its name says")
    own = store.entries(key)
    new = [entry for entry in made if entry not in own and (not entry.get("output") or store.has(entry["output"]))]
    if new:
        files.write(store.path("actions", key), action_text([*own, *new][:KEEP]))
        tally.actions += 1
    else:
        tally.known += 1
