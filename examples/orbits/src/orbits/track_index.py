"""The index of the track files, and the tracks that it leads to."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from orbits.documents import Document, read_document
from orbits.track_file import Record, read_track


@dataclass(frozen=True)
class Track:
    """The track of one satellite.

    Attributes:
        number: Catalogue number.
        covered_seconds: Time of the last record since the epoch.
        failure: Code and reason if SGP4 failed after the last record.
        paths: The files of the first copy, in the order of time.
        step: Time between two records in seconds.
    """

    number: int
    covered_seconds: float
    failure: Document | None
    paths: tuple[Path, ...]
    step: float

    def records(self, sample_seconds: float) -> Iterator[Record]:
        """Yield the records, thinned to about one in `sample_seconds`."""
        stride = max(1, round(sample_seconds / self.step))
        return islice(self._all_records(), 0, None, stride)

    def _all_records(self) -> Iterator[Record]:
        for path in self.paths:
            _, records = read_track(path)
            yield from records


def read_track_index(source: Path) -> dict[int, Track]:
    """Return the tracks under `source`/propagate by the number of the satellite."""
    folder = source / "propagate"
    index = read_document(folder / "index.json")
    tracks = {}
    for entry in index["satellites"]:
        first_copy = folder / "tracks" / str(entry["key"]) / "copy-000"
        number = int(entry["number"])
        tracks[number] = Track(
            number=number,
            covered_seconds=float(entry["covered_seconds"]),
            failure=entry["failure"],
            paths=tuple(first_copy / name for name in entry["files"]),
            step=float(index["step_seconds"]),
        )
    return tracks
