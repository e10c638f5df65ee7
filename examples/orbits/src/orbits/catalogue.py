"""Files of two-line element sets.

Besides the lines 1 and 2 such files hold comments (`#`), names of satellites
(the line before a line 1) and empty lines; these are skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from orbits.element_parser import ElementError, parse_element_set
from orbits.elements import ElementSet

VERIFICATION_FILE = "sgp4/SGP4-VER.TLE"
"""The element sets of AIAA 2006-6753, as the package sgp4 carries them."""


@dataclass
class Catalogue:
    """What some files hold.

    Attributes:
        accepted: The element sets in the order of the files.
        rejected: The errors of those that are damaged, in the same order.
    """

    accepted: list[ElementSet] = field(default_factory=list)
    rejected: list[ElementError] = field(default_factory=list)


def verification_text() -> str:
    """Return the text of the verification file of the installed package sgp4."""
    package, name = VERIFICATION_FILE.split("/")
    return files(package).joinpath(name).read_text(encoding="ascii")


def read_files(paths: Sequence[Path], *, verify_checksums: bool = True) -> Catalogue:
    """Return what the files hold; with no files, what the verification file holds."""
    catalogue = Catalogue()
    if not paths:
        read_text(
            verification_text(),
            VERIFICATION_FILE,
            catalogue,
            verify_checksums=verify_checksums,
        )
    for path in paths:
        text = path.read_text(encoding="ascii", errors="replace")
        read_text(text, path.as_posix(), catalogue, verify_checksums=verify_checksums)
    return catalogue


def read_text(text: str, file: str, catalogue: Catalogue, *, verify_checksums: bool = True) -> None:
    """Add the element sets of a text to a catalogue.

    Args:
        text: Content of a file.
        file: Its name, for error messages.
        catalogue: Where the sets and the errors go.
        verify_checksums: Whether a wrong check digit is an error.
    """
    lines = text.splitlines()
    for index, first in enumerate(lines):
        if not first.startswith("1 "):
            continue
        second = lines[index + 1] if index + 1 < len(lines) else ""
        try:
            found = parse_element_set(
                first,
                second,
                file=file,
                line_number=index + 1,
                verify_checksums=verify_checksums,
            )
        except ElementError as error:
            catalogue.rejected.append(error)
        else:
            catalogue.accepted.append(found)
