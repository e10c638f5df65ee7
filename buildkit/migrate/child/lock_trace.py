"""Traces which tables a revision locks, in which mode and for how long, and which it rewrites."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

# Weakest first: the manual's table of conflicting lock modes (PostgreSQL, 13.3.1), as what a service notices of it.
BLOCKS = {
    "AccessShareLock": "nothing",
    "RowShareLock": "nothing",
    "RowExclusiveLock": "nothing",
    "ShareUpdateExclusiveLock": "schema changes",
    "ShareLock": "writes",
    "ShareRowExclusiveLock": "writes",
    "ExclusiveLock": "writes",
    "AccessExclusiveLock": "reads and writes",
}
"""Each lock mode of a table, with the operations of an ordinary service that it blocks."""

_MODES = tuple(BLOCKS)
_TABLES = """
SELECT c.oid::bigint, format('%I.%I', n.nspname, c.relname), pg_relation_filenode(c.oid)::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
"""
_LOCKS = """
SELECT relation::bigint, mode FROM pg_locks WHERE locktype = 'relation' AND granted AND pid = pg_backend_pid()
"""
_CONCURRENTLY = re.compile(r"\bINDEX\b.*?\bCONCURRENTLY\b.*?\bON\s+(?:ONLY\s+)?([\w.\"]+)", re.IGNORECASE | re.DOTALL)

Ask = Callable[[str], Sequence[tuple[Any, ...]]]


class LockTrace:
    """Traces the locks of one revision after the other, by queries on the revision's own connection."""

    def __init__(self) -> None:
        self._tables: dict[int, tuple[str, int]] | None = None
        self._rows: dict[str, dict[str, Any]] = {}
        self._start = 0.0

    def begin(self) -> None:
        """Begin a revision: tables that it creates itself are left out, since no other session can wait for them."""
        self._tables = None
        self._rows = {}

    def before(self, ask: Ask) -> None:
        """Note the tables that exist before a statement."""
        if self._tables is None:
            self._tables = {oid: (name, node) for oid, name, node in ask(_TABLES)}
        self._start = time.perf_counter()

    def after(self, ask: Ask, statement: str) -> None:
        """Note the locks that a statement took, and the tables that it rewrote."""
        seconds = time.perf_counter() - self._start
        known = self._tables or {}
        for oid, mode in ask(_LOCKS):
            if oid in known and mode != _MODES[0]:
                self._note(known[oid][0], mode, statement)
        for oid, name, node in ask(_TABLES):
            if oid in known and known[oid][1] != node:
                self._note(name, _MODES[-1], statement)
                self._rows[name] |= {"rewrite": True, "statement": _short(statement)}
                known[oid] = (name, node)
        found = _CONCURRENTLY.search(statement)
        if found:  # outside of a transaction, so its lock is gone by now: the manual says which one it was
            self._note(found[1], "ShareUpdateExclusiveLock", statement)
            self._rows[found[1]]["held"] = seconds

    def end(self) -> list[dict[str, Any]]:
        """Return one row a table: its strongest lock, the statement that took it, and the seconds that it was held."""
        now = time.perf_counter()
        for row in self._rows.values():
            since = row.pop("since")
            row.setdefault("held", now - since)
            row["held"] = round(row["held"], 4)
        return list(self._rows.values())

    def _note(self, table: str, mode: str, statement: str) -> None:
        row = self._rows.get(table)
        if row is not None and _MODES.index(row["mode"]) >= _MODES.index(mode):
            return
        self._rows[table] = {
            "table": table,
            "mode": mode,
            "blocks": BLOCKS[mode],
            "rewrite": row is not None and row["rewrite"],
            "statement": _short(statement),
            "since": self._start,
        }


def _short(statement: str) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= 120 else f"{text[:119]}…"  # noqa: PLR2004 - one line
