"""Stage 5: figures about stations and satellites."""

from collections.abc import Iterable
from pathlib import Path

from orbits.coverage import coverage_by
from orbits.documents import Document, read_documents, write_document
from orbits.eclipse import Light
from orbits.element_documents import read_element_sets
from orbits.ground_track import GroundPoint, ground_points
from orbits.regimes import regime_of
from orbits.track_index import read_track_index


def aggregate(source: Path, out: Path, *, sample_seconds: float = 120.0) -> None:
    """Write `aggregate/statistics.json`.

    Args:
        source: Folder with `select/`, `propagate/` and `passes/`.
        out: Folder to write under.
        sample_seconds: The tracks are looked at about once in this time.
    """
    found = read_documents(source / "passes" / "passes.json")
    tracks = read_track_index(source)
    satellites: dict[str, Document] = {}
    regimes: dict[str, int] = {}
    for elements in read_element_sets(source / "select" / "elements.json"):
        track = tracks[elements.number]
        regime = regime_of(elements).value
        regimes[regime] = regimes.get(regime, 0) + 1
        satellites[str(elements.number)] = {
            "regime": regime,
            "failure": track.failure,
            **_summary(ground_points(track.records(sample_seconds), elements.epoch)),
        }
    write_document(
        out / "aggregate" / "statistics.json",
        {
            "regimes": regimes,
            "satellites": satellites,
            "passes": len(found),
            "passes_by_station": coverage_by("station", found),
            "passes_by_satellite": coverage_by("satellite", found),
        },
    )


def _summary(points: Iterable[GroundPoint]) -> Document:
    """Return the extremes of a track; null where it has no point."""
    seen = list(points)
    if not seen:
        return dict.fromkeys(("lowest_altitude", "highest_altitude", "northernmost", "sunlit_fraction"))
    altitudes = [point.altitude for point in seen]
    sunlit = sum(point.light is Light.SUNLIT for point in seen)
    return {
        "lowest_altitude": round(min(altitudes), 3),
        "highest_altitude": round(max(altitudes), 3),
        "northernmost": round(max(point.latitude for point in seen), 3),
        "sunlit_fraction": round(sunlit / len(seen), 4),
    }
