"""Reads and writes what builds remember: the state of one checkout, and facts about tools for all checkouts.

    .buildkit/state…    what each extension was made from
    .buildkit/begun…    what a killed build left unrecorded
    .buildkit/seen…     the stamps of the files, and the result of the last look
    <store>/tools       what was found out about compilers, with the stamps of their files and headers

Each is replaced as a whole. A damaged one is treated as missing, which costs time only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from buildkit.compile.cython.options import is_crash
from buildkit.config import Config
from buildkit.doors import clock, files
from buildkit.doors.statcache import Row, StatCache
from buildkit.extensions.entries import checked_entries
from buildkit.model import Digest
from buildkit.store import snapshot as snapshots
from buildkit.store import state as states
from buildkit.store.artifacts import Store
from buildkit.store.output_journal import OutputJournal
from buildkit.store.state import State

MOST_TOOLS = 20_000
"""Files whose stamps are kept for all checkouts; those of tools that are gone would else stay for ever."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was remembered at one moment.

    Args:
        state: what each extension was made from.
        unrecorded: for each subject the files that no record mentions, each with its digest.
        facts: what was found out about tools; what is found out meanwhile is added.
        cache: digests of files, as long as their stamps are the same.
        moment: when that was, in seconds since 1970.
        tools: the facts and stamps of tools as they are kept for all checkouts.
        is_lost: whether extensions may exist that no record mentions.
        adopted: whether the state is that of another checkout.
    """

    state: State
    unrecorded: Mapping[str, Collection[tuple[str, Digest]]]
    facts: dict[str, Any]
    cache: StatCache
    moment: float
    tools: tuple[Mapping[str, Any], Mapping[str, Row]]
    is_lost: bool
    adopted: bool = False

    def subjects(self) -> list[str]:
        """Return every subject that has, or may have, a file of the suite's."""
        return [*dict.fromkeys((*self.state.records, *self.unrecorded))]


class Memory:
    """The files of one checkout's memory.

    Args:
        config: the project.
        suffix: of the files' names, one for each folder that extensions go to, such as `.cpython-311-x86_64-linux-gnu`.
        store: the machine's store; None where it may not be used.
        warn: called with a message when a file is damaged or cannot be written.

    `file` is the state's, `begun` the list of what is under way.
    """

    def __init__(self, config: Config, suffix: str, store: Path | None, warn: Callable[[str], None]) -> None:
        journal = config.work / f"begun{suffix}"
        self.file = config.work / f"state{suffix}.json"
        self.journal = OutputJournal(journal)
        self._root = f"{config.root}/"
        self._inputs = (config.file, config.service_folder / "pyproject.toml")
        self._record = (self.file, journal)
        self._seen = snapshots.file_in(config.work, f"{suffix}.")
        self._tools = None if store is None else store / "tools"
        self._warn = warn
        self._warned: set[Path] = set()

    def read(self) -> Remembered:
        """Return what is remembered now."""
        moment = clock.now()
        tools = snapshots.Snapshot() if self._tools is None else self._believed(self._tools)
        facts, rows = _facts(tools.found.get("facts")), tools.rows()
        cache = StatCache({**rows, **self._believed(self._seen).rows()})
        for file in (*self._inputs, *self._record):
            cache.digest(str(file))  # before it is read: what changes in between is seen the next time
        state = states.read(self.file)
        unrecorded = self.journal.read()
        if state.damaged:
            self._damaged(self.file)
        is_lost = state.damaged or self.journal.damaged or not state.records
        return Remembered(state, unrecorded, dict(facts), cache, moment, (facts, rows), is_lost)

    def records(self) -> Remembered:
        """Return what the extensions were made from, and no stamp of any file: what is asked about is read.

        It is a tenth of what `read` returns, for who asks about few files.
        """
        state = states.read(self.file)
        is_lost = state.damaged or not state.records
        return Remembered(state, self.journal.read(), {}, StatCache({}), clock.now(), ({}, {}), is_lost)

    def is_the_latest(self, known: Remembered) -> bool:
        """Return whether the state on disk is still the one that `known` was read from."""
        return all(files.digest_file(file) == known.cache.digest(str(file)) for file in self._record)

    def write(self, known: Remembered, state: State, shared: tuple[Store, Digest] | None = None) -> None:
        """Write the state.

        Args:
            known: what was remembered before.
            state: what is to be remembered.
            shared: the store and the key under which other checkouts find the state.
        """
        try:
            text = states.write(self.file, state)
            self.journal.clear()
            if shared is not None and state.records:
                _share(*shared, state, text)
        except OSError as error:
            self._warn(f"{self.file}: {error.strerror}; the next build looks at everything again")
        with contextlib.suppress(OSError):
            snapshots.write(self._seen, snapshots.from_rows(known.cache.trusted_rows(), {}, {}))
        self._write_tools(known)

    def write_look(self, known: Remembered, found: Mapping[str, Any], folders: Mapping[str, Row]) -> None:
        """Store the stamps and the result of a look that found nothing to do; errors are ignored."""
        with contextlib.suppress(OSError):
            snapshots.write(self._seen, snapshots.from_rows(known.cache.all_rows(), folders, found))
        self._write_tools(known)

    def _write_tools(self, known: Remembered) -> None:
        if self._tools is None:
            return
        facts, rows = known.tools
        now = {path: row for path, row in known.cache.trusted_rows().items() if not path.startswith(self._root)}
        if known.facts == facts and all(rows.get(path) == row for path, row in now.items()):
            return
        together = {**rows, **now}
        with contextlib.suppress(OSError):
            kept = together if len(together) <= MOST_TOOLS else now
            snapshots.write(self._tools, snapshots.from_rows(kept, {}, {"facts": known.facts}))

    def _believed(self, file: Path) -> snapshots.Snapshot:
        found = snapshots.read(file)
        if found.damaged:
            self._damaged(file)
        return found

    def _damaged(self, file: Path) -> None:
        if file not in self._warned:
            self._warned.add(file)
            self._warn(f"{file.name} is damaged; everything is decided anew")


def with_shared(known: Remembered, store: Store, key: Digest, subjects: Collection[str]) -> Remembered:
    """Return the memory; if this checkout has no state yet, with the state of an equal checkout from the store.

    Every record is held against the files here before it counts, so it does not matter whose it is; where the files
    are the same, as in a fresh clone, it spares the way through the store's actions.

    Args:
        known: what is remembered here.
        store: keeps the states of other checkouts.
        key: the key under which equal checkouts share their state.
        subjects: of which the latest of them is taken.
    """
    if known.state.records or not subjects:
        return known
    for entry in checked_entries(store, key, "output"):
        text = store.get(entry["output"])
        state = State() if text is None else states.parse(text)
        wanted = set(subjects) - {name for name, words in state.failures.items() if is_crash(words)}
        for table in (state.records, state.probes, state.failures):
            for name in table.keys() - wanted:
                del table[name]
        if state.records:
            known = replace(known, state=state, adopted=True)
    return known


def _share(store: Store, key: Digest, state: State, text: bytes) -> None:
    """Keep the state for other checkouts, and what it names for as long as one of them comes for it."""
    outputs = sorted({digest for record in state.records.values() for digest in record.outputs.values()})
    store.add(key, {"output": store.put(text, deflate=True), "outputs": outputs}, keep=1)


def _facts(found: object) -> dict[str, Any]:
    """Return the stored facts about tools that are texts or lists of texts."""
    known = found if isinstance(found, dict) else {}
    return {
        key: fact for key, fact in known.items() if {*map(type, fact if isinstance(fact, list) else [fact])} <= {str}
    }
