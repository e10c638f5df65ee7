"""Finds out whether a stage's inputs changed while it ran.

Then the stage may have read content that its key does not describe, even if the files are as before in the end (a
branch switched away and back). The result is kept, but recorded under a key that no inputs have, so the stage is due
the next time. If the same input changes again then, the stage itself writes it, and the result is recorded under its
plain key.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from buildkit.core.fingerprint import digest_value, key_of
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.items import Item
from buildkit.data.volume.manifest import Piece, StageRecord
from buildkit.model import Digest

_MEANWHILE = "changed while it ran"


class RunInputs:
    """The inputs of one run of a stage.

    Args:
        paths: all files that were read for its key.
        items: the stage's items; empty for a stage that runs once.
        cache: the digest cache that read them.
    """

    def __init__(self, paths: Iterable[str], items: Iterable[Item], cache: Digests) -> None:
        self._cache = cache
        paths = sorted(paths)
        self._items = {item.name: _of_item(str(item.place), paths) for item in items}
        of_items = {path for its in self._items.values() for path in its}
        self._common = [path for path in paths if path not in of_items]

    def changed(self) -> str:
        """Return an input that changed since it was read, empty if none did; items are left out, see `item_changed`."""
        return self._cache.changed(self._common)

    def item_changed(self, item: str) -> bool:
        """Return whether an item changed since it was read."""
        return bool(self._cache.changed(self._items[item]))


def _of_item(place: str, paths: list[str]) -> list[str]:
    """Return those of the sorted paths that are an item, or lie under it."""
    first, last = bisect_left(paths, f"{place}/"), bisect_left(paths, f"{place}0")  # the letter after the slash
    at = bisect_left(paths, place)
    return [*paths[first:last], *([place] if paths[at : at + 1] == [place] else [])]


def mark_changed(record: StageRecord, then: StageRecord | None, path: str, pieces: Collection[str] = ()) -> StageRecord:
    """Return the record to keep for a stage whose input changed while it ran: it is due the next time.

    Args:
        record: the record of the run.
        then: the record before it.
        path: the input that changed.
        pieces: the items of the pieces that ran.
    """
    name = _part_of(path, record.parts)
    mark = digest_value([_MEANWHILE, record.parts.get(name, "")])
    if then is not None and then.parts.get(name) == mark:
        return record
    parts = {**record.parts, name: mark}
    marked = {item: replace(record.pieces[item], key=digest_value([_MEANWHILE, name])) for item in pieces}
    return replace(record, key=key_of(parts), parts=parts, pieces={**record.pieces, **marked})


def changed_key(key: Digest, then: Piece | None) -> Digest:
    """Return the key to keep for a piece whose item changed while it ran.

    Args:
        key: the key of the piece by the item as it was read.
        then: the record before it.
    """
    mark = digest_value([_MEANWHILE, key])
    return key if then is not None and then.key == mark else mark


def changed_message(stage: str, path: str) -> str:
    """Return the message for an input that changed while its stage ran."""
    return f"data: stage {stage}: {path} changed while it ran; it is due again the next time"


def _part_of(path: str, parts: Mapping[str, Digest]) -> str:
    """Return the name of the key's part that stands for a file: the longest that fits."""
    fitting = [part for part in parts if path.endswith(f"/{part.partition(' ')[2]}")]
    return max(fitting, key=len, default=f"input {path}")
