"""The manifest of a generation: each stage's recorded inputs and every file. Without it a generation does not count.

The file is one JSON object, `{"checksum": …, "manifest": …}`; the checksum is the SHA-256 of the text of the second.
Artefacts bring it from elsewhere, so it counts only where each value is one that the suite could have written: a path
that left its folder would be written, shared or deleted there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildkit.core import untrusted
from buildkit.core.fingerprint import digest_bytes
from buildkit.core.untrusted import Odd
from buildkit.data.names import MANIFEST
from buildkit.errors import DataError
from buildkit.model import Digest, Record
from buildkit.trees import entry
from buildkit.trees.entry import File

SCHEMA = 2
"""Rises when an older suite could no longer read what a newer one wrote. 2: kinds of files beside the plain one."""

_PLAIN_SCHEMA = 1
"""Written where all files are plain: a suite of the time before kinds reads it as well."""

MOST = 1 << 30
"""Bytes of a manifest that is read; one file takes a hundred."""

_MOST_NANOSECONDS = 1 << 62
_KINDS = frozenset({entry.FILE, entry.EXECUTABLE, entry.FOLDER})
_GENERATION = re.compile(r"[0-9]{1,20}-[0-9A-Za-z]{1,40}")
_HEAD = '{"checksum":"%s","manifest":'


class NewerSchema(Exception):  # noqa: N818 - a fact, not a fault
    """A newer suite wrote this manifest."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The recorded result of one piece of a stage.

    Args:
        key: the key of its item and of the inputs that all pieces share.
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
    """The recorded inputs and files of one stage.

    Args:
        name: the stage.
        key: the key of its inputs.
        parts: every input with its digest; for a stage in pieces, those that all pieces share.
        files: every file, empty folder and link by its path relative to the generation.
        made: when it ran, or the oldest of its pieces, in seconds since 1970.
        seconds: how long it took.
        pieces: each piece by the name of its item; empty for a stage that runs once.
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
        """The same as a `Record`, which `core.plan` compares."""
        return Record(self.key, self.parts, self.outputs)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One generation.

    Args:
        generation: the name of its folder.
        number: the number of the claim under which it was made (the fencing token).
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
    """Return the manifest that `text` holds, None if it is damaged.

    Raises:
        NewerSchema: a newer suite wrote it.
    """
    try:
        values = untrusted.table(untrusted.json_of(text, MOST, typed=True))
        body = untrusted.table(values["manifest"])
        if untrusted.number(body["schema"]) > SCHEMA:
            raise NewerSchema
        checksum = untrusted.digest(values["checksum"])
        if digest_bytes(text[len(_HEAD % checksum) : -1].encode()) != checksum:
            return None
        return _manifest_from(body)
    except (ValueError, KeyError, TypeError):
        return None


def _manifest_from(body: Mapping[str, Any]) -> Manifest:
    name = untrusted.text(body["generation"])
    if not _GENERATION.fullmatch(name):
        raise Odd(name)
    rows = [_stage_from(untrusted.table(stage)) for stage in untrusted.rows(body["stages"])]
    stages = {stage.name: stage for stage in rows}
    paths = {path for stage in rows for path in stage.files}
    if len(stages) < len(rows) or len(paths) < sum(len(stage.files) for stage in rows):
        raise Odd("a stage or a file twice")
    untrusted.require_disjoint(paths)
    return Manifest(name, untrusted.number(body["number"]), untrusted.seconds(body["made"]), stages)


def stage_text(stage: StageRecord) -> str:
    """Return the text of one stage's record, which lies in the partial generation until the manifest is written."""
    return json.dumps(_stage_values(stage))


def parse_stage(text: str) -> StageRecord | None:
    """Return the record that `text` holds, None if it is damaged."""
    try:
        return _stage_from(untrusted.table(untrusted.json_of(text, MOST, typed=True)))
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
    for path, file in files.items():
        if file.kind.startswith(entry.LINK) and not entry.link_within(path, file.kind[1:], path.partition("/")[0]):
            raise Odd(path)
    untrusted.require_disjoint({*files})
    pieces = {item: piece_from(piece) for item, piece in untrusted.table(values.get("pieces", {})).items()}
    if any(path not in files for piece in pieces.values() for path in piece.files):
        raise Odd("a piece has files that its stage has not")
    return StageRecord(
        untrusted.name(values["name"]),
        untrusted.digest(values["key"]),
        {part: Digest(untrusted.text(digest)) for part, digest in untrusted.table(values["parts"]).items()},
        files,
        untrusted.seconds(values["made"]),
        untrusted.seconds(values["seconds"]),
        pieces,
    )


def files_values(files: Mapping[str, File]) -> dict[str, Any]:
    """Return files as JSON types."""
    return {path: _file_values(file) for path, file in files.items()}


def files_from(values: Mapping[str, Any]) -> dict[str, File]:
    """Return the files that `files_values` wrote.

    Raises:
        DataError: this Python reads names in another encoding.
    """
    found = {_path(path): _file_from(*untrusted.rows(row)) for path, row in untrusted.table(values).items()}
    try:
        for path in found:
            entry.require_portable_name(path)
    except entry.Refused as refused:
        raise DataError(f'data: output "{refused.path}" {refused.why}', hint=refused.hint) from None
    return found


def piece_values(piece: Piece) -> list[Any]:
    """Return a piece as JSON types."""
    return [piece.key, piece.made, piece.seconds, list(piece.files)]


def piece_from(values: Sequence[Any]) -> Piece:
    """Return the piece that `piece_values` wrote."""
    key, made, seconds, files = untrusted.rows(values)
    own = tuple(map(_path, untrusted.rows(files)))
    return Piece(untrusted.digest(key), own, untrusted.seconds(made), untrusted.seconds(seconds))


def _file_values(file: File) -> list[object]:
    row: list[object] = [file.size, file.digest, file.modified]
    return [*row, file.kind] if file.kind else row


def _file_from(size: int, digest: str, modified: int, kind: str = entry.FILE) -> File:
    if kind not in _KINDS and not (isinstance(kind, str) and untrusted.text(kind).startswith(entry.LINK)):
        raise Odd("a file of no kind")
    if kind not in {entry.FILE, entry.EXECUTABLE} and (size, digest, modified) != (0, entry.EMPTY, 0):
        raise Odd("content of what is no file")
    moment = untrusted.number(modified, -_MOST_NANOSECONDS, _MOST_NANOSECONDS)
    return File(untrusted.number(size), untrusted.digest(digest), moment, kind)


def _path(value: object) -> str:
    """Return a path that a stage may have written: not a hidden one, and not that of the manifest."""
    found = untrusted.path(value)
    if found.startswith(".") or found == MANIFEST:
        raise Odd(found)
    return found


def _has_kinds(manifest: Manifest) -> bool:
    return any(file.kind for stage in manifest.stages.values() for file in stage.files.values())
