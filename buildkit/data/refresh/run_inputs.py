"""Whether the inputs of a stage stood still while it ran.

What was read in between is not what the key speaks of, also where all is as before in the end: a branch that was
switched away and back. Such a result counts, but as one of inputs that are not there, so it is due the next time. Where
the same happens then, it is the stage itself that writes them, and that they are as before is all that can be asked.
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
    """The inputs of one stage.

    Args:
        paths: all files that its key rests on.
        items: what it runs once for; none for a stage that runs once for all.
        cache: saw them.
    """

    def __init__(self, paths: Iterable[str], items: Iterable[Item], cache: Digests) -> None:
        self._cache = cache
        paths = sorted(paths)
        self._items = {item.name: _of_item(str(item.place), paths) for item in items}
        of_items = {path for its in self._items.values() for path in its}
        self._common = [path for path in paths if path not in of_items]

    def changed(self) -> str:
        """Return an input that did not stand still; of a stage in pieces, one that they have in common."""
        return self._cache.changed(self._common)

    def item_changed(self, item: str) -> bool:
        """Return whether an item did not stand still."""
        return bool(self._cache.changed(self._items[item]))


def _of_item(place: str, paths: list[str]) -> list[str]:
    """Return those of the sorted paths that are an item, or lie under it."""
    first, last = bisect_left(paths, f"{place}/"), bisect_left(paths, f"{place}0")  # the letter after the slash
    at = bisect_left(paths, place)
    return [*paths[first:last], *([place] if paths[at : at + 1] == [place] else [])]


def mark_changed(record: StageRecord, then: StageRecord | None, path: str, pieces: Collection[str] = ()) -> StageRecord:
    """Return the record of a stage whose input moved: made from something else than what is there.

    Args:
        record: what was made.
        then: what was made before.
        path: the input.
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
    """Return the key of a piece whose item moved.

    Args:
        key: that of its item as it was seen.
        then: what was made before.
    """
    mark = digest_value([_MEANWHILE, key])
    return key if then is not None and then.key == mark else mark


def changed_message(stage: str, path: str) -> str:
    """Return what to say of it."""
    return f"data: stage {stage}: {path} changed while it ran; it is due again the next time"


def _part_of(path: str, parts: Mapping[str, Digest]) -> str:
    """Return the part of the key that a file is; the longest name that fits."""
    fitting = [part for part in parts if path.endswith(f"/{part.partition(' ')[2]}")]
    return max(fitting, key=len, default=f"input {path}")
