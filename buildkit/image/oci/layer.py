"""Writes a layer: a tar that follows from its files alone, packed by gzip.

Names are sorted as bytes, folders above a file are in it, owners are numbers, every time is 1980. So the same files
make the same tar on every machine, whoever has checked them out, when and where. Headers are those of POSIX 1003.1-1988
(ustar) where these suffice, and GNU's for longer names: some scanners of images misread the records of pax.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, cast

from buildkit.core.fingerprint import digest_value
from buildkit.image.oci.layout import Incoming, Layout
from buildkit.image.oci.nodes import FILE, FOLDER, LINK, Node, Tree
from buildkit.trees.tar import BLOCK, ENDING, RECORD, padding

MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
TIME = 315532800
"""1 January 1980 in seconds: the time of every file."""

LEVEL = 6
_RECIPE = 1
"""A number to raise when the same files are to make another layer."""

_KINDS = {FILE: tarfile.REGTYPE, FOLDER: tarfile.DIRTYPE, LINK: tarfile.SYMTYPE}


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is stored.

    Args:
        diff_id: the digest of its tar.
        digest: the digest of the packed tar.
        size: bytes of the packed tar.
        unpacked: bytes of the tar.
    """

    diff_id: str
    digest: str
    size: int
    unpacked: int


def key_of(tree: Tree) -> str:
    """Return a digest of all that a layer's bytes follow from."""
    rows = [
        [path, node.kind, node.mode, node.user, node.group, node.link, node.content.identity if node.content else ""]
        for path, node in sorted(tree.items())
    ]
    return str(digest_value([_RECIPE, LEVEL, rows]))


def with_folders(tree: Tree, folder: Callable[[str], Node | None]) -> dict[str, Node]:
    """Return a layer's files with the folders above them.

    Those that the base has are among them, as it has them: what unpacks a layer makes a folder that the layer lacks
    with the usual mode, and where layers are laid over each other the uppermost folder counts.

    Args:
        tree: the files.
        folder: returns a folder of the image by its path; None for one with the usual mode and owner.
    """
    whole = dict(tree)
    for path in tree:
        above = path.rpartition("/")[0]
        while above and above not in whole:
            whole[above] = folder(above) or Node(FOLDER, 0o755)
            above = above.rpartition("/")[0]
    return whole


def write(layout: Layout, tree: Tree) -> Layer:
    """Write a layer into a layout.

    Raises:
        OSError: a file cannot be read, or the disk is full.
    """
    with layout.incoming() as blob:
        diff_id, unpacked = pack(tar_of(tree), blob)
        blob.finish()
        return Layer(diff_id, blob.digest, blob.size, unpacked)


def pack(blocks: Iterable[bytes], target: Incoming) -> tuple[str, int]:
    """Pack a tar by gzip, without a name or a time in it; return the tar's digest and its bytes."""
    unpacked, size = hashlib.sha256(), 0
    opened = cast("IO[bytes]", target)
    with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=opened, mtime=0) as packed:
        for block in blocks:
            unpacked.update(block)
            size += len(block)
            packed.write(block)
    return f"sha256:{unpacked.hexdigest()}", size


def tar_of(tree: Tree) -> Iterator[bytes]:
    """Yield the tar of a layer."""
    total = 0
    for path, node in sorted(tree.items(), key=lambda item: item[0].encode("utf-8", "surrogateescape")):
        content = node.content.read() if node.content else b""
        if content is None:
            continue
        head = _header(path, node, len(content))
        yield head
        yield content
        yield padding(len(content))
        total += len(head) + len(content) + -len(content) % BLOCK
    yield ENDING
    yield bytes(-(total + len(ENDING)) % RECORD)


def _header(path: str, node: Node, size: int) -> bytes:
    head = tarfile.TarInfo(f"{path}/" if node.kind == FOLDER else path)
    head.type, head.mode, head.size, head.mtime = _KINDS[node.kind], node.mode, size, TIME
    head.uid, head.gid = node.user, node.user if node.group is None else node.group
    head.linkname = node.link
    try:
        return head.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
    except ValueError:
        return head.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
