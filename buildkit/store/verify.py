"""Verifies every entry by its digest or checksum. Blobs come first, since an action is useless without its output."""

from __future__ import annotations

from collections.abc import Iterator

from buildkit.doors import files, reading
from buildkit.store.artifacts import MOST_CONTENT, Store, action, action_text, blob
from buildkit.store.inventory import Entry, Inventory

FLIPPED = "its content is not what its name says"
UNREADABLE = "its checksum differs"
DANGLING = "what it made is gone"


def verify(store: Store, found: Inventory, *, mend: bool = True) -> Iterator[tuple[Entry, str]]:
    """Read all entries and delete the damaged ones; yield each of these with the fault.

    Args:
        store: whose entries they are.
        found: the entries.
        mend: delete damaged entries; if False they are only reported.

    Raises:
        OSError: an entry cannot be read or deleted.
    """
    for entry in found.blobs:
        kept = _read(entry)
        if kept is not None and blob(entry.name, kept, deflated=entry.deflated) is None:
            if mend:
                files.remove(entry.path)
            yield entry, FLIPPED
    for entry in found.actions:
        text = _read(entry)
        if text is None:
            continue
        made = action(text)
        whole = [each for each in made or () if not each.get("output") or store.has(each["output"])]
        if whole and whole == made:
            continue
        if not mend:
            pass
        elif whole:
            files.write(entry.path, action_text(whole))
        else:
            files.remove(entry.path)
        yield entry, UNREADABLE if made is None else DANGLING


def _read(entry: Entry) -> bytes | None:
    """Return the content of an entry, None if it went away meanwhile."""
    try:
        return reading.read(entry.path, most=MOST_CONTENT)
    except FileNotFoundError:
        return None
