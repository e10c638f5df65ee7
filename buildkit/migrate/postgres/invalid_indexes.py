"""Finds indexes that CREATE INDEX CONCURRENTLY left invalid: unused by queries, but existing to IF NOT EXISTS."""

from __future__ import annotations

from collections.abc import Sequence

INVALID = """
SELECT format('%I.%I', n.nspname, c.relname), c.relname
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
ORDER BY 1
"""
"""Every invalid index that no session is building right now: its quoted name with schema, and its bare name."""


def repair_hint(names: Sequence[str]) -> str:
    """Return the hint with the commands that repair the invalid indexes `names`."""
    commands = "\n".join(f"REINDEX INDEX CONCURRENTLY {name};" for name in names)
    return (
        f"finish what was left half built, then run again:\n{commands}\n(or DROP INDEX, if the revision makes it anew)"
    )
