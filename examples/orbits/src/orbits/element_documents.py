"""Element sets as JSON: how one stage of the pipeline hands them to the next.

Only the lines and their origin are kept; everything else follows from them.
"""

from pathlib import Path

from orbits.documents import Document, read_documents, write_document
from orbits.element_parser import parse_element_set
from orbits.elements import ElementSet


def write_element_sets(path: Path, element_sets: list[ElementSet]) -> None:
    """Write element sets in their order."""
    write_document(path, [_to_document(elements) for elements in element_sets])


def read_element_sets(path: Path) -> list[ElementSet]:
    """Return the element sets of a file that `write_element_sets` wrote."""
    return [_from_document(document) for document in read_documents(path)]


def _to_document(elements: ElementSet) -> Document:
    first, second = elements.lines
    return {"first": first, "second": second, "origin": elements.origin}


def _from_document(document: Document) -> ElementSet:
    file, _, line_number = str(document["origin"]).rpartition(":")
    # The checksums were verified, or knowingly ignored, by the stage `read`.
    return parse_element_set(
        str(document["first"]),
        str(document["second"]),
        file=file,
        line_number=int(line_number),
        verify_checksums=False,
    )
