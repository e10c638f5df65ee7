"""Reading two-line element sets, strictly.

The columns are those of Hoots and Roehrich, "Spacetrack Report No. 3" (1980),
and of the format's public description by CelesTrak. Numbers past 99999 are
understood in the Alpha-5 scheme of space-track.org (A0000 is 100000).
"""

from contextlib import suppress
from typing import NoReturn

from orbits.elements import ElementSet
from orbits.julian import JulianDate, from_year_and_day

LINE_LENGTH = 69
"""Characters of a line that count; anything after them is a comment."""

_ALPHA_5_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_FIRST_ALPHA_5 = 10
_FIRST_YEAR = 57
"""Years from 57 are of the 20th century: Sputnik flew in 1957."""


class ElementError(ValueError):
    """A line that is not a line of an element set."""

    def __init__(self, file: str, line_number: int, reason: str) -> None:
        """Say where and why; `line_number` counts from 1."""
        super().__init__(f"{file}:{line_number}: {reason}")
        self.file = file
        self.line_number = line_number
        self.reason = reason


def checksum(line: str) -> int:
    """Return the check digit of a line: digits count themselves, a minus counts 1."""
    body = line[: LINE_LENGTH - 1]
    digits = sum(int(character) for character in body if character in "0123456789")
    return (digits + body.count("-")) % 10


def parse_element_set(
    first: str,
    second: str,
    *,
    file: str,
    line_number: int,
    verify_checksums: bool = True,
) -> ElementSet:
    """Return the element set of two lines.

    Args:
        first: The line that begins with 1.
        second: The line that begins with 2, the next one in the file.
        file: Name of the file, for error messages.
        line_number: Number of the first line in it, from 1.
        verify_checksums: Whether a wrong check digit is an error.

    Raises:
        ElementError: Some line is short, damaged or of another satellite.
    """
    one = _Line(first, "1", file, line_number)
    two = _Line(second, "2", file, line_number + 1)
    if verify_checksums:
        one.verify_checksum()
        two.verify_checksum()
    number = one.satellite_number()
    if two.satellite_number() != number:
        two.refuse(f"expected satellite {number} as in the line before")
    mean_motion = two.decimal(52, 63)
    if mean_motion <= 0.0:
        two.refuse("mean motion is not positive")
    return ElementSet(
        number=number,
        designator=one.text[9:17].strip(),
        epoch=one.epoch(),
        drag=one.exponential(53, 61),
        inclination=two.decimal(8, 16),
        ascending_node=two.decimal(17, 25),
        eccentricity=two.fraction(26, 33),
        perigee_argument=two.decimal(34, 42),
        mean_anomaly=two.decimal(43, 51),
        mean_motion=mean_motion,
        lines=(one.text, two.text),
        origin=f"{file}:{line_number}",
    )


class _Line:
    """One line with its place, cut to its 69 characters."""

    def __init__(self, text: str, kind: str, file: str, line_number: int) -> None:
        self.text = text.rstrip("\r\n")[:LINE_LENGTH]
        self._file = file
        self._line_number = line_number
        if len(self.text) < LINE_LENGTH:
            self.refuse(f"line has {len(self.text)} characters, expected {LINE_LENGTH}")
        if not self.text.isascii():
            self.refuse("line has characters that are not ASCII")
        if self.text[:2] != f"{kind} ":
            self.refuse(f"line does not begin with {kind!r} and a space")

    def refuse(self, reason: str) -> NoReturn:
        raise ElementError(self._file, self._line_number, reason)

    def verify_checksum(self) -> None:
        expected = checksum(self.text)
        if self.text[-1] != str(expected):
            self.refuse(f"checksum is {self.text[-1]!r}, expected '{expected}'")

    def satellite_number(self) -> int:
        field = self.text[2:7].strip()
        prefix = 0
        if field[:1].isalpha():
            if field[0] not in _ALPHA_5_LETTERS:
                self.refuse(f"satellite number {field!r} is not Alpha-5")
            prefix = (_ALPHA_5_LETTERS.index(field[0]) + _FIRST_ALPHA_5) * 10000
            field = field[1:]
        if not field.isdigit():
            self.refuse(f"satellite number {field!r} is not a number")
        return prefix + int(field)

    def epoch(self) -> JulianDate:
        if not self.text[18:20].isdigit():
            self.refuse(f"epoch year {self.text[18:20]!r} is not a number")
        two_digits = int(self.text[18:20])
        century = 1900 if two_digits >= _FIRST_YEAR else 2000
        day = self.decimal(20, 32)
        if not 1.0 <= day < 367.0:
            self.refuse(f"epoch day {day} is outside the year")
        return from_year_and_day(century + two_digits, day)

    def decimal(self, start: int, stop: int) -> float:
        """Return a number as written, such as ` 34.2682`."""
        return self._number(self.text[start:stop], start)

    def fraction(self, start: int, stop: int) -> float:
        """Return a number without its leading `0.`, such as `1859667`."""
        return self._number("0." + self.text[start:stop], start)

    def exponential(self, start: int, stop: int) -> float:
        """Return a number such as ` 28098-4`, which is 0.28098e-4."""
        field = self.text[start:stop]
        sign = "-" if field[0] == "-" else ""
        return self._number(f"{sign}0.{field[1:6]}e{field[6:8]}", start)

    def _number(self, text: str, start: int) -> float:
        # float() alone would also take 1_000, nan and inf.
        plain = text.strip()
        value = None
        if not set(plain) - set("0123456789+-.e"):
            with suppress(ValueError):
                value = float(plain)
        if value is None:
            self.refuse(f"column {start + 1}: {plain!r} is not a number")
        return value
