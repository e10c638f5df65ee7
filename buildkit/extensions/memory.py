"""What is remembered from build to build: of one checkout, and of the machine's tools for all checkouts.

    .buildkit/state…    what each extension was made from
    .buildkit/begun…    what a killed build left unrecorded
    .buildkit/seen…     the stamps of the files, and what the last look came to
    <store>/tools       what was found out about compilers, with the stamps of their files and headers

Each is replaced as a whole. A damaged one counts as none, which costs time alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from buildkit.compile.cython.options import is_crash
from buildkit.config import Config
from buildkit.doors import clock, files
from buildkit.doors.statcache import Row, StatCache
from buildkit.extensions.entries import entries
from buildkit.model import Digest
from buildkit.store import seen as sights
from buildkit.store import state as states
from buildkit.store.artifacts import Store
from buildkit.store.begun import Begun
from buildkit.store.state import State

MOST_TOOLS = 20_000
"""Files whose stamps are kept for all checkouts; those of tools that are gone would else stay for ever."""


class Memory:
    """The memory of one build.

    Args:
        config: the project.
        tree: tells apart the trees that extensions of one checkout go to, such as `.cpython-311-x86_64-linux-gnu`.
        store: the machine's store; None where it may not be used.
        warn: told about a memory that is damaged or cannot be kept.

    `file` is the state's, `begun` the list of what is under way. After `read` there are `state`, `unrecorded`,
    `facts` about tools, the stat `cache`, and the `moment` at which that was, in seconds since 1970; `adopted` says
    whether the state is that of another checkout.
    """

    def __init__(self, config: Config, tree: str, store: Path | None, warn: Callable[[str], None]) -> None:
        begun = config.work / f"begun{tree}"
        self.file = config.work / f"state{tree}.json"
        self.begun = Begun(begun)
        self.state = State()
        self.unrecorded: dict[str, set[tuple[str, Digest]]] = {}
        self.facts: dict[str, Any] = {}
        self.cache = StatCache({})
        self.moment = 0.0
        self.adopted = False
        self._shared: tuple[Store, Digest] | None = None
        self._root = f"{config.root}/"
        self._inputs = (config.file, config.service / "pyproject.toml")
        self._record = (self.file, begun)
        self._seen = sights.file_in(config.work, f"{tree}.")
        self._tools = None if store is None else store / "tools"
        self._known_facts: Mapping[str, Any] = {}
        self._known_rows: dict[str, Row] = {}
        self._warn = warn
        self._told: set[Path] = set()

    def read(self) -> None:
        """Remember."""
        self.moment = clock.now()
        tools = sights.Seen() if self._tools is None else self._believed(self._tools)
        self._known_facts, self._known_rows = _facts(tools.found.get("facts")), tools.rows()
        self.facts = dict(self._known_facts)
        self.cache = StatCache({**self._known_rows, **self._believed(self._seen).rows()})
        for file in (*self._inputs, *self._record):
            self.cache.digest(str(file))  # before it is read: what changes in between is seen the next time
        self.adopted = False
        self.state = states.read(self.file)
        self.unrecorded = self.begun.read()
        if self.state.damaged:
            self._damaged(self.file)

    @property
    def is_lost(self) -> bool:
        """Whether there may be extensions of which nothing is recorded any more."""
        return self.state.damaged or self.begun.damaged or not self.state.records

    def share(self, store: Store, key: Digest, subjects: Collection[str]) -> None:
        """Have the state in common with other checkouts: this one has none yet, or will write it.

        Every record is held against the files here before it counts, so it does not matter whose it is; where the files
        are the same, as in a fresh clone, it spares the way through the store's actions.

        Args:
            store: keeps the states of other checkouts.
            key: what such checkouts have in common.
            subjects: of which the latest of them is taken where there is none here.
        """
        self._shared = store, key
        if self.state.records or not subjects:
            return
        for entry in entries(store, key, "output"):
            text = store.get(entry["output"])
            state = State() if text is None else states.parse(text)
            known = set(subjects) - {name for name, words in state.failures.items() if is_crash(words)}
            for table in (state.records, state.probes, state.failures):
                for name in table.keys() - known:
                    del table[name]
            if state.records:
                self.state, self.adopted = state, True

    def is_the_latest(self) -> bool:
        """Return whether no other build has recorded anything since `read`."""
        return all(files.digest_file(file) == self.cache.digest(str(file)) for file in self._record)

    def write(self) -> None:
        """Keep what was made from what."""
        try:
            text = states.write(self.file, self.state)
            self.begun.clear()
            if self._shared is not None and self.state.records:
                self._share(*self._shared, text)
        except OSError as error:
            self._warn(f"{self.file}: {error.strerror}; the next build looks at everything again")
        with contextlib.suppress(OSError):
            sights.write(self._seen, sights.columns(self.cache.rows(), {}, {}))
        self._write_tools()

    def _share(self, store: Store, key: Digest, text: bytes) -> None:
        """Keep the state for other checkouts, and what it names for as long as one of them comes for it."""
        outputs = sorted({digest for record in self.state.records.values() for digest in record.outputs.values()})
        store.add(key, {"output": store.put(text, deflate=True), "outputs": outputs}, keep=1)

    def write_look(self, found: Mapping[str, Any], folders: Mapping[str, Row]) -> None:
        """Keep what a look saw that left everything as it was, and what it came to. It is no loss if that fails."""
        with contextlib.suppress(OSError):
            sights.write(self._seen, sights.columns(self.cache.asked(), folders, found))
        self._write_tools()

    def _write_tools(self) -> None:
        if self._tools is None:
            return
        known = self._known_rows
        now = {path: row for path, row in self.cache.rows().items() if not path.startswith(self._root)}
        if self.facts == self._known_facts and all(known.get(path) == row for path, row in now.items()):
            return
        together = {**known, **now}
        with contextlib.suppress(OSError):
            kept = together if len(together) <= MOST_TOOLS else now
            sights.write(self._tools, sights.columns(kept, {}, {"facts": self.facts}))

    def _believed(self, file: Path) -> sights.Seen:
        found = sights.read(file)
        if found.damaged:
            self._damaged(file)
        return found

    def _damaged(self, file: Path) -> None:
        if file not in self._told:
            self._told.add(file)
            self._warn(f"{file.name} is damaged; everything is decided anew")


def _facts(found: object) -> dict[str, Any]:
    """Return what tools were found to be: texts, and lists of them."""
    known = found if isinstance(found, dict) else {}
    return {
        key: fact for key, fact in known.items() if {*map(type, fact if isinstance(fact, list) else [fact])} <= {str}
    }
