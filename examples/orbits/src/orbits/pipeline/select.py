"""Stage 2: the element sets that are worth propagating, one per satellite."""

from collections.abc import Sequence
from pathlib import Path

from orbits.documents import Document, write_document
from orbits.element_documents import read_element_sets, write_element_sets
from orbits.elements import ElementSet
from orbits.regimes import Regime, regime_of

ALL_REGIMES = tuple(regime.value for regime in Regime)


def select(
    source: Path,
    out: Path,
    *,
    regimes: Sequence[str] = ALL_REGIMES,
    minimum_perigee: float = 0.0,
    maximum_period: float = 20000.0,
) -> None:
    """Write `select/elements.json` and `select/dropped.json`.

    Of several sets of a satellite the newest is kept, of equal ones the first.

    Args:
        source: Folder with `read/`.
        out: Folder to write under.
        regimes: Names of the classes of orbits to keep.
        minimum_perigee: Least height of the perigee in km.
        maximum_period: Greatest time of a revolution in minutes.
    """
    wanted = {Regime(name) for name in regimes}
    kept: dict[int, ElementSet] = {}
    dropped: list[Document] = []

    def drop(elements: ElementSet, reason: str) -> None:
        dropped.append({"number": elements.number, "origin": elements.origin, "reason": reason})

    for elements in read_element_sets(source / "read" / "elements.json"):
        rival = kept.get(elements.number)
        if regime_of(elements) not in wanted:
            drop(elements, f"regime {regime_of(elements).value} is not wanted")
        elif elements.perigee_altitude < minimum_perigee:
            drop(elements, f"perigee at {elements.perigee_altitude:.1f} km")
        elif elements.period_minutes > maximum_period:
            drop(elements, f"period of {elements.period_minutes:.1f} minutes")
        elif rival is None:
            kept[elements.number] = elements
        elif _is_newer(elements, rival):
            drop(rival, f"older than {elements.origin}")
            kept[elements.number] = elements
        else:
            drop(elements, f"not newer than {rival.origin}")
    folder = out / "select"
    write_element_sets(folder / "elements.json", [kept[number] for number in sorted(kept)])
    write_document(folder / "dropped.json", dropped)


def _is_newer(elements: ElementSet, rival: ElementSet) -> bool:
    """Return whether the epoch is later."""
    days = elements.epoch.day - rival.epoch.day
    return days + (elements.epoch.fraction - rival.epoch.fraction) > 0.0
