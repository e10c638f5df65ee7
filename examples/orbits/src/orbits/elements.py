"""Element sets: the mean orbit of a satellite at one moment."""

from dataclasses import dataclass
from math import tau

from orbits.julian import JulianDate

GRAVITATIONAL_PARAMETER = 398600.8
"""Of the Earth in km3/s2, WGS-72: the one that element sets are fitted with."""

EARTH_RADIUS = 6378.135
"""Equatorial radius in km, WGS-72."""

_MINUTES_PER_DAY = 1440.0
_SECONDS_PER_DAY = 86400.0


@dataclass(frozen=True)
class ElementSet:
    """One two-line element set.

    Attributes:
        number: Catalogue number of the satellite.
        designator: International designator such as 58002B, may be empty.
        epoch: The moment that the elements hold for.
        drag: B* in units of one per Earth radius.
        inclination: Degrees.
        ascending_node: Right ascension of the ascending node in degrees.
        eccentricity: Between 0 and 1.
        perigee_argument: Degrees.
        mean_anomaly: Degrees.
        mean_motion: Revolutions per day.
        lines: The two lines, 69 characters each; what SGP4 is started with.
        origin: File and line that the first line was read from.
    """

    number: int
    designator: str
    epoch: JulianDate
    drag: float
    inclination: float
    ascending_node: float
    eccentricity: float
    perigee_argument: float
    mean_anomaly: float
    mean_motion: float
    lines: tuple[str, str]
    origin: str

    @property
    def key(self) -> str:
        """The number with leading zeros: the stem of file names."""
        return f"{self.number:05d}"

    @property
    def period_minutes(self) -> float:
        """Time of one revolution in minutes."""
        return _MINUTES_PER_DAY / self.mean_motion

    @property
    def semi_major_axis(self) -> float:
        """Half the length of the ellipse in km, by Kepler's third law."""
        radians_per_second = self.mean_motion * tau / _SECONDS_PER_DAY
        cubed = GRAVITATIONAL_PARAMETER / radians_per_second**2
        return float(cubed ** (1.0 / 3.0))

    @property
    def perigee_altitude(self) -> float:
        """Lowest height over a sphere of the equatorial radius in km."""
        return self.semi_major_axis * (1.0 - self.eccentricity) - EARTH_RADIUS

    @property
    def apogee_altitude(self) -> float:
        """Greatest height over a sphere of the equatorial radius in km."""
        return self.semi_major_axis * (1.0 + self.eccentricity) - EARTH_RADIUS
