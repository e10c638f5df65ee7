"""Sends the blobs that a repository lacks, then the manifests.

A blob is sent before what names it, and a manifest under its tag last. So a push that was cut has left no image that
lacks a part, and the next one goes on where it was: what has arrived is found by asking for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from buildkit.core.advance import UNSEEN, Advance
from buildkit.image.oci.layout import Descriptor, Layout
from buildkit.image.push.parcel import Parcel
from buildkit.registry.client import Repository

AT_ONCE = 4
"""Blobs that are sent side by side."""

SMALL = 64 << 10
"""Bytes up to which a blob is sent without asking whether it is there: to ask takes as long."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent.

    Args:
        blobs: how many blobs.
        size: their bytes.
        mounted: how many were taken over from another repository of the registry.
    """

    blobs: int = 0
    size: int = 0
    mounted: int = 0


def send_blobs(
    parcel: Parcel,
    repository: Repository,
    known: Collection[str],
    mountable: Iterable[str] = (),
    source: str = "",
    advance: Advance = UNSEEN,
) -> Sent:
    """Send the blobs of an image that a repository lacks.

    Args:
        parcel: the image.
        repository: the repository.
        known: digests of blobs that it has.
        mountable: digests of blobs that another repository of the registry has.
        source: that repository's name; empty if there is none.
        advance: told of the blobs, each with its bytes.

    Raises:
        Failure: the registry refuses, or cannot be reached.
    """
    missing = [each for digest, each in parcel.blobs.items() if digest not in known]
    shared = frozenset(mountable) if source else frozenset()
    advance.expects({_short(each): each.size for each in missing})
    send = partial(_send, parcel.layout, repository, shared, source, advance)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [*pool.map(send, missing)]
    return Sent(sum(each.blobs for each in done), sum(each.size for each in done), sum(each.mounted for each in done))


def send_blob(layout: Layout, repository: Repository, each: Descriptor) -> Sent:
    """Send one blob, unless the repository has it."""
    return _send(layout, repository, frozenset(), "", UNSEEN, each)


def _short(blob: Descriptor) -> str:
    return blob.digest[:19]


def _send(
    layout: Layout, repository: Repository, shared: Collection[str], source: str, advance: Advance, each: Descriptor
) -> Sent:
    if each.digest in shared and repository.mount(each.digest, source):
        advance.skips(_short(each))
        return Sent(mounted=1)

    def hear(gone: int) -> None:
        advance.reaches(_short(each), gone, each.size)

    advance.begins(_short(each))
    read = partial(layout.blocks, each.digest)
    if each.size <= SMALL:
        sent = repository.send(each.digest, each.size, read)
    else:
        sent = repository.upload(each.digest, each.size, read, hear)
    if sent:
        advance.done(_short(each))
    else:
        advance.skips(_short(each))
    return Sent(1, sent) if sent else Sent()


def send_parts(parcel: Parcel, repository: Repository) -> None:
    """Send the manifests that an index names.

    Raises:
        Failure: the registry refuses, or cannot be reached.
    """
    for each in parcel.parts:
        repository.put(each.text, each.digest, each.kind)
