"""Positions of a satellite by SGP4, the model that element sets are made for.

The model itself is the compiled one of the package sgp4, with the constants of
WGS-72 and the improved mode of operation, as in AIAA 2006-6753.
"""

from typing import Protocol

from sgp4.api import SGP4_ERRORS, Satrec  # type: ignore[import-untyped]

from orbits.elements import ElementSet
from orbits.vectors import Vector

_SECONDS_PER_MINUTE = 60.0


class PropagationError(ValueError):
    """SGP4 has no answer, mostly because the satellite has come down.

    Attributes:
        code: The error number of SGP4, 1 to 6.
        reason: Its meaning.
    """

    def __init__(self, number: int, seconds: float, code: int) -> None:
        """Say which satellite, how many seconds from its epoch, and why."""
        self.code = code
        self.reason = str(SGP4_ERRORS.get(code, "unknown error"))
        super().__init__(f"satellite {number}, {seconds:g} s from epoch: {self.reason} ({code})")


class _Model(Protocol):
    """The part of sgp4.api.Satrec that is used here."""

    def sgp4_tsince(self, minutes: float, /) -> tuple[int, Vector, Vector]: ...


class Propagator:
    """One satellite, ready to be asked for any moment."""

    def __init__(self, elements: ElementSet) -> None:
        """Start SGP4 from an element set."""
        self._number = elements.number
        self._model: _Model = Satrec.twoline2rv(*elements.lines)
        self.epoch = elements.epoch

    def state(self, seconds: float) -> tuple[Vector, Vector]:
        """Return position (km) and velocity (km/s) in TEME.

        Args:
            seconds: Time since the epoch of the element set.

        Raises:
            PropagationError: SGP4 has no answer for this moment.
        """
        code, position, velocity = self._model.sgp4_tsince(seconds / _SECONDS_PER_MINUTE)
        if code:
            raise PropagationError(self._number, seconds, code)
        return position, velocity
