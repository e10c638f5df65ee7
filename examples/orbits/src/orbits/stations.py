"""The ground stations whose passes are searched for.

Positions to about 100 m, from the stations' public descriptions; they matter
here only as places spread over latitudes and longitudes.
"""

from dataclasses import dataclass

from orbits.geodetic import GeodeticPosition


@dataclass(frozen=True)
class Station:
    """A ground station.

    Attributes:
        code: Short lower-case name, the key everywhere.
        name: Name for people.
        place: Where it stands; the altitude in km.
    """

    code: str
    name: str
    place: GeodeticPosition


STATIONS = (
    Station("goldstone", "Goldstone, USA", GeodeticPosition(35.4267, -116.8900, 1.00)),
    Station("kiruna", "Kiruna, Sweden", GeodeticPosition(67.8571, 20.9643, 0.40)),
    Station("kourou", "Kourou, French Guiana", GeodeticPosition(5.2514, -52.8047, 0.00)),
    Station("malargue", "Malargüe, Argentina", GeodeticPosition(-35.7760, -69.3982, 1.55)),
    Station(
        "new-norcia",
        "New Norcia, Australia",
        GeodeticPosition(-31.0482, 116.1915, 0.25),
    ),
    Station("redu", "Redu, Belgium", GeodeticPosition(50.0019, 5.1461, 0.39)),
)
"""All stations, sorted by code."""


class UnknownStationError(ValueError):
    """No station has this code."""

    def __init__(self, code: str) -> None:
        """Name the codes that there are."""
        known = ", ".join(station.code for station in STATIONS)
        super().__init__(f"unknown station {code!r}; known stations: {known}")


def station_of_code(code: str) -> Station:
    """Return the station of a code, or raise UnknownStationError."""
    for station in STATIONS:
        if station.code == code:
            return station
    raise UnknownStationError(code)
