"""The form of the artefact: its media types, where it lies, and the tar files of one stage each that are its layers."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.advance import Advance
from buildkit.core.untrusted import Odd
from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.volume.manifest import Manifest, StageRecord
from buildkit.doors import files
from buildkit.errors import ConfigurationError, DataError
from buildkit.model import Outcome
from buildkit.registry import reference
from buildkit.registry.failure import Failure, Missing
from buildkit.registry.reference import Reference
from buildkit.registry.upload import Hear, Reader
from buildkit.trees import entry, tar
from buildkit.trees.entry import File

CONFIG = "application/vnd.invoke-buildkit.data.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
STAGE = "invoke-buildkit.stage"

_PART = 16 << 20
MOST_HEADER = 4096
"""Bytes that may stand before a file, beside its name."""

Say = Callable[[str], None]
Tell = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A finished transfer: the artefact's digest, the manifest, bytes over the network, and each stage's outcome."""

    digest: str
    manifest: Manifest
    transferred: int
    outcomes: tuple[Outcome, ...]


def published(pipeline: Pipeline, given: str = "") -> Reference:
    """Return the reference under which generations are published: `given`, or else the project's `artifact` setting.

    Raises:
        ConfigurationError: neither of them is set, or the text is not a reference.
    """
    text = given or pipeline.artifact
    if not text:
        raise ConfigurationError(
            "data.artifact is not set",
            hint='set it: artifact = "registry.example/team/data:latest", or PYBUILDKIT_DATA_ARTIFACT',
        )
    try:
        return reference.parse(text)
    except Odd:
        raise ConfigurationError(
            f'data.artifact: "{text}" names no artefact',
            hint="write registry/name:tag or registry/name@sha256:…, such as registry.example/team/orbits-data:latest",
        ) from None


@contextlib.contextmanager
def as_data_error(where: Reference) -> Iterator[None]:
    """Turn errors of the registry in the block into a `DataError`."""
    try:
        yield
    except Missing:
        raise DataError(f"{where}: there is no such artefact", hint="push one first: invoke data.push") from None
    except Failure as failure:
        raise DataError(failure.message, hint=failure.hint) from failure


def parts(record: StageRecord) -> Iterator[list[tuple[str, File]]]:
    """Yield the files of a stage in groups of 16 MB; a larger file is a group of its own."""
    part: list[tuple[str, File]] = []
    size = 0
    for path, file in sorted(record.files.items()):
        if not file.is_file:
            continue  # the manifest says all of an empty folder and of a link
        if part and size + file.size > _PART:
            yield part
            part, size = [], 0
        part.append((path, file))
        size += file.size
    if part:
        yield part


def size_of(record: StageRecord) -> int:
    """Return the bytes of a stage's files."""
    return sum(file.size for file in record.files.values() if file.is_file)


def heard(advance: Advance, record: StageRecord, before: int) -> Hear:
    """Return what is told how far one layer of a stage is, and tells how far the stage is.

    Args:
        advance: told of the stage.
        record: the stage.
        before: bytes of its layers before this one.
    """
    return lambda over: advance.reaches(record.name, before + over, size_of(record))


def identify(generation: Path, part: list[tuple[str, File]]) -> tuple[str, int]:
    """Return digest and size of a layer; every file is compared with its manifest on the way.

    Raises:
        DataError: a file is damaged.
    """
    whole, size = hashlib.sha256(), 0
    for path, file in part:
        if files.digest_file(generation / path) != file.digest:
            raise DataError(f"data: {path} is damaged: nothing was tagged", hint="mend it with: invoke data")
    for block in _tar(generation, part):
        whole.update(block)
        size += len(block)
    return f"sha256:{whole.hexdigest()}", size


def reader(generation: Path, part: list[tuple[str, File]]) -> Reader:
    """Return a function that yields the bytes of a layer from an offset on."""

    def read(offset: int) -> Iterator[bytes]:
        for block in _tar(generation, part):
            if offset >= len(block):
                offset -= len(block)
                continue
            yield block[offset:]
            offset = 0

    return read


def _tar(generation: Path, part: list[tuple[str, File]]) -> Iterator[bytes]:
    """Yield a tar file that depends on names and content alone.

    Raises:
        DataError: the size of a file has changed meanwhile.
    """
    members = (
        (tar.Member(path, file.size, entry.mode_of(file.kind, umask=0)), _blocks(generation / path))
        for path, file in part
    )
    try:
        yield from tar.written(members)
    except Odd as odd:
        raise DataError(f"data: {odd}: nothing was tagged", hint="mend it with: invoke data") from None


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block
