"""Which files of two images differ, layer by layer, and what made them differ."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from buildkit.core.untrusted import Odd
from buildkit.image.oci.layout import Descriptor, Layout
from buildkit.image.push.parcel import Manifest

_TIMED = 0
"""The flags of bytecode that has the time of its source in it (PEP 552)."""

_CAUSES = (
    ("uv_cache.json", "uv notes there when it installed the package: install by pip, or delete it in the same step"),
    ("direct_url.json", "it has the address that the package came from: install it from the same one"),
    ("etc/ld.so.cache", "ldconfig writes it anew: delete it, or run ldconfig in one step alone"),
    ("var/cache/ldconfig/aux-cache", "ldconfig keeps times of files there: delete it in the same step"),
    ("/RECORD", "it lists a file that differs"),
    ("var/log/", "a log has the time of the build: delete it in the same step"),
    ("var/lib/apt/", "lists of packages are those of the day: delete them in the same step"),
    ("var/cache/", "a cache is never the same twice: delete it in the same step, or use a cache mount"),
)


@dataclass(frozen=True, slots=True)
class Different:
    """A file that differs.

    Args:
        path: the file.
        layer: the number of its layer, from 1.
        cause: what made it differ, and what would mend that.
    """

    path: str
    layer: int
    cause: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A member of a layer."""

    kind: bytes
    mode: int
    owner: tuple[int, int]
    time: float
    link: str
    size: int
    digest: str
    start: bytes


def differing(first: tuple[Layout, Manifest], second: tuple[Layout, Manifest]) -> list[Different]:
    """Return the files that differ between two images, in the order of their layers.

    Raises:
        Odd: a layer cannot be read.
    """
    (one, mine), (two, theirs) = first, second
    before, after = mine.blobs[1:], theirs.blobs[1:]
    found: list[Different] = []
    if len(before) != len(after):
        words = f"{len(before)} layers and {len(after)}: the images have other parts"
        found.append(Different("(layers)", min(len(before), len(after)) + 1, words))
    for number, (left, right) in enumerate(zip(before, after, strict=False), 1):
        if left.digest != right.digest:
            rows = [*_of_layer(_members(one, left), _members(two, right), number)]
            words = "the same files, packed in another way or order"
            found += rows or [Different("(archive)", number, words)]
    return found


def _of_layer(before: dict[str, _Found], after: dict[str, _Found], number: int) -> Iterator[Different]:
    for path in sorted(before.keys() | after.keys()):
        left, right = before.get(path), after.get(path)
        if left is None or right is None:
            which = "second" if left is None else "first"
            yield Different(path, number, f"only the {which} build has it{_known(path)}")
        elif left != right:
            yield Different(path, number, _cause(path, left, right))


def _cause(path: str, left: _Found, right: _Found) -> str:
    if left.kind != right.kind or left.link != right.link:
        return "another kind of thing, or a link that leads elsewhere"
    if left.digest != right.digest:
        return _of_content(path, left, right)
    if left.mode != right.mode:
        return f"mode {left.mode:o} and {right.mode:o}: the umask of a build, or the mode in the checkout"
    if left.owner != right.owner:
        return f"owner {left.owner[0]}:{left.owner[1]} and {right.owner[0]}:{right.owner[1]}"
    return "the time of the file: set it to a fixed one in the same step (touch -h -d @315532800)"


def _of_content(path: str, left: _Found, right: _Found) -> str:
    if known := _known(path):
        return known.removeprefix(": ")
    if path.endswith(".pyc"):
        timed = int.from_bytes(left.start[4:8], "little") == _TIMED
        return (
            "bytecode with the time of its source in it: compile with --invalidation-mode unchecked-hash"
            if timed
            else "bytecode of other code: its source differs, or a set in it was written in another order"
        )
    if path.endswith(".so"):
        return "an extension compiled otherwise: another compiler, or a path or a time in it (__FILE__, __DATE__)"
    return f"its content, {left.size:,} and {right.size:,} bytes: what writes it uses a time, a path or chance"


def _known(path: str) -> str:
    found = next((words for part, words in _CAUSES if part in f"/{path}"), "")
    return f": {found}" if found else ""


def _members(layout: Layout, layer: Descriptor) -> dict[str, _Found]:
    found = {}
    try:
        with tarfile.open(layout.place(layer.digest), mode="r|*") as archive:
            for each in archive:
                stream = archive.extractfile(each) if each.isfile() else None
                start, digest = b"", hashlib.sha256()
                while stream is not None and (block := stream.read(1 << 20)):
                    start = start or block[:16]
                    digest.update(block)
                owner = (each.uid, each.gid)
                found[each.name.rstrip("/")] = _Found(
                    each.type, each.mode, owner, each.mtime, each.linkname, each.size, digest.hexdigest(), start
                )
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Odd(f"layer {layer.digest[:19]}… cannot be read: {error}") from None
    return found
