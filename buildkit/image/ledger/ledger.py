"""Adds up what each layer, owner and kind weighs; every byte of every layer stands in one row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from buildkit.image.ledger.kinds import kind_of
from buildkit.image.ledger.owners import Owners
from buildkit.image.ledger.tree import File, Tree

NOBODY = "(nobody's)"
"""Whose files are that no list of an installed package names."""

_WORTH = 100_000
"""Bytes from which a file that is there twice is worth a line."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one owner has of one kind in one layer.

    Args:
        layer: the number of the layer.
        owner: whose it is.
        kind: one of `KINDS`.
        size: bytes of the files' contents.
        files: how many.
        symbols: bytes among them that `strip` would take away.
        hidden: bytes among them that no container sees.
    """

    layer: int
    owner: str
    kind: str
    size: int
    files: int
    symbols: int
    hidden: int


@dataclass(frozen=True, slots=True)
class Copy:
    """Content that is stored more than once.

    Args:
        paths: where, with the number of the layer.
        size: bytes of one copy.
        rewritten: whether it is one path that a later layer has again, with nothing changed but owner, mode or date.
    """

    paths: tuple[tuple[str, int], ...]
    size: int
    rewritten: bool

    @property
    def lost(self) -> int:
        """Bytes that one copy would save."""
        return self.size * (len(self.paths) - 1)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The sums of an image.

    Args:
        rows: by layer, owner and kind.
        layers: by layer, the bytes of its unpacked tar.
        frames: by layer, those of them that are headers and padding.
        copies: what is stored more than once, the most bytes first.
        unowned: the largest files that nobody owns.
    """

    rows: tuple[Row, ...]
    layers: dict[int, int] = field(default_factory=dict)
    frames: dict[int, int] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    unowned: tuple[File, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all layers, unpacked."""
        return sum(self.layers.values())

    def weights(self) -> dict[str, dict[str, int]]:
        """Return the bytes by owner and kind, over all layers."""
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in self.rows:
            found[row.owner][row.kind] += row.size
        return {owner: dict(kinds) for owner, kinds in found.items()}


def added_up(tree: Tree, owners: Owners) -> Ledger:
    """Return the sums of an image."""
    sums: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    unowned: list[File] = []
    for file in tree.files:
        owner = owners.of(file.path) or NOBODY
        if owner == NOBODY and not file.hidden_by:
            unowned.append(file)
        row = sums[file.layer, owner, kind_of(file.path, is_binary=file.binary is not None)]
        row[0] += file.size
        row[1] += 1
        row[2] += file.binary.symbols if file.binary is not None else 0
        row[3] += file.size if file.hidden_by else 0
    rows = tuple(Row(layer, owner, kind, *numbers) for (layer, owner, kind), numbers in sorted(sums.items()))
    layers = dict(tree.frames)
    for each in rows:
        layers[each.layer] += each.size
    unowned.sort(key=lambda file: (-file.size, file.path))
    return Ledger(rows, layers, dict(tree.frames), tuple(_copies(tree)), tuple(unowned[:20]))


def _copies(tree: Tree) -> list[Copy]:
    same: dict[str, list[File]] = defaultdict(list)
    for file in tree.files:
        if file.size:
            same[file.digest].append(file)
    found = []
    for files in same.values():
        if len(files) > 1:
            paths = tuple((file.path, file.layer) for file in files)
            found.append(Copy(paths, files[0].size, rewritten=len({path for path, _ in paths}) == 1))
    return sorted((each for each in found if each.lost >= _WORTH or each.rewritten), key=lambda each: -each.lost)
