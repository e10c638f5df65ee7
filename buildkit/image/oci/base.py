"""Brings the base of an image into the layout, for one processor, and finds out what it holds.

A base that is there is not asked for again: its tag may have moved since, and an image that changes because somebody
else pushed something is nobody's wish. `pull` looks anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd
from buildkit.doors import files
from buildkit.errors import ImageError
from buildkit.image.oci import ground
from buildkit.image.oci.ground import Ground
from buildkit.image.oci.layer import MEDIA_TYPE, pack
from buildkit.image.oci.layout import Descriptor, Layout, as_bytes, descriptor
from buildkit.image.oci.reference import InLayout
from buildkit.registry.failure import Failure
from buildkit.registry.reference import Reference

_GROUND = "application/vnd.buildkit.ground.v2+json"
_ORIGIN = "org.opencontainers.image.base.digest"
_PLAIN = ("application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar")
_LAYERS = (
    *_PLAIN,
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
)
_MOST = 4 << 20


@dataclass(frozen=True, slots=True)
class Base:
    """A base that lies in the layout.

    Args:
        name: where it came from.
        digest: the digest of its manifest, of the one for this processor.
        configuration: its configuration.
        layers: its layers, the lowest one first.
        ground: what it holds.
    """

    name: str
    digest: str
    configuration: Mapping[str, Any]
    layers: tuple[Descriptor, ...]
    ground: Ground

    @property
    def architecture(self) -> str:
        """The processor, as the Open Container Initiative names it."""
        return str(self.configuration["architecture"])

    @property
    def diff_ids(self) -> list[str]:
        """The digests of its unpacked layers."""
        return [str(each) for each in self.configuration["rootfs"]["diff_ids"]]


def base_name(text: object, architecture: str) -> str:
    """Return the name under which a base lies in the layout."""
    return f"base {text} {architecture}"


def bring(
    layout: Layout,
    where: Reference | InLayout,
    architecture: str,
    environment: Mapping[str, str],
    *,
    pull: bool = False,
) -> Base:
    """Return a base, after fetching what of it the layout lacks.

    Args:
        layout: where it goes.
        where: where it comes from.
        architecture: the processor.
        environment: the variables that hold user and password, or the folder of Docker's own settings.
        pull: look whether there is a newer one.

    Raises:
        ImageError: there is none for this processor, it is damaged, or cannot be had.
    """
    name = base_name(where, architecture)
    known = layout.known().get(name)
    if known is not None and not pull:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return _held(layout, where, known)
    source: Source = _Folder(where) if isinstance(where, InLayout) else _Registry(where, environment)
    try:
        manifest = _of_processor(source, where, architecture)
        return _taken(layout, source, name, where, manifest)
    except Failure as failure:
        raise ImageError(
            f"the base {where} cannot be had: {failure.message}",
            hint=f"{failure.hint}\nor name another base: engine.python-slim",
        ) from None
    except (Odd, KeyError, TypeError) as odd:
        raise ImageError(
            f"the base {where} is no image: {untrusted.shown(odd)}", hint="see what was pushed there"
        ) from None
    except OSError as error:
        raise ImageError(
            f"the base {where} cannot be read: {error.strerror or error}", hint="see that the folder holds its layout"
        ) from None


class Source(Protocol):
    """Where a base is fetched from."""

    def first(self) -> bytes:
        """Return the manifest or index of the base."""

    def manifest(self, digest: str) -> bytes:
        """Return the manifest of one processor."""

    def blob(self, each: Descriptor, layout: Layout) -> None:
        """Bring a blob into the layout."""


class _Registry:
    def __init__(self, where: Reference, environment: Mapping[str, str]) -> None:
        from buildkit.registry.client import Repository  # noqa: PLC0415 - a base that is there needs no network

        self._where = where
        self._repository = Repository(where, environment)

    def first(self) -> bytes:
        return self.manifest(self._where.wanted)

    def manifest(self, digest: str) -> bytes:
        text, _, _ = self._repository.fetch(digest)
        if not text:
            raise Failure(f"{self._where}: there is no such image", "see its name and tag")
        return text

    def blob(self, each: Descriptor, layout: Layout) -> None:
        part = layout.folder / "incoming" / each.digest.removeprefix("sha256:")
        self._repository.download(each.digest, each.size, part)
        layout.place(each.digest).parent.mkdir(parents=True, exist_ok=True)
        part.replace(layout.place(each.digest))


class _Folder:
    def __init__(self, where: InLayout) -> None:
        self._layout = Layout(where.folder)
        self._name = where.name

    def first(self) -> bytes:
        found = self._layout.names()
        if self._name and self._name not in found:
            raise Odd(f"it has no image {self._name}; it has {', '.join(sorted(found)) or 'none'}")
        if not self._name and len(found) != 1:
            raise Odd(f"it has {len(found)} images; name one of them behind a colon: {', '.join(sorted(found))}")
        return self._layout.read((found[self._name] if self._name else next(iter(found.values()))).digest)

    def manifest(self, digest: str) -> bytes:
        return self._layout.read(digest)

    def blob(self, each: Descriptor, layout: Layout) -> None:
        with layout.incoming() as blob:
            for block in self._layout.blocks(each.digest):
                blob.write(block)
            if blob.digest != each.digest:
                raise Odd(f"{each.digest[:19]}… has other bytes")
            blob.finish()


def _of_processor(source: Source, where: object, architecture: str) -> bytes:
    text = source.first()
    for _ in range(3):
        about = untrusted.table(untrusted.json_of(text, _MOST))
        if "manifests" not in about:
            return text
        rows = [descriptor(each) for each in untrusted.rows(about["manifests"])]
        platforms = [untrusted.table(each.more.get("platform", {})) for each in rows]
        named = [f"{each.get('os')}/{each.get('architecture')}" for each in platforms if each]
        fitting = [
            row
            for row, each in zip(rows, platforms, strict=True)
            if each.get("architecture", architecture) == architecture and each.get("os", "linux") == "linux"
        ]
        if not fitting:
            known = ", ".join(sorted({each for each in named if "unknown" not in each}))
            raise Odd(f"{where} has nothing for linux/{architecture}, only {known}")
        text = source.manifest(fitting[0].digest)
    raise Odd("its indexes name each other")


def _taken(layout: Layout, source: Source, name: str, where: Reference | InLayout, manifest: bytes) -> Base:
    about = untrusted.table(untrusted.json_of(manifest, _MOST))
    parts = [descriptor(about["config"]), *(descriptor(each) for each in untrusted.rows(about["layers"]))]
    for each in parts[1:]:
        if each.media_type not in _LAYERS:
            raise Odd(f"a layer of it is {each.media_type}, which cannot be read here")
    for each in parts:
        if not layout.has(each.digest, each.size):
            source.blob(each, layout)
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    layers = [_packed(layout, each) if each.media_type in _PLAIN else each for each in parts[1:]]
    if layers != parts[1:]:
        manifest = as_bytes({**about, "layers": [each.as_json() for each in layers]})
    kind = str(about.get("mediaType") or "application/vnd.oci.image.manifest.v1+json")
    found = layout.add(kind, manifest)
    seen = _looked_at(layout, where, layers)
    kept = layout.add(_GROUND, as_bytes(seen.as_json()))
    row = Descriptor(kind, found.digest, found.size, {"annotations": {_GROUND: kept.digest, _ORIGIN: digest}})
    layout.name({name: row})
    return _held(layout, where, row)


def _packed(layout: Layout, each: Descriptor) -> Descriptor:
    """Return a layer that came unpacked, as `docker image save` gives it, packed: a push sends a third."""
    with layout.incoming() as blob:
        pack(layout.blocks(each.digest), blob)
        blob.finish()
        return Descriptor(MEDIA_TYPE, blob.digest, blob.size)


def _looked_at(layout: Layout, where: object, layers: list[Descriptor]) -> Ground:
    try:
        with contextlib.ExitStack() as stack:
            return ground.read(_opened(stack, layout, layers))
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Odd(f"a layer of {where} cannot be read: {error}") from None


def _opened(stack: contextlib.ExitStack, layout: Layout, layers: list[Descriptor]) -> Iterator[IO[bytes]]:
    for each in layers:
        place = layout.place(each.digest)
        yield stack.enter_context(place.open("rb"))


def _held(layout: Layout, where: Reference | InLayout, row: Descriptor) -> Base:
    """Return a base that lies in the layout with all its parts.

    Raises:
        OSError: a part is not there. Odd, KeyError, TypeError: it is damaged.
    """
    about = untrusted.json_of(layout.read(row.digest), _MOST)
    seen = ground.parsed(untrusted.json_of(layout.read(row.more["annotations"][_GROUND])))
    configuration = untrusted.table(untrusted.json_of(layout.read(descriptor(about["config"]).digest), _MOST))
    layers = tuple(descriptor(each) for each in about["layers"])
    for each in layers:
        if not layout.has(each.digest, each.size):
            raise FileNotFoundError(each.digest)
    if len(configuration["rootfs"]["diff_ids"]) != len(layers):
        raise Odd("its configuration has another number of layers")
    return Base(str(where), str(row.more["annotations"][_ORIGIN]), configuration, layers, seen)


def kept_by(layout: Layout) -> set[str]:
    """Return the digests of what is known of the bases in a layout: no manifest names these blobs."""
    rows = layout.known().values()
    return {str(each.more.get("annotations", {}).get(_GROUND, "")) for each in rows} - {""}


def forget_partial(layout: Layout) -> None:
    """Delete what an interrupted download left."""
    for place in (layout.folder / "incoming").glob("*"):
        files.remove(place)
