"""The journal of a stage in pieces that is still running: one line for the stage, then one for each finished piece.

A piece is noted after its files are in place and on the disk, so each line stands for a complete piece. Half a line is
ignored, and so is one whose files were lost in a power cut.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.core import untrusted
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume.manifest import Piece, StageRecord
from buildkit.doors import reading
from buildkit.trees import folders
from buildkit.trees.entry import File

ENDING = ".pieces"


class Journal:
    """The journal of one stage, for the process that makes it.

    Args:
        place: the file.
        record: the stage's key and parts.
    """

    def __init__(self, place: Path, record: StageRecord) -> None:
        folders.make_deep_folder(place.parent)
        self._file = place.open("wb", buffering=0)
        self._write([manifests.stage_text(replace(record, files={}, pieces={}))])

    def note(self, pieces: Mapping[str, Piece], files: Mapping[str, File]) -> None:
        """Append finished pieces; `files` contains at least their files."""
        self._write(
            json.dumps(
                [
                    item,
                    manifests.piece_values(piece),
                    manifests.files_values({path: files[path] for path in piece.files}),
                ]
            )
            for item, piece in pieces.items()
        )

    def close(self) -> None:
        """Close the journal; its content stays."""
        self._file.close()

    def _write(self, lines: Iterable[str]) -> None:
        data = "".join(f"{line}\n" for line in lines).encode()
        while data:
            data = data[self._file.write(data) or 0 :]


def read(place: Path) -> StageRecord | None:
    """Return the stage's record with the finished pieces from its journal, None if the journal cannot be used."""
    try:
        head, *lines = reading.read_text(place, errors="replace", most=manifests.MOST).split("\n")[:-1]
    except (OSError, ValueError):
        return None
    record = manifests.parse_stage(head)
    if record is None:
        return None
    files: dict[str, File] = {}
    pieces: dict[str, Piece] = {}
    with contextlib.suppress(ValueError, TypeError, KeyError):
        for line in lines:
            item, piece, rows = untrusted.json_of(line, manifests.MOST, typed=True)
            own, made = manifests.files_from(rows), manifests.piece_from(piece)
            if own.keys() == {*made.files}:
                files |= own
                pieces[untrusted.text(item)] = made
    try:
        untrusted.require_disjoint({*files})
    except untrusted.Odd:
        return None
    return replace(record, files=files, pieces=pieces)
