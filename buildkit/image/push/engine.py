"""Brings an image of the engine into the layout, with layers packed here.

The engine gives out an image as a tar: on its older store with layers unpacked, on containerd's with them as a
builder packed them. Both are unpacked and packed again by one recipe. So an image has one digest, whichever store
it comes from, whatever the push of the engine would make of it; its configuration, and so its id, stays as it is.

A layer that was packed before is passed over, so a push after an edit packs what the edit changed.
"""

from __future__ import annotations

import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, cast

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.doors import files, process, reading
from buildkit.errors import ImageError
from buildkit.image.oci.layer import MEDIA_TYPE, pack
from buildkit.image.oci.layout import Descriptor, Layout, as_bytes
from buildkit.image.oci.writing import CONFIG
from buildkit.registry.client import MANIFEST
from buildkit.registry.reference import digest_of

_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MOST_TEXT = 8 << 20
_CHUNK = 1 << 20
_SAVED = "buildkit.saved"


def brought(
    layout: Layout, identity: str, tags: Sequence[str], labels: Mapping[str, str], environment: Mapping[str, str]
) -> Descriptor:
    """Return the manifest of an image of the engine, after bringing what of it the layout lacks.

    Args:
        layout: where it goes.
        identity: its id.
        tags: the names that it has in the layout.
        labels: the annotations of the manifest.
        environment: the variables of the docker client.

    Raises:
        ImageError: the engine does not give it, or it has a form that is not known.
    """
    known = layout.known().get(tags[0])
    if known is not None and known.more.get("annotations", {}).get(_SAVED) == identity and _is_whole(layout, known):
        return known
    taken = _Taken(layout)
    child = process.start(
        ["docker", "image", "save", identity], environment=environment, output=process.PIPE, errors=process.PIPE
    )
    try:
        stream = cast("IO[bytes]", cast("IO[str]", child.stdout).buffer)  # type: ignore[attr-defined]
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                taken.take(archive, member)
        while stream.read(_CHUNK):
            pass
        manifest = taken.manifest(labels)
    except (tarfile.TarError, Odd, KeyError, IndexError, TypeError, EOFError, zlib.error, UnicodeDecodeError) as error:
        words = cast("IO[str]", child.stderr).read() if process.ended_within(child, process.GRACE) else ""
        raise ImageError(
            f"image {tags[0]} cannot be had from the engine: {untrusted.shown(str(error))}",
            details=words.splitlines()[-5:],
            hint="see that the engine answers, and build the image again: invoke image",
        ) from None
    finally:
        process.end(child)
    row = Descriptor(MANIFEST, manifest.digest, manifest.size, {"annotations": {_SAVED: identity}})
    layout.name(dict.fromkeys(tags, row))
    return manifest


def _is_whole(layout: Layout, image: Descriptor) -> bool:
    return all(layout.place(digest).exists() for digest in layout.reachable(image))


class _Taken:
    """What was taken of a saved image so far."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._place = layout.folder / "packed.json"
        self._texts: dict[str, bytes] = {}
        self._members: dict[str, str] = {}
        self._packed: dict[str, Descriptor] = {}
        with suppress(OSError, ValueError, TypeError, KeyError):
            found = untrusted.table(untrusted.json_of(reading.read(self._place, most=_MOST_TEXT)))
            for name, row in untrusted.table(found["layers"]).items():
                digest, size = untrusted.rows(row)
                each = Descriptor(MEDIA_TYPE, digest_of(digest), untrusted.number(size))
                if layout.has(each.digest, each.size):
                    self._packed[digest_of(name)] = each
            members = untrusted.table(found["members"]).items()
            self._members = {name: digest_of(each) for name, each in members if each in self._packed}

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Take one member of the saved image."""
        if not member.isfile():
            return
        blob = f"sha256:{member.name.rpartition('/')[2]}"
        if member.name.startswith("blobs/") and blob in self._packed:
            self._members[member.name] = blob  # on the older store a layer is called by the digest of its tar
            return
        if self._members.get(member.name) in self._packed and member.name.startswith("blobs/"):
            return
        stream = archive.extractfile(member)
        if stream is None:
            return
        start = stream.read(_CHUNK)
        if member.size <= _MOST_TEXT and start.lstrip()[:1] in {b"{", b"["}:
            self._texts[member.name] = start + stream.read()
        elif member.size > 3:  # noqa: PLR2004 - VERSION, a file of three bytes, is no layer
            self._pack(member.name, _blocks(start, stream))

    def _pack(self, name: str, blocks: Iterator[bytes]) -> None:
        with self._layout.incoming() as blob:
            diff_id, _ = pack(_unpacked(blocks), blob)
            blob.finish()
            self._packed[diff_id] = Descriptor(MEDIA_TYPE, blob.digest, blob.size)
            self._members[name] = diff_id

    def manifest(self, labels: Mapping[str, str]) -> Descriptor:
        """Write the manifest of the image, and note what was packed."""
        about = untrusted.table(json.loads(self._texts["manifest.json"])[0])
        config = self._texts[about["Config"]]
        wanted = [digest_of(each) for each in untrusted.table(json.loads(config)["rootfs"])["diff_ids"]]
        named = [self._members.get(name, "") for name in about["Layers"]]
        if named != wanted:
            raise Odd("its layers are not those that its configuration names")
        layers = [self._packed[each].as_json() for each in wanted]
        rows = {each: [self._packed[each].digest, self._packed[each].size] for each in self._packed}
        members = {name: each for name, each in self._members.items() if each in wanted}
        files.write_if_changed(self._place, json.dumps({"layers": rows, "members": members}))
        written = self._layout.add(CONFIG, config)
        manifest: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": written.as_json(),
            "layers": layers,
            "annotations": dict(labels),
        }
        return self._layout.add(MANIFEST, as_bytes(manifest))


def _blocks(start: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield start
    while block := stream.read(_CHUNK):
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a layer as a tar, however it is packed.

    Raises:
        Odd: it is packed in a way that cannot be read here.
    """
    first = next(blocks, b"")
    if first.startswith(_ZSTANDARD):
        raise Odd("a layer is packed by zstd; build with compression=gzip")
    if not first.startswith(_GZIP):
        yield first
        yield from blocks
        return
    opened = zlib.decompressobj(31)
    for block in _chained(first, blocks):
        data = block
        while data:
            yield opened.decompress(data, _CHUNK)
            data = opened.unconsumed_tail
            if opened.eof:  # gzip files may follow each other
                data, opened = opened.unused_data, zlib.decompressobj(31)
    yield opened.flush()


def _chained(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks
