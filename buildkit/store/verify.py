"""Verifies every entry by its digest or checksum. Blobs come first, since an action is useless without its output."""

from __future__ import annotations

from collections.abc import Iterator

from buildkit.doors import files, reading
from buildkit.store.artifacts import CONTENT_DIFFERS, MOST_CONTENT, Store, action_text, blob, parse_action
from buildkit.store.inventory import Inventory, StoredFile

UNREADABLE = "its checksum differs"
DANGLING = "what it made is gone"


def verify(store: Store, found: Inventory, *, delete: bool = True) -> Iterator[tuple[StoredFile, str]]:
    """Read all entries and delete the damaged ones; yield each of these with the fault.

    Args:
        store: whose entries they are.
        found: the entries.
        delete: delete damaged entries; if False they are only reported.

    Raises:
        OSError: an entry cannot be read or deleted.
    """
    for entry in found.blobs:
        kept = _read(entry)
        if kept is not None and blob(entry.name, kept, deflated=entry.deflated) is None:
            if delete:
                files.remove(entry.path)
            yield entry, CONTENT_DIFFERS
    for entry in found.actions:
        text = _read(entry)
        if text is None:
            continue
        made = parse_action(text)
        whole = [each for each in made or () if not each.get("output") or store.has(each["output"])]
        if whole and whole == made:
            continue
        if not delete:
            pass
        elif whole:
            files.write(entry.path, action_text(whole))
        else:
            files.remove(entry.path)
        yield entry, UNREADABLE if made is None else DANGLING


def _read(entry: StoredFile) -> bytes | None:
    """Return the content of an entry, None if it went away meanwhile."""
    try:
        return reading.read(entry.path, most=MOST_CONTENT)
    except FileNotFoundError:
        return None
