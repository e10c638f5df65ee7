"""Stage 6: what the HTTP API serves, and nothing else.

`index.json` comes last and names every other file with its size, so that a
reader can tell whether all of them have arrived.
"""

from pathlib import Path

from orbits.documents import Document, read_document, read_documents, write_document
from orbits.element_documents import read_element_sets
from orbits.elements import ElementSet
from orbits.ground_track import ground_points, write_ground_track
from orbits.published import FORMAT
from orbits.stations import STATIONS
from orbits.track_index import read_track_index


def publish(source: Path, out: Path, *, track_seconds: float = 60.0) -> None:
    """Write `publish/`: the index, one document and one track per satellite, ...

    Args:
        source: Folder with the outputs of all earlier stages.
        out: Folder to write under.
        track_seconds: Time between two points of the published ground tracks.
    """
    folder = out / "publish"
    (folder / "tracks").mkdir(parents=True, exist_ok=True)
    statistics = read_document(source / "aggregate" / "statistics.json")
    tracks = read_track_index(source)
    summaries: list[Document] = []
    for elements in read_element_sets(source / "select" / "elements.json"):
        summary = _summary(elements)
        summaries.append(summary)
        figures = statistics["satellites"][str(elements.number)]
        write_document(
            folder / "satellites" / f"{elements.key}.json",
            {**summary, **_orbit(elements), "figures": figures},
        )
        write_ground_track(
            folder / "tracks" / f"{elements.key}.ground",
            ground_points(tracks[elements.number].records(track_seconds), elements.epoch),
        )
    write_document(folder / "passes.json", read_documents(source / "passes" / "passes.json"))
    write_document(folder / "statistics.json", statistics)
    write_document(folder / "stations.json", _stations())
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "index.json"
    }
    write_document(
        folder / "index.json",
        {"format": FORMAT, "satellites": summaries, "files": files},
    )


def _summary(elements: ElementSet) -> Document:
    """Return what the list of satellites shows."""
    return {
        "number": elements.number,
        "designator": elements.designator,
        "epoch": elements.epoch.isoformat(),
    }


def _orbit(elements: ElementSet) -> Document:
    """Return the elements: degrees, km, minutes, revolutions per day."""
    return {
        "inclination": elements.inclination,
        "ascending_node": elements.ascending_node,
        "eccentricity": elements.eccentricity,
        "perigee_argument": elements.perigee_argument,
        "mean_anomaly": elements.mean_anomaly,
        "mean_motion": elements.mean_motion,
        "drag": elements.drag,
        "period_minutes": round(elements.period_minutes, 6),
        "perigee_altitude": round(elements.perigee_altitude, 3),
        "apogee_altitude": round(elements.apogee_altitude, 3),
        "lines": list(elements.lines),
    }


def _stations() -> list[Document]:
    """Return the stations: degrees and km."""
    return [
        {
            "code": station.code,
            "name": station.name,
            "latitude": station.place.latitude,
            "longitude": station.place.longitude,
            "altitude": station.place.altitude,
        }
        for station in STATIONS
    ]
