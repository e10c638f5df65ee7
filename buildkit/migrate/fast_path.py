"""The fast path: asks through libpq alone whether the database is at head.

That answers nearly every start, in a tenth of the time.

Loading psycopg takes a fifth of a second, loading the libpq that it brings along a few milliseconds. Only that one case
is decided here; everything else, errors too, is left to the full check.
"""

from __future__ import annotations

from collections.abc import Collection

from buildkit.migrate.postgres import libpq
from buildkit.migrate.postgres.connection import Address, session_name
from buildkit.migrate.postgres.visit import VersionTable


def at_head(address: Address, places: Collection[VersionTable], head: str) -> bool:
    """Return whether each version table holds `head` and nothing else; False if that cannot be found out at once."""
    library = libpq.load()
    if library is None:
        return False
    connection = libpq.connected(library, {"application_name": session_name("lock"), **address.arguments})
    try:
        return bool(connection and places) and all(
            libpq.rows(library, connection, _query(place)) == [head] for place in places
        )
    finally:
        library.PQfinish(connection)


def _query(place: VersionTable) -> str:
    parts = [part for part in (place.schema, place.table) if part]
    return "SELECT version_num FROM " + ".".join('"' + part.replace('"', '""') + '"' for part in parts)  # noqa: S608
