"""Stage 1: from files of element sets to checked element sets."""

from collections.abc import Sequence
from pathlib import Path

from orbits.catalogue import read_files
from orbits.documents import write_document
from orbits.element_documents import write_element_sets


def read(
    source: Path,  # noqa: ARG001 - the first stage has no stage before it
    out: Path,
    *,
    files: Sequence[str] = (),
    verify_checksums: bool = True,
) -> None:
    """Write `read/elements.json` and `read/rejected.json`.

    Args:
        source: Not used.
        out: Folder to write under.
        files: Files of element sets, relative to the working directory; none
            means the verification file of the package sgp4.
        verify_checksums: Whether sets with a wrong check digit are rejected.

    Raises:
        ValueError: Not one element set could be read.
    """
    catalogue = read_files([Path(file) for file in files], verify_checksums=verify_checksums)
    if not catalogue.accepted:
        reasons = "; ".join(str(error) for error in catalogue.rejected)
        message = f"no element set could be read: {reasons or 'the files hold none'}"
        raise ValueError(message)
    folder = out / "read"
    write_element_sets(folder / "elements.json", catalogue.accepted)
    write_document(
        folder / "rejected.json",
        [{"file": error.file, "line": error.line_number, "reason": error.reason} for error in catalogue.rejected],
    )
