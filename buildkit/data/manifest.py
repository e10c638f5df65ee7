"""The manifest of a generation: what each stage was made from, and every file. Written last; without it nothing counts.

The file is one JSON object, `{"checksum": …, "manifest": …}`; the checksum is the SHA-256 of the text of the second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildkit.core.fingerprint import digest_bytes
from buildkit.data import walk
from buildkit.errors import DataError
from buildkit.model import Digest, Record

SCHEMA = 2
"""Rises when an older suite could no longer read what a newer one wrote. 2: kinds of files beside the plain one."""

_PLAIN_SCHEMA = 1
"""Written where all files are plain: a suite of the time before kinds reads it as well."""

_HEAD = '{"checksum":"%s","manifest":'


class NewerSchema(Exception):  # noqa: N818 - a fact, not a fault
    """A newer suite wrote this manifest."""


@dataclass(frozen=True, slots=True)
class File:
    """One thing in a generation.

    Args:
        size: bytes; 0 for what is no file.
        digest: of its content; that of nothing for what is no file.
        modified: the time of its last change in nanoseconds since 1970; 0 for what is no file.
        kind: one of the kinds of `walk`.
    """

    size: int
    digest: Digest
    modified: int
    kind: str = walk.FILE

    @property
    def is_file(self) -> bool:
        """Whether it has content: no folder, no link."""
        return self.kind in {walk.FILE, walk.EXECUTABLE}

    @property
    def state(self) -> Digest:
        """What it is, as stages after it see it."""
        return walk.state(self.kind, self.digest)


@dataclass(frozen=True, slots=True)
class Piece:
    """What came out of one piece of a stage.

    Args:
        key: the key of its item and of all that it has in common with the others.
        files: the paths of its files, relative to the generation.
        made: when it ran, in seconds since 1970.
        seconds: how long it took.
    """

    key: Digest
    files: tuple[str, ...]
    made: float
    seconds: float


@dataclass(frozen=True, slots=True)
class StageRecord:
    """What one stage was made from, and what came out.

    Args:
        name: the stage.
        key: the key of its inputs.
        parts: every input with its digest; of a stage in pieces those that its pieces have in common.
        files: every file, empty folder and link by its path relative to the generation.
        made: when it ran, or the oldest of its pieces, in seconds since 1970.
        seconds: how long it took.
        pieces: each piece by the name of its item; empty for a stage that runs once for all.
    """

    name: str
    key: Digest
    parts: Mapping[str, Digest]
    files: Mapping[str, File]
    made: float
    seconds: float
    pieces: Mapping[str, Piece] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, Digest]:
        """The state of every file, empty folder and link by its path."""
        return {path: file.state for path, file in self.files.items()}

    @property
    def record(self) -> Record:
        """The same in the words of `core.plan`."""
        return Record(self.key, self.parts, self.outputs)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One generation.

    Args:
        generation: the name of its folder.
        number: the fencing number of the lease under which it was made.
        made: when it was finished, in seconds since 1970.
        stages: by name, in their order.
    """

    generation: str
    number: int
    made: float
    stages: Mapping[str, StageRecord]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for stage in self.stages.values() for file in stage.files.values())


def text_of(manifest: Manifest) -> str:
    """Return the text of the manifest's file."""
    body = json.dumps(
        {
            "schema": SCHEMA if _has_kinds(manifest) else _PLAIN_SCHEMA,
            "generation": manifest.generation,
            "number": manifest.number,
            "made": manifest.made,
            "stages": [_stage_values(stage) for stage in manifest.stages.values()],
        },
        separators=(",", ":"),
    )
    return f"{_HEAD % digest_bytes(body.encode())}{body}}}"


def parse(text: str) -> Manifest | None:
    """Return the manifest that `text` holds, None if it is not whole.

    Raises:
        NewerSchema: a newer suite wrote it.
    """
    try:
        values = json.loads(text)
        body = values["manifest"]
        if body["schema"] > SCHEMA:
            raise NewerSchema
        if digest_bytes(text[len(_HEAD % values["checksum"]) : -1].encode()) != values["checksum"]:
            return None
        stages = [_stage_from(stage) for stage in body["stages"]]
        return Manifest(body["generation"], body["number"], body["made"], {stage.name: stage for stage in stages})
    except (ValueError, KeyError, TypeError):
        return None


def stage_text(stage: StageRecord) -> str:
    """Return the text of one stage's record, which lies in the partial generation until the manifest is written."""
    return json.dumps(_stage_values(stage))


def parse_stage(text: str) -> StageRecord | None:
    """Return the record that `text` holds, None if it is not whole."""
    try:
        return _stage_from(json.loads(text))
    except (ValueError, KeyError, TypeError):
        return None


def _stage_values(stage: StageRecord) -> dict[str, Any]:
    return {
        "name": stage.name,
        "key": stage.key,
        "made": stage.made,
        "seconds": stage.seconds,
        "parts": dict(stage.parts),
        "files": files_values(stage.files),
        **({"pieces": {item: piece_values(piece) for item, piece in stage.pieces.items()}} if stage.pieces else {}),
    }


def _stage_from(values: Mapping[str, Any]) -> StageRecord:
    files = files_from(values["files"])
    pieces = {item: piece_from(piece) for item, piece in values.get("pieces", {}).items()}
    return StageRecord(values["name"], values["key"], values["parts"], files, values["made"], values["seconds"], pieces)


def files_values(files: Mapping[str, File]) -> dict[str, Any]:
    """Return files as values that JSON knows."""
    return {path: _file_values(file) for path, file in files.items()}


def files_from(values: Mapping[str, Any]) -> dict[str, File]:
    """Return the files that `files_values` wrote.

    Raises:
        DataError: this Python reads names in another encoding.
    """
    try:
        for path in values:
            walk.require_name(path)
    except walk.Refused as refused:
        raise DataError(f'data: output "{refused.path}" {refused.why}', hint=refused.hint) from None
    return {path: _file_from(*row) for path, row in values.items()}


def piece_values(piece: Piece) -> list[Any]:
    """Return a piece as values that JSON knows."""
    return [piece.key, piece.made, piece.seconds, list(piece.files)]


def piece_from(values: Sequence[Any]) -> Piece:
    """Return the piece that `piece_values` wrote."""
    key, made, seconds, files = values
    return Piece(Digest(key), tuple(files), made, seconds)


def _file_values(file: File) -> list[object]:
    row: list[object] = [file.size, file.digest, file.modified]
    return [*row, file.kind] if file.kind else row


def _file_from(size: int, digest: str, modified: int, kind: str = walk.FILE) -> File:
    return File(size, Digest(digest), modified, kind)


def _has_kinds(manifest: Manifest) -> bool:
    return any(file.kind for stage in manifest.stages.values() for file in stage.files.values())
