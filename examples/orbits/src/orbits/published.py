"""The published data of one generation, as the HTTP API reads it."""

from functools import lru_cache
from pathlib import Path

from orbits.documents import Document, read_document, read_documents
from orbits.ground_track import GroundPoint, read_ground_track
from orbits.settings import current_generation

FORMAT = 1
"""Version of the layout of the folder `publish`."""


class PublishedDataError(RuntimeError):
    """There is no published data, or it is not whole."""


class Published:
    """The folder `publish` of one generation; small files are read once."""

    def __init__(self, folder: Path) -> None:
        """Read the small files and check that the others have arrived.

        Raises:
            PublishedDataError: Something is missing or damaged.
        """
        try:
            index = read_document(folder / "index.json")
            if index.get("format") != FORMAT:
                message = f"{folder}: format {index.get('format')}, expected {FORMAT}"
                raise PublishedDataError(message)
            for name, size in index["files"].items():
                self._check_size(folder / name, int(size))
            self.satellites: list[Document] = index["satellites"]
            self.passes = read_documents(folder / "passes.json")
            self.stations = read_documents(folder / "stations.json")
            self.statistics = read_document(folder / "statistics.json")
        except (OSError, ValueError, KeyError) as error:
            message = f"published data is not readable: {error}"
            raise PublishedDataError(message) from error
        self.generation = folder.parent.name
        self._folder = folder
        self._numbers = {int(item["number"]) for item in self.satellites}

    def satellite(self, number: int) -> Document | None:
        """Return all about one satellite, None if it is not published."""
        if number not in self._numbers:
            return None
        return read_document(self._folder / "satellites" / f"{number:05d}.json")

    def track(self, number: int) -> list[GroundPoint] | None:
        """Return the ground track of one satellite, None if it is not published."""
        if number not in self._numbers:
            return None
        return read_ground_track(self._folder / "tracks" / f"{number:05d}.ground")

    @staticmethod
    def _check_size(path: Path, expected: int) -> None:
        size = path.stat().st_size
        if size != expected:
            message = f"{path}: {size} bytes, expected {expected}"
            raise PublishedDataError(message)


def current() -> Published:
    """Return the data that the link `current` leads to now.

    A generation is read once; a switch of the link, or a new index in the same
    folder, is seen at the next call.

    Raises:
        PublishedDataError: It cannot be read.
    """
    folder = current_generation() / "publish"
    try:
        changed = (folder / "index.json").stat().st_mtime_ns
    except OSError as error:
        message = f"published data is not readable: {error}"
        raise PublishedDataError(message) from error
    return _load(folder, changed)


@lru_cache(maxsize=2)
def _load(folder: Path, changed: int) -> Published:  # noqa: ARG001 - part of the key
    return Published(folder)
