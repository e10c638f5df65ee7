"""Julian dates: days since noon of 1 January 4713 BC, kept as two floats.

A single float holds a date of our century to about 40 microseconds; a whole
part (ending in .5, so midnight) and a fraction of a day keep SGP4's full
accuracy. UTC is taken for UT1 everywhere: they differ by less than 0.9 s.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SECONDS_PER_DAY = 86400.0
J2000 = 2451545.0
"""The Julian date of 2000 January 1, 12:00."""

_MIDNIGHT_OF_YEAR_2000 = 2451544.5
_YEAR_2000 = datetime(2000, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class JulianDate:
    """A moment.

    Attributes:
        day: Julian date of the midnight before, in days (ends in .5).
        fraction: Time since that midnight, in days.
    """

    day: float
    fraction: float

    def plus_seconds(self, seconds: float) -> "JulianDate":
        """Return the moment `seconds` later; the fraction may leave 0 to 1."""
        return JulianDate(self.day, self.fraction + seconds / SECONDS_PER_DAY)

    def days_since_2000(self) -> float:
        """Return the days since noon of 1 January 2000."""
        return (self.day - J2000) + self.fraction

    def to_datetime(self) -> datetime:
        """Return the moment as an aware UTC datetime, to the microsecond."""
        whole_days = self.day - _MIDNIGHT_OF_YEAR_2000
        return _YEAR_2000 + timedelta(days=whole_days) + timedelta(days=self.fraction)

    def isoformat(self) -> str:
        """Return the moment in ISO 8601, such as 2000-06-28T18:50:19.733568Z."""
        text = self.to_datetime().isoformat(timespec="microseconds")
        return text.replace("+00:00", "Z")


def from_datetime(moment: datetime) -> JulianDate:
    """Return the Julian date of an aware datetime."""
    since = moment.astimezone(timezone.utc) - _YEAR_2000
    fraction = (since.seconds + since.microseconds / 1e6) / SECONDS_PER_DAY
    return JulianDate(_MIDNIGHT_OF_YEAR_2000 + since.days, fraction)


def from_year_and_day(year: int, day_of_year: float) -> JulianDate:
    """Return the date of a fractional day of a year; day 1.0 is 1 January, 00:00."""
    whole_days = int(day_of_year)
    new_year = from_datetime(datetime(year, 1, 1, tzinfo=timezone.utc))
    return JulianDate(new_year.day + whole_days - 1, day_of_year - whole_days)
