"""What the child makes of things that others raise or find: a line, a SQLSTATE, a hint."""

from __future__ import annotations

import re
from typing import Any


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; of the driver's where SQLAlchemy wraps it."""
    origin = getattr(error, "orig", None) or error
    line = str(origin).strip().partition("\n")[0]
    return line or type(origin).__name__


def sqlstate(error: BaseException) -> str:
    """Return the server's reason, whichever driver tells it; empty where the server gave none."""
    origin = getattr(error, "orig", None) or error
    return getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None) or ""


def hint(error: BaseException) -> str:
    """Return what to do about an error that says nothing of that itself; empty where nothing is known."""
    if isinstance(error, TypeError) and re.search(r"connect\(\) got an unexpected keyword argument 'ssl", str(error)):
        return (
            "asyncpg does not know it: for TLS, write ?ssl=require or ?ssl=verify-full, and name the certificate of "
            "the authority by PGSSLROOTCERT"
        )
    if isinstance(error, EOFError) or type(error).__name__ == "Abort":  # that of click, for its own questions
        return "it asks a question, and nobody is there to answer: take what it asks for from the environment"
    return ""


def described(difference: Any) -> str:  # noqa: ANN401 - Alembic's tuples, or lists of them
    """Return one difference between models and database as words."""
    if isinstance(difference, list):
        return "; ".join(described(each) for each in difference)
    kind, *rest = difference
    if kind.startswith("modify"):
        schema, table, column, _, old, new = rest
        return f"{kind.replace('_', ' ')} {'.'.join(filter(None, (schema, table, column)))}: {old} → {new}"
    thing = rest[-1]
    table = getattr(getattr(thing, "table", None), "name", None)
    return f"{kind.replace('_', ' ')} {'.'.join(filter(None, (table, getattr(thing, 'name', None) or str(thing))))}"
