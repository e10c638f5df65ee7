"""Collects the files of a stage's pieces: moves them into the partial generation and notes them in the journal.

<partial>/.stages/NAME.work/17/       the folder that one piece writes into
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.data.stages.pipeline import Stage
from buildkit.data.volume import outputs, unfinished
from buildkit.data.volume.journal import Journal
from buildkit.data.volume.manifest import Piece, StageRecord
from buildkit.doors import files
from buildkit.errors import StageError
from buildkit.trees import entry, folders, listing, sealing
from buildkit.trees.entry import File


@dataclass(frozen=True, slots=True)
class SealedPiece:
    """The sealed files of one piece.

    Args:
        files: each file, empty folder and link in an output of the stage, sealed, by its path.
        strangers: the paths that belong to no declared output.
    """

    files: Mapping[str, File]
    strangers: tuple[str, ...]


def seal_piece(stage: Stage, work: Path) -> SealedPiece:
    """Seal the files that a piece wrote under `work`.

    Raises:
        StageError: an output holds something that cannot be one, such as a socket.
    """
    try:
        found = [each for output in stage.outputs for each in listing.kept(output, work)]
    except entry.Refused as refused:
        raise StageError(f'stage {stage.name}: its output "{refused.path}" {refused.why}', hint=refused.hint) from None
    found.sort(key=lambda each: each.path)
    umask = files.umask()
    sealed = {each.path: sealing.sealed(work / each.path, each.kind, umask) for each in found}
    declared = {os.path.normpath(output) for output in stage.outputs}
    return SealedPiece(sealed, tuple(sorted(listing.unknown(work, {*sealed, *declared}))))


class PieceFiles:
    """The files and pieces of one stage in a partial generation.

    Args:
        stage: the stage.
        partial: the generation.
        record: gives the stage's key and parts; its files and pieces are ignored.
    """

    def __init__(self, stage: Stage, partial: Path, record: StageRecord) -> None:
        self._stage = stage
        self._partial = partial
        self._record = replace(record, files={}, pieces={})
        self._files: dict[str, File] = {}
        self._pieces: dict[str, Piece] = {}
        self._owners: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._declared = [
            os.path.normpath(output if output.endswith("/") else f"{output}/..") for output in stage.outputs
        ]
        self._idle: list[Path] = []
        self._turn = threading.Lock()
        self._drawn = 0
        self._places = unfinished.of_pieces(partial, stage.name)
        self._journal = Journal(self._places.journal, record)

    @property
    def record(self) -> StageRecord:
        """The stage's record with the pieces collected so far."""
        made = min((piece.made for piece in self._pieces.values()), default=self._record.made)
        return replace(self._record, files=dict(self._files), pieces=dict(self._pieces), made=made)

    def work(self) -> Path:
        """Return an empty folder for the next piece, with the folders that the stage declares.

        A folder that a piece left untouched is used again under a new name, so that a left-over process of that piece
        cannot write into it.
        """
        self._drawn += 1
        place = self._places.work / str(self._drawn)
        if self._idle:
            return self._idle.pop().rename(place)
        for folder in (".", *self._declared):
            folders.make_deep_folder(place / folder)
        return place

    def take_over(self, pieces: Mapping[str, Piece], record: StageRecord, source: Path) -> None:
        """Share finished pieces of another generation.

        Args:
            pieces: the pieces to share, by item.
            record: the record of their stage in the other generation.
            source: the other generation.
        """
        wanted = {path: record.files[path] for piece in pieces.values() for path in piece.files}
        shared = outputs.share(replace(record, files=wanted), source, self._places.done).files
        for item, piece in pieces.items():
            self._own(item, {path: shared[path] for path in piece.files})
        self._add(pieces, shared)

    def add(self, item: str, piece: Piece, work: Path, found: SealedPiece) -> None:
        """Move the files of a piece that has run to the finished ones; may be called from any thread.

        Raises:
            StageError: another piece has written one of them.
        """
        with self._turn:
            self._own(item, found.files)
        for path, file in found.files.items():
            target = self._places.done / path
            folders.make_deep_folder(target.parent)
            if file.kind == entry.FOLDER:
                sealing.make_folder_or_link(file, target)
            else:
                (work / path).replace(target)
        with self._turn:
            self._add({item: replace(piece, files=tuple(found.files))}, found.files)
            if not found.strangers and all(self._is_shallow(path, file) for path, file in found.files.items()):
                self._idle.append(work)

    def _is_shallow(self, path: str, file: File) -> bool:
        """Return whether moving the file leaves no undeclared folder behind."""
        return file.kind != entry.FOLDER and path.rpartition("/")[0] in self._declared

    def share_equal(self, known: Mapping[str, File], source: Path, besides: Collection[str]) -> None:
        """Replace newly made files by hard links to equal files of an earlier generation.

        Args:
            known: the files that were recorded for `source`.
            source: the earlier generation.
            besides: the files that are shared already.
        """
        shared = set(besides)
        anew = {path: file for path, file in self._files.items() if path not in shared}
        self._files |= sealing.share_equal(anew, known, source, self._partial, outputs.sidecar_of(self._partial))

    def move_into_generation(self) -> None:
        """Move all collected files into the generation, and make the declared folders that no piece wrote into."""
        for output in self._stage.outputs:
            path = os.path.normpath(output)
            source, target = self._places.done / path, self._partial / path
            folders.make_deep_folder(target.parent)
            if os.path.lexists(source):
                source.rename(target)
            elif output.endswith("/"):
                self._files[path] = sealing.make_folder_or_link(sealing.sealed(target, entry.FOLDER), target)

    def close(self) -> None:
        """Close the journal; its content stays."""
        self._journal.close()
        folders.remove_tree(self._places.work)

    def _add(self, pieces: Mapping[str, Piece], files: Mapping[str, File]) -> None:
        self._files |= files
        self._pieces |= pieces
        self._journal.note(pieces, files)

    def _own(self, item: str, paths: Mapping[str, File]) -> None:
        """Record that these files belong to the item's piece.

        Raises:
            StageError: another piece has them.
        """
        for path, file in paths.items():
            above = [path[:at] for at, letter in enumerate(path) if letter == "/"]
            other = self._owners.get(path)
            other = other or next((owner for folder in above if (owner := self._owners.get(folder))), None)
            if file.kind == entry.FOLDER:  # more than one may leave the same empty folder, or fill it
                above.append(path)
            else:
                other = other or self._folders.get(path)
            if other is not None and other != item:
                raise StageError(
                    f"stage {self._stage.name}: {other} and {item} both write {path}",
                    hint="let each piece write files of its own, such as one named after its item",
                )
            if file.kind != entry.FOLDER:
                self._owners[path] = item
            for folder in above:
                self._folders.setdefault(folder, item)
