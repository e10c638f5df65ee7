"""Observations: what a valid one is, and how they are stored and listed."""

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from orbits.documents import Document
from orbits.models import ObservationRow
from orbits.stations import station_of_code

GREATEST_NUMBER = 339999
"""The last catalogue number that an element set can carry (Alpha-5)."""

_FIELDS = ("satellite", "station", "observed_at", "azimuth", "elevation")


class ObservationError(ValueError):
    """A document that is not an observation."""


@dataclass(frozen=True)
class Observation:
    """One look at one satellite.

    Attributes:
        satellite: Catalogue number.
        station: Code of the station.
        observed_at: The moment, aware of its time zone.
        azimuth: Degrees from north over east, at least 0 and less than 360.
        elevation: Degrees from -90 to 90.
        distance: km if it was measured.
    """

    satellite: int
    station: str
    observed_at: datetime
    azimuth: float
    elevation: float
    distance: float | None


def observation_from(document: object) -> Observation:
    """Return the observation of a JSON document, or raise ObservationError."""
    if not isinstance(document, dict):
        message = "expected a JSON object"
        raise ObservationError(message)
    missing = [name for name in _FIELDS if name not in document]
    unknown = sorted(str(name) for name in set(document) - {*_FIELDS, "distance"})
    if missing or unknown:
        message = f"missing fields: {missing}, unknown fields: {unknown}"
        raise ObservationError(message)
    satellite = document["satellite"]
    if type(satellite) is not int or not 0 < satellite <= GREATEST_NUMBER:
        message = f"satellite: expected a whole number from 1 to {GREATEST_NUMBER}"
        raise ObservationError(message)
    try:
        station = station_of_code(str(document["station"]))
    except ValueError as error:
        raise ObservationError(str(error)) from error
    azimuth = _number(document, "azimuth", 0.0, 360.0)
    if azimuth >= 360.0:
        message = "azimuth: expected less than 360"
        raise ObservationError(message)
    distance = document.get("distance")
    return Observation(
        satellite=satellite,
        station=station.code,
        observed_at=_moment(document["observed_at"]),
        azimuth=azimuth,
        elevation=_number(document, "elevation", -90.0, 90.0),
        distance=None if distance is None else _number(document, "distance", math.ulp(0.0), 1e9),
    )


def insert_observation(session: Session, observation: Observation) -> Document:
    """Store an observation and return it with its id."""
    row = ObservationRow(
        satellite=observation.satellite,
        station=observation.station,
        observed_at=observation.observed_at,
        azimuth=observation.azimuth,
        elevation=observation.elevation,
        distance=observation.distance,
    )
    session.add(row)
    session.commit()
    return _to_document(row)


def list_observations(session: Session, *, satellite: int | None, limit: int) -> list[Document]:
    """Return the newest observations first, of one satellite if one is given."""
    statement = select(ObservationRow).order_by(ObservationRow.observed_at.desc(), ObservationRow.id.desc())
    if satellite is not None:
        statement = statement.where(ObservationRow.satellite == satellite)
    return [_to_document(row) for row in session.scalars(statement.limit(limit))]


def _to_document(row: ObservationRow) -> Document:
    return {
        "id": row.id,
        "satellite": row.satellite,
        "station": row.station,
        "observed_at": row.observed_at.isoformat(),
        "azimuth": row.azimuth,
        "elevation": row.elevation,
        "distance": row.distance,
    }


def _number(document: Document, name: str, least: float, greatest: float) -> float:
    value = document[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"{name}: expected a number"
        raise ObservationError(message)
    # Not a number compares false with everything, so it fails here too.
    if not least <= value <= greatest:
        message = f"{name}: expected a number from {least} to {greatest}"
        raise ObservationError(message)
    return float(value)


def _moment(text: object) -> datetime:
    if isinstance(text, str):
        try:
            # Python 3.10 does not know the Z of ISO 8601.
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            pass
        else:
            if moment.tzinfo is not None:
                return moment
    message = "observed_at: expected ISO 8601 with a time zone, 2006-06-25T12:00:00Z"
    raise ObservationError(message)
