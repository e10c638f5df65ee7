"""Stage 4: the passes of each satellite over each station."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from orbits.documents import Document, write_document
from orbits.eclipse import illumination
from orbits.element_documents import read_element_sets
from orbits.elements import ElementSet
from orbits.look_angles import Observer
from orbits.passes import Window, earth_fixed_position, find_windows, sight
from orbits.propagation import PropagationError, Propagator
from orbits.stations import STATIONS, station_of_code
from orbits.sun import sun_position
from orbits.track_index import read_track_index

_LOWEST = -90.0
"""Elevation given to a satellite that has come down, in degrees."""


def passes(
    source: Path,
    out: Path,
    *,
    minimum_elevation: float = 10.0,
    scan_seconds: float = 60.0,
    stations: Sequence[str] = (),
) -> None:
    """Write `passes/passes.json`, sorted by satellite, station and rise.

    Args:
        source: Folder with `select/` and `propagate/`.
        out: Folder to write under.
        minimum_elevation: The mask in degrees.
        scan_seconds: Step of the scan that precedes the exact search.
        stations: Codes of the stations; none means all.
    """
    chosen = [station_of_code(code) for code in sorted(set(stations))] or STATIONS
    observers = [Observer(station) for station in chosen]
    tracks = read_track_index(source)
    found: list[Document] = []
    for elements in read_element_sets(source / "select" / "elements.json"):
        covered = tracks[elements.number].covered_seconds
        search = _Search(elements, minimum_elevation, scan_seconds, covered)
        for observer in observers:
            found.extend(search.passes_over(observer))
    write_document(out / "passes" / "passes.json", found)


class _Search:
    """The passes of one satellite; its scan is shared by all stations."""

    def __init__(self, elements: ElementSet, mask: float, step: float, covered: float) -> None:
        self._elements = elements
        self._propagator = Propagator(elements)
        self._mask = mask
        self._times = []
        self._positions = []
        for index in range(int(covered / step) + 1):
            seconds = index * step
            try:
                position = earth_fixed_position(self._propagator, seconds)
            except PropagationError:
                break
            self._times.append(seconds)
            self._positions.append(position)

    def passes_over(self, observer: Observer) -> Iterator[Document]:
        """Yield the passes over a station in the order of time."""
        look = sight(self._propagator, observer)

        def height(seconds: float) -> float:
            try:
                return look(seconds).elevation - self._mask
            except PropagationError:
                return _LOWEST - self._mask

        heights = [observer.look_at(position).elevation - self._mask for position in self._positions]
        for window in find_windows(height, self._times, heights):
            yield self._document(window, observer)

    def _document(self, window: Window, observer: Observer) -> Document:
        look = sight(self._propagator, observer)
        highest = look(window.culmination)
        position, _ = self._propagator.state(window.culmination)
        sun = sun_position(self._elements.epoch.plus_seconds(window.culmination))
        return {
            "satellite": self._elements.number,
            "station": observer.station.code,
            "rise": self._moment(window.rise),
            "rise_seconds": round(window.rise, 3),
            "rise_azimuth": round(look(window.rise).azimuth, 3),
            "culmination": self._moment(window.culmination),
            "culmination_seconds": round(window.culmination, 3),
            "culmination_elevation": round(highest.elevation, 3),
            "culmination_range": round(highest.range, 3),
            "culmination_light": illumination(position, sun).name.lower(),
            "set": self._moment(window.set),
            "set_seconds": round(window.set, 3),
            "set_azimuth": round(look(window.set).azimuth, 3),
            "whole": window.whole,
        }

    def _moment(self, seconds: float) -> str:
        """Return a moment in ISO 8601; the search is good to milliseconds only."""
        return self._elements.epoch.plus_seconds(round(seconds, 3)).isoformat()
