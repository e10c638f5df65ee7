"""Stage 3: the states of each satellite, in track files of one chunk of time.

Each satellite starts at the epoch of its own elements, so the result depends
on the elements alone. A track ends early where SGP4 fails; `index.json` keeps
the reason.
"""

import sys
from array import array
from pathlib import Path

from orbits.documents import Document, write_document
from orbits.element_documents import read_element_sets
from orbits.elements import ElementSet
from orbits.propagation import PropagationError, Propagator
from orbits.track_file import RECORD, TrackHeader, write_track

_SECONDS_PER_HOUR = 3600.0
_SECONDS_PER_MINUTE = 60.0


def propagate(
    source: Path,
    out: Path,
    *,
    step_seconds: float = 60.0,
    span_hours: float = 24.0,
    chunk_minutes: float = 360.0,
    copies: int = 1,
) -> None:
    """Write `propagate/index.json` and `propagate/tracks/<number>/...`.

    Args:
        source: Folder with `select/`.
        out: Folder to write under.
        step_seconds: Time between two records.
        span_hours: Length of the tracks.
        chunk_minutes: Length of the piece of a track in one file.
        copies: How often each file is written. The copies differ by their
            header only; they are there to make the data as large as is wanted.

    Raises:
        ValueError: A parameter is not positive.
    """
    if min(step_seconds, span_hours, chunk_minutes, copies) <= 0:
        message = "step_seconds, span_hours, chunk_minutes and copies are positive"
        raise ValueError(message)
    total = int(span_hours * _SECONDS_PER_HOUR / step_seconds) + 1
    per_chunk = max(1, int(chunk_minutes * _SECONDS_PER_MINUTE / step_seconds))
    folder = out / "propagate"
    satellites = []
    for elements in read_element_sets(source / "select" / "elements.json"):
        tracks = folder / "tracks" / elements.key
        writer = _TrackWriter(tracks, elements, step_seconds, copies)
        satellites.append(writer.write(total, per_chunk))
    write_document(
        folder / "index.json",
        {
            "satellites": satellites,
            "step_seconds": step_seconds,
            "copies": copies,
        },
    )


class _TrackWriter:
    """Writes the chunks of one satellite."""

    def __init__(self, folder: Path, elements: ElementSet, step: float, copies: int) -> None:
        self._folder = folder
        self._elements = elements
        self._propagator = Propagator(elements)
        self._step = step
        self._copies = copies
        self._failure: PropagationError | None = None

    def write(self, total: int, per_chunk: int) -> Document:
        """Write up to `total` records and return the entry for the index."""
        for copy in range(self._copies):
            (self._folder / f"copy-{copy:03d}").mkdir(parents=True, exist_ok=True)
        files: list[str] = []
        done = 0
        while done < total and self._failure is None:
            records = self._records(done, min(done + per_chunk, total))
            count = len(records) // RECORD.size
            if count:
                files.append(f"chunk-{len(files):05d}.track")
                self._write_copies(files[-1], len(files) - 1, count, records)
            done += count
        failure = self._failure
        return {
            "number": self._elements.number,
            "key": self._elements.key,
            "records": done,
            "covered_seconds": max(0, done - 1) * self._step,
            "files": files,
            "failure": None if failure is None else {"code": failure.code, "reason": failure.reason},
        }

    def _records(self, start: int, stop: int) -> bytes:
        """Return the packed records of a range, up to the first failure."""
        values = array("d")
        for index in range(start, stop):
            seconds = index * self._step
            try:
                position, velocity = self._propagator.state(seconds)
            except PropagationError as error:
                self._failure = error
                break
            values.append(seconds)
            values.extend(position)
            values.extend(velocity)
        if sys.byteorder != "little":
            values.byteswap()
        return values.tobytes()

    def _write_copies(self, name: str, chunk: int, count: int, records: bytes) -> None:
        """Write the same records once per copy."""
        for copy in range(self._copies):
            header = TrackHeader(
                number=self._elements.number,
                copy=copy,
                chunk=chunk,
                count=count,
                epoch=self._elements.epoch,
                step=self._step,
            )
            write_track(self._folder / f"copy-{copy:03d}" / name, header, records)
