"""A folder with images as the OCI image layout has it: blobs by their digests, and an index that names manifests.

A blob appears by a rename when it is whole, and the index is replaced as a whole. So a kill at any moment leaves the
images that were there, and at most blobs that nothing names, which `sweep` deletes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from buildkit.core import untrusted
from buildkit.doors import files, reading
from buildkit.registry.reference import digest_of

INDEX = "application/vnd.oci.image.index.v1+json"
NAME = "org.opencontainers.image.ref.name"
_VERSION = b'{"imageLayoutVersion":"1.0.0"}'
_CHUNK = 1 << 20
_MOST = 4 << 20


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest or an index says of a blob.

    Args:
        media_type: what it is.
        digest: its digest, as `sha256:…`.
        size: its bytes.
        more: further members, such as `annotations` and `platform`.
    """

    media_type: str
    digest: str
    size: int
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as a member of a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **self.more}


def descriptor(value: object) -> Descriptor:
    """Return the descriptor that a manifest has, checked.

    Raises:
        Odd: it is none.
    """
    found = untrusted.table(value)
    more = {key: each for key, each in found.items() if key not in {"mediaType", "digest", "size"}}
    return Descriptor(
        untrusted.text(found.get("mediaType", "")),
        digest_of(found.get("digest")),
        untrusted.number(found.get("size")),
        more,
    )


def as_bytes(value: object) -> bytes:
    """Return a JSON document; the same value gives the same bytes."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


class Layout:
    """The layout in a folder.

    Args:
        folder: it is made by the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, digest: str) -> Path:
        """Return the file of a blob."""
        return self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def has(self, digest: str, size: int) -> bool:
        """Return whether a blob of this size is there."""
        try:
            return self.place(digest).stat().st_size == size
        except OSError:
            return False

    def read(self, digest: str, most: int = _MOST) -> bytes:
        """Return a small blob.

        Raises:
            OSError: it is not there.
            Odd: its content has another digest.
        """
        content = reading.read(self.place(digest), most=most)
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise untrusted.Odd(f"{digest[:19]}… in {self.folder} has other bytes")
        return content

    def blocks(self, digest: str, offset: int = 0) -> Iterator[bytes]:
        """Yield the content of a blob from an offset on."""
        with self.place(digest).open("rb") as file:
            file.seek(offset)
            while block := file.read(_CHUNK):
                yield block

    def add(self, media_type: str, content: bytes, **more: Any) -> Descriptor:  # noqa: ANN401 - members of JSON
        """Store a blob; return its descriptor with `more` members."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if not self.has(digest, len(content)):
            files.write(self.place(digest), content)
        return Descriptor(media_type, digest, len(content), more)

    @contextlib.contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """Open a blob that is written piece by piece, and is stored when `finish` is called."""
        place = self.folder / "blobs" / "sha256" / "incoming"
        with files.staged(place) as (opened, temporary), os.fdopen(opened, "wb", closefd=False) as file:
            yield Incoming(self, file, temporary)

    # ------------------------------------------------------------------ names

    def names(self) -> dict[str, Descriptor]:
        """Return the images by their names; an image without a name has an empty one.

        Raises:
            OSError: there is no index.
            Odd: it is none.
        """
        found = untrusted.table(untrusted.json_of(reading.read(self.folder / "index.json", most=_MOST)))
        rows = [descriptor(each) for each in untrusted.rows(found.get("manifests"))]
        return {str(untrusted.table(each.more.get("annotations", {})).get(NAME, "")): each for each in rows}

    def known(self) -> dict[str, Descriptor]:
        """Return the images by their names; none where there is no index that can be read."""
        with contextlib.suppress(OSError, ValueError):
            return self.names()
        return {}

    def name(self, images: Mapping[str, Descriptor], forgotten: Iterable[str] = ()) -> None:
        """Name manifests, and forget the names in `forgotten`; all other names stay."""
        kept = {name: each for name, each in self.known().items() if name not in {*forgotten}}
        self._write({**kept, **images})

    def _write(self, images: Mapping[str, Descriptor]) -> None:
        files.write_if_changed(self.folder / "oci-layout", _VERSION)
        rows = []
        for name, each in sorted(images.items()):
            annotations = {**each.more.get("annotations", {}), **({NAME: name} if name else {})}
            rows.append(
                Descriptor(each.media_type, each.digest, each.size, {**each.more, "annotations": annotations}).as_json()
            )
        files.write_if_changed(
            self.folder / "index.json", as_bytes({"schemaVersion": 2, "mediaType": INDEX, "manifests": rows})
        )

    def sweep(self, keep: Iterable[str] = ()) -> int:
        """Delete the blobs that no image has; return their bytes.

        Args:
            keep: digests of further blobs that stay.
        """
        wanted = {*keep}
        for each in self.known().values():
            wanted |= self.reachable(each)
        gone = 0
        for place in (self.folder / "blobs" / "sha256").glob("*"):
            if f"sha256:{place.name}" not in wanted and not place.name.startswith("."):
                gone += place.stat().st_size
                files.remove(place)
        files.remove_staged(self.folder / "blobs" / "sha256" / "incoming")
        return gone

    def reachable(self, each: Descriptor) -> set[str]:
        """Return the digests of all that an image or index consists of; what cannot be read has no parts."""
        found = {each.digest}
        with contextlib.suppress(OSError, ValueError):
            about = untrusted.table(untrusted.json_of(self.read(each.digest)))
            parts = [about["config"]] if "config" in about else []
            for part in (*parts, *about.get("layers", ()), *about.get("manifests", ())):
                inner = descriptor(part)
                found |= self.reachable(inner) if "manifest" in inner.media_type else {inner.digest}
        return found


class Incoming:
    """A blob that is being written.

    Args:
        layout: where it will be.
        file: its file.
        temporary: the name of that file.
    """

    def __init__(self, layout: Layout, file: BinaryIO, temporary: str) -> None:
        self._layout = layout
        self._file = file
        self._temporary = temporary
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, block: bytes) -> int:
        """Add a piece."""
        self._hash.update(block)
        self.size += len(block)
        return self._file.write(block)

    def flush(self) -> None:
        """Do nothing: what wraps this calls it."""

    @property
    def digest(self) -> str:
        """The digest of what was written."""
        return f"sha256:{self._hash.hexdigest()}"

    def finish(self) -> None:
        """Let the blob appear under its digest."""
        self._file.flush()
        os.replace(self._temporary, self._layout.place(self.digest))  # noqa: PTH105 - both are known to exist
