"""Finds the actions in the store that a checkout uses, for all of its interpreters."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from buildkit.compile.distutils import from_entry
from buildkit.compile.module import INIT
from buildkit.extensions.cython.bodies import body_key
from buildkit.extensions.cython.translation import extension_of, header_key, translate_key
from buildkit.extensions.entries import checked_entries
from buildkit.extensions.mypyc.translation import actions_of_program
from buildkit.extensions.native.extension import actions_of
from buildkit.model import ABSENT, Digest
from buildkit.store import state as states
from buildkit.store.archive import PackedAction
from buildkit.store.artifacts import Store
from buildkit.store.state import State


def used_actions(store: Store, work: Path) -> tuple[list[PackedAction], list[str]]:
    """Return the actions that restore a checkout's extensions, and the modules that the store cannot restore.

    Args:
        store: is asked for them.
        work: the checkout's own folder, which has a state for each interpreter.
    """
    actions: dict[Digest, PackedAction] = {}
    lacking: set[str] = set()
    for file in sorted(work.glob("state*.json")):
        state = states.read(file)
        for name in state.records:
            found = _of_module(store, state, name)
            if not found:
                lacking.add(name)
            for key, made in found:
                _, others = actions.get(key, (key, ()))
                actions[key] = (key, [*others, *(entry for entry in made if entry not in others)])
    return [actions[key] for key in sorted(actions)], sorted(lacking)


def _of_module(store: Store, state: State, name: str) -> list[PackedAction]:
    """Return the actions of one module; the first alone where Cython refuses it; none if the store lacks one."""
    record, stem = state.records[name], name.replace(".", "/")
    if "toolchain mypyc" in record.parts:
        return actions_of_program(store, state, name)
    source = next(
        (file for file in (f"{stem}.pyx", f"{stem}.py", f"{stem}/{INIT}.pyx") if f"source {file}" in record.parts), ""
    )
    key = translate_key(name, source, record.parts) if source else Digest("")
    for entry in checked_entries(store, key, "c", "read", "probes", "words", "asks", "lifted", "public") if key else ():
        same = all(record.parts.get(part) == digest for part, digest in entry["read"].items())
        if same and tuple(entry["probes"]) == state.probes[name]:
            if not entry["c"]:
                return [(key, [entry])]
            parts = defaultdict(lambda: ABSENT, record.parts)
            public = [(header_key(key, name), [{"output": made}]) for name, made in sorted(entry["public"].items())]
            asks, before = from_entry(entry["asks"]), [*public, (key, [entry])]
            for body in checked_entries(store, body_key(source, parts), "c") if entry["lifted"] else [None]:
                at_hand = None if body is None else body["c"]
                extension = extension_of(name, source, entry["c"], asks, parts.__getitem__, body=at_hand)
                made = actions_of(store, extension, parts, set(record.outputs.values()))
                if made:
                    return [*before, *([(body_key(source, parts), [body])] if body else []), *made]
    return []
