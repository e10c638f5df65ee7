"""Records the inputs of what was made, or that a look found nothing to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import cast

from buildkit.doors.locks import Held
from buildkit.doors.statcache import Row, unchanged_folder
from buildkit.extensions.cython.bodies import sameness_files
from buildkit.extensions.result import Done, Recording
from buildkit.extensions.sight import Sight
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.model import Report
from buildkit.store.state import State


def record(sight: Sight, done: Done, lock: Held) -> State:
    """Write down what was made from what, and return it.

    Args:
        sight: what was seen.
        done: the result of the plan.
        lock: lets this process alone change the tree.
    """
    workspace, known = sight.workspace, sight.remembered
    state = updated(known.state, done.entries)
    for name, each in state.records.items():
        if name in sight.subjects:
            for path in each.outputs:
                known.cache.ensure_row(f"{workspace.folder}/{path}")  # let the next look know it by its stamps
    lock.require()
    workspace.memory.write(known, state, (workspace.store, sight.state_key))
    return state


def updated(state: State, entries: Mapping[str, Recording | None]) -> State:
    """Return the state with these entries in the place of what it says of their subjects. Pure.

    Args:
        state: is left as it is.
        entries: what is recorded of each subject; None for nothing.
    """
    records, probes, failures = dict(state.records), dict(state.probes), dict(state.failures)
    headers = dict(state.headers)
    for name, entry in entries.items():
        for table in (records, probes, failures):
            table.pop(name, None)
        if entry is not None:
            records[name], probes[name] = entry.record, entry.probes
            headers |= entry.headers
            if entry.failure is not None:
                failures[name] = entry.failure
    used = {name for each in records.values() for name in each.parts}
    return State(records, probes, failures, {label: digests for label, digests in headers.items() if label in used})


def record_look(sight: Sight, check: UpToDateCheck | None, report: Report) -> None:
    """Write down what a look saw that left everything as it was, for the next up-to-date check.

    Args:
        sight: what was seen.
        check: keeps it; None where no check is made.
        report: its result.
    """
    memory, known = sight.workspace.memory, sight.remembered
    places = _rested_on(sight) if check is not None else None
    if check is not None and places is not None:
        of_machine = any(part.startswith("machine ") for each in known.state.records.values() for part in each.parts)
        memory.write_look(known, check.to_store(report, of_machine=of_machine), places)
    elif known.cache.changed:
        memory.write_look(known, {}, {})


def _rested_on(sight: Sight) -> dict[str, Row] | None:
    """Return the folders and links whose entries affect the result, with their stamps.

    None if anything did since the look, or if it rests on what only a whole look asks: a compiler that is a script,
    say, may do anything.
    """
    toolchain, known, workspace = sight.backends.toolchain, sight.remembered, sight.workspace
    if not toolchain.drivers.is_repeatable:
        return None
    for module in [name for name in sys.modules if name.partition(".")[0] == "buildkit"]:
        known.cache.digest(str(sys.modules[module].__file__))
    for file in sameness_files():
        known.cache.digest(str(file))
    include = (folder for folder, _, _ in os.walk(toolchain.interpreter.include))
    programs = workspace.environment.get("PATH", "").split(os.pathsep)
    places = {
        *sight.modules.looked,
        *sight.backends.inputs.probes.looked,
        str(workspace.config.root),
        *include,
        *programs,
        *sys.path,
    }
    rows = {place: unchanged_folder(place, known.moment) for place in places}
    return None if None in rows.values() else cast("dict[str, Row]", rows)
