"""The translation of all mypyc modules: its key, its files, and the actions that depend on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from buildkit.compile.flags import Flags, split_flags
from buildkit.compile.module import Module
from buildkit.core import untrusted
from buildkit.core.fingerprint import digest_bytes, key_of
from buildkit.extensions.entries import checked_entries
from buildkit.extensions.native.extension import Extension, actions_of
from buildkit.model import Digest
from buildkit.store.archive import PackedAction as Entries
from buildkit.store.artifacts import Store
from buildkit.store.state import State

_BESIDE = Flags(("-I.",))
"""Where an extension is compiled lie all headers that it has, mypyc's own as well."""

Files = Mapping[str, Mapping[str, Digest]]
"""`texts`, the C files that are compiled, and `beside`, what they include: each by its name with its digest."""

NO_FILES: Files = {"texts": {}, "beside": {}}


@dataclass(frozen=True, slots=True)
class MypycTranslation:
    """The result of the translation, or the reason why it failed.

    Args:
        c: the digest of all its files in one; empty where mypy refused.
        files: the files of each library and shim.
        read: every file that was read, by name with its digest.
        probes: every other place that was looked at.
        words: mypy's own, where it refused.
    """

    c: Digest
    files: Mapping[str, Files]
    read: Mapping[str, Digest]
    probes: tuple[str, ...]
    words: str = ""


def translate_key(sources: Sequence[str], parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the translation.

    Args:
        sources: the files of all modules, relative to the source root.
        parts: those of the fingerprint of any of them.
    """
    own = ("toolchain mypyc", "setting mypyc", "setting modules")
    return key_of({part: parts[part] for part in (*own, *(f"source {source}" for source in sources))})


def extension_of(module: Module, name: str, files: Files) -> Extension:
    """Return what is compiled of a module: its shim or library `name`, of its C files and what lies beside them."""
    flags = split_flags(module.flags) + _BESIDE
    return Extension(name, module.source, dict(files["texts"]), dict(files["beside"]), flags)


def actions_of_program(store: Store, state: State, name: str) -> list[Entries]:
    """Return the actions that restore the last build of a mypyc module or library; none if the store lacks one of them.

    Args:
        store: is asked for them.
        state: what the checkout was made from.
        name: the module or library.
    """
    record = state.records[name]
    files = (f"{other.replace('.', '/')}.py" for other in state.records)
    sources = [
        file
        for file, other in zip(files, state.records.values(), strict=True)
        if other.parts.get("setting modules") == record.parts["setting modules"] and f"source {file}" in record.parts
    ]
    key = translate_key(sources, record.parts)
    for entry in checked_entries(store, key, "c", "units", "read", "probes", "words"):
        same = all(record.parts.get(part) == digest for part, digest in entry["read"].items())
        if not same or tuple(entry["probes"]) != state.probes[name]:
            continue
        found: list[Entries] = [(key, [entry])]
        for path, digest in record.outputs.items():
            extension = path.partition(".")[0].replace("/", ".")
            module = Module(name, f"{name.replace('.', '/')}.py", "mypyc", {}, ())
            of = extension_of(module, extension, entry["units"].get(extension, NO_FILES))
            made = actions_of(store, of, record.parts, {digest})
            if not made:
                return []
            found += made
        return found
    return []


def texts_of(bundle: bytes) -> dict[Digest, bytes]:
    """Return all C files and headers of a translation, by their digest; none if the bundle is malformed."""
    try:
        texts = [untrusted.text(text).encode() for text in json.loads(bundle)["texts"].values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {digest_bytes(text): text for text in texts}
