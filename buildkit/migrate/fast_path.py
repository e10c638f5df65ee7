"""Whether the database is at head, asked with libpq alone: the answer of nearly every start, for a tenth of the price.

To load psycopg takes a fifth of a second, to load the libpq that it brings along a few milliseconds. Nothing is decided
here but that one case; whatever else comes, an error too, is left to the whole way, which says what it is.
"""

from __future__ import annotations

from buildkit.migrate.postgres import libpq
from buildkit.migrate.postgres.connection import Address, session_name
from buildkit.migrate.settings import MigrationSettings


def at_head(address: Address, settings: MigrationSettings, head: str) -> bool:
    """Whether the version table holds `head` and nothing else; False where that could not be seen at once."""
    library = libpq.load()
    if library is None:
        return False
    parts = [part for part in (settings.version_schema, settings.version_table) if part]
    query = "SELECT version_num FROM " + ".".join('"' + part.replace('"', '""') + '"' for part in parts)  # noqa: S608
    connection = libpq.connected(library, {"application_name": session_name("lock"), **address.arguments})
    try:
        return bool(connection) and libpq.rows(library, connection, query) == [head]
    finally:
        library.PQfinish(connection)
