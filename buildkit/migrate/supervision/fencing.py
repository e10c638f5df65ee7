"""Makes the fence that keeps a rehearsal's env.py on the copy of a database."""

from __future__ import annotations

import os

from buildkit.migrate.postgres.connection import Address

_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


def fencing(copy: Address, source: Address | None) -> tuple[dict[str, object], dict[str, str]]:
    """Return the fence for env.py on a throw-away database, and libpq's environment variables that name it.

    Args:
        copy: the throw-away database.
        source: the database that was copied; None if there is none, so that env.py may connect only to the copy.
    """
    fence: dict[str, object] = {"kind": "copy", "url": copy.sqlalchemy}
    if source is not None:
        hosts, ports = (source.arguments.get(name, usual) for name, usual in (("host", ""), ("port", "5432")))
        names = hosts.split(",")
        numbers = ports.split(",")
        numbers = numbers if len(numbers) == len(names) else numbers[:1] * len(names)
        database = source.database or source.arguments.get("user", "")
        fence["source"] = {"hosts": list(zip(names, numbers, strict=True)), "database": database}
    given = {_VARIABLES[name]: value for name, value in copy.arguments.items() if name in _VARIABLES}
    others = {name: "" for name in os.environ if name.startswith("PG") and name not in given}
    return fence, {**others, **given}
