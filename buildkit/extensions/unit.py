"""What becomes one extension, and the keys of the actions that make it: compile each C file, link the objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import TYPE_CHECKING

from buildkit.compile.asks import NOTHING, Asks
from buildkit.compile.compilers import NO_FLAGS, Flags
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.extensions.entries import entries
from buildkit.model import Digest
from buildkit.store.artifacts import Store

if TYPE_CHECKING:
    from buildkit.store.archive import Action  # loads what reads and writes archives

PLUS_PLUS = "toolchain c++"
"""The part of a fingerprint that says which C++ compiler there is; only what needs one has it."""

_MOST_WAYS = 64
_MOST_COMPILERS = 2


@dataclass(frozen=True, slots=True)
class Unit:
    """What becomes one extension.

    Args:
        name: its module, dotted.
        source: what the C was made from, relative to the source root: its kind says how the C is optimized, its folder
            is searched for headers.
        texts: the digest of each C file by its name, in the order in which they are linked.
        beside: the digest of each generated header by its name; it lies beside the C files.
        flags: further words of the settings for this module.
        include: folders of headers that the settings name.
        asks: what the sources themselves ask for.
        sources: the digest of each further C or C++ file by its portable name.
    """

    name: str
    source: str
    texts: Mapping[str, Digest]
    beside: Mapping[str, Digest] = field(default_factory=dict)
    flags: Flags = NO_FLAGS
    include: tuple[str, ...] = ()
    asks: Asks = NOTHING
    sources: Mapping[str, Digest] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The last word of its name."""
        return self.name.rpartition(".")[2]

    @property
    def folder(self) -> str:
        """The folder of its source, relative to the source root."""
        return self.source.rpartition("/")[0]

    @property
    def files(self) -> Mapping[str, Digest]:
        """All that is compiled, in the order in which it is linked."""
        return {**self.texts, **self.sources}

    @property
    def is_plus_plus(self) -> bool:
        """Whether it is compiled and linked as C++."""
        return self.asks.is_plus_plus


def compile_key(unit: Unit, file: str, attempt: int, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the action that makes an object.

    Args:
        unit: the extension.
        file: one of its C files.
        attempt: which of the compilers, from 0.
        parts: those of a fingerprint that concern tools and settings; others are ignored.
    """
    own = (_tools_of(unit), "toolchain python", "setting flags")
    told = dict.fromkeys((f"include {unit.folder}", f"attempt {attempt}"), Digest(""))
    asks = {"asks": digest_value([unit.asks.include, unit.asks.compile, unit.is_plus_plus])}
    beside = {f"beside {name}": digest for name, digest in unit.beside.items()}
    return key_of({f"text {file}": unit.files[file], **beside, **told, **asks, **{part: parts[part] for part in own}})


def link_key(unit: Unit, objects: Sequence[Digest], attempt: int, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the action that makes the extension of these objects; the others are those of `compile_key`."""
    own = (_tools_of(unit), "toolchain python", "setting link flags")
    told = dict.fromkeys((f"extension {unit.stem}", f"attempt {attempt}"), Digest(""))
    asks = {"asks": digest_value([unit.asks.libraries, unit.asks.objects, unit.asks.compile, unit.asks.link])}
    inputs = {f"object {at:04}": digest for at, digest in enumerate(objects)}
    return key_of({**inputs, **told, **asks, **{part: parts[part] for part in own}})


def _tools_of(unit: Unit) -> str:
    return PLUS_PLUS if unit.is_plus_plus else "toolchain compiler"


def actions_of(store: Store, unit: Unit, parts: Mapping[str, Digest], outputs: Collection[Digest]) -> list[Action]:
    """Return the actions that lead from a unit's C to one of `outputs`, none if the store lacks one.

    Args:
        store: is asked for them.
        unit: the extension.
        parts: those of its fingerprint.
        outputs: digests of extensions.
    """
    refused: list[Action] = []
    for attempt in range(_MOST_COMPILERS):
        keys = [compile_key(unit, file, attempt, parts) for file in unit.files]
        compiled = [entries(store, key, "headers", "digest", "object", "words") for key in keys]
        if not all(compiled):
            continue
        for way in islice(product(*compiled), _MOST_WAYS):
            if not all(entry["object"] for entry in way):
                continue
            key = link_key(unit, [entry["object"] for entry in way], attempt, parts)
            linked = entries(store, key, "headers", "digest", "output", "words")
            made = [entry for entry in linked if entry["output"] in outputs and store.has(entry["output"])]
            if made:
                return [*refused, *((one, [entry]) for one, entry in zip(keys, way, strict=True)), (key, made)]
            no = [entry for entry in linked if not entry["output"]]
            refused += [(key, no)] if no else []
        refused += zip(keys, compiled, strict=True)
    return []
