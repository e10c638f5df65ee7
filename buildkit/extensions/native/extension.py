"""An extension to build from C, and the keys of its two actions: compile each C file, link the objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import TYPE_CHECKING

from buildkit.compile.distutils import NO_SETTINGS, DistutilsSettings
from buildkit.compile.flags import NO_FLAGS, Flags
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.extensions.entries import checked_entries
from buildkit.model import Digest
from buildkit.store.artifacts import Store

if TYPE_CHECKING:
    from buildkit.store.archive import PackedAction  # loads what reads and writes archives

PLUS_PLUS = "toolchain c++"
"""The part of a fingerprint that says which C++ compiler there is; only what needs one has it."""

_MOST_WAYS = 64
_MOST_COMPILERS = 2


@dataclass(frozen=True, slots=True)
class Extension:
    """What becomes one extension.

    Args:
        name: its module, dotted.
        source: what the C was made from, relative to the source root: its kind says how the C is optimized, its folder
            is searched for headers.
        c_files: the digest of each C file by its name, in the order in which they are linked.
        generated_headers: the digest of each generated header by its name; it lies beside the C files.
        flags: further words of the settings for this module.
        include: folders of headers that the settings name.
        distutils: the settings in the sources.
        sources: the digest of each further C or C++ file by its portable name.
    """

    name: str
    source: str
    c_files: Mapping[str, Digest]
    generated_headers: Mapping[str, Digest] = field(default_factory=dict)
    flags: Flags = NO_FLAGS
    include: tuple[str, ...] = ()
    distutils: DistutilsSettings = NO_SETTINGS
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
        """All C and C++ files to compile, in the order of linking."""
        return {**self.c_files, **self.sources}

    def searched(self, file: str) -> str:
        """Return the folder of sources that is searched for the headers of one of its files.

        What the settings name as a further source is the same for every module: the source root alone is searched.
        """
        return "" if file in self.distutils.shared else self.folder

    @property
    def is_plus_plus(self) -> bool:
        """Whether it is compiled and linked as C++."""
        return self.distutils.is_plus_plus


def compile_key(extension: Extension, file: str, attempt: int, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the action that makes an object.

    Args:
        extension: the extension.
        file: one of its C files.
        attempt: the compiler's index in the order of tries, from 0.
        parts: those of a fingerprint that concern tools and settings; others are ignored.
    """
    own = (_tools_of(extension), "toolchain python", "setting flags")
    own_parts = dict.fromkeys((f"include {extension.searched(file)}", f"attempt {attempt}"), Digest(""))
    distutils = {
        "asks": digest_value([extension.distutils.include, extension.distutils.compile, extension.is_plus_plus])
    }
    generated = {} if file in extension.sources else extension.generated_headers
    beside = {f"beside {name}": digest for name, digest in generated.items()}
    return key_of(
        {
            f"text {file}": extension.files[file],
            **beside,
            **own_parts,
            **distutils,
            **{part: parts[part] for part in own},
        }
    )


def link_key(extension: Extension, objects: Sequence[Digest], attempt: int, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the action that makes the extension of these objects; the others are those of `compile_key`."""
    own = (_tools_of(extension), "toolchain python", "setting link flags")
    own_parts = dict.fromkeys((f"extension {extension.stem}", f"attempt {attempt}"), Digest(""))
    distutils = {
        "asks": digest_value(
            [
                extension.distutils.libraries,
                extension.distutils.objects,
                extension.distutils.compile,
                extension.distutils.link,
            ]
        )
    }
    inputs = {f"object {at:04}": digest for at, digest in enumerate(objects)}
    return key_of({**inputs, **own_parts, **distutils, **{part: parts[part] for part in own}})


def _tools_of(extension: Extension) -> str:
    return PLUS_PLUS if extension.is_plus_plus else "toolchain compiler"


def actions_of(
    store: Store, extension: Extension, parts: Mapping[str, Digest], outputs: Collection[Digest]
) -> list[PackedAction]:
    """Return the actions that lead from an extension's C to one of `outputs`, none if the store lacks one.

    Args:
        store: is asked for them.
        extension: the extension.
        parts: those of its fingerprint.
        outputs: digests of extensions.
    """
    refused: list[PackedAction] = []
    for attempt in range(_MOST_COMPILERS):
        keys = [compile_key(extension, file, attempt, parts) for file in extension.files]
        compiled = [checked_entries(store, key, "headers", "digest", "object", "words") for key in keys]
        if not all(compiled):
            continue
        for way in islice(product(*compiled), _MOST_WAYS):
            if not all(entry["object"] for entry in way):
                continue
            key = link_key(extension, [entry["object"] for entry in way], attempt, parts)
            linked = checked_entries(store, key, "headers", "digest", "output", "words")
            made = [entry for entry in linked if entry["output"] in outputs and store.has(entry["output"])]
            if made:
                return [*refused, *((one, [entry]) for one, entry in zip(keys, way, strict=True)), (key, made)]
            no = [entry for entry in linked if not entry["output"]]
            refused += [(key, no)] if no else []
        refused += zip(keys, compiled, strict=True)
    return []
