"""Makes a temporary database on the development server and copies another database into it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from buildkit.doors import process
from buildkit.errors import DatabaseError
from buildkit.migrate.postgres.connection import Address, connect
from buildkit.migrate.postgres.visit import VersionTable

_PATIENCE = 10.0
_PREFIX = "rehearsal_"
_DUMP = ("--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions")
_IDLE = """
SELECT datname FROM pg_database d
WHERE datname LIKE %s AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
"""
_VARIABLES = {"dbname": "PGDATABASE", "connect_timeout": "PGCONNECT_TIMEOUT"}


@contextlib.contextmanager
def throw_away(server: str) -> Iterator[str]:
    """Yield the URL of a new, empty database on `server`, and drop it after the block in any case.

    Args:
        server: the URL of any database of the server, for a role that may make databases.
    """
    from psycopg import sql  # noqa: PLC0415

    name = f"{_PREFIX}{os.getpid()}_{secrets.token_hex(3)}"
    with _session(server) as admin:
        _clear(admin)
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with _session(server) as admin:
            _drop(admin, name)


def copy(
    source: Address, target: str, places: Mapping[VersionTable, Collection[str]], programs: Path, *, rows: bool
) -> None:
    """Fill the empty database `target` with the schema of `source`, and with its rows too if `rows`.

    Args:
        source: the database to copy; it is only read.
        target: the URL of the empty database.
        places: the version tables of `source`, with the revisions in them.
        programs: the folder of PostgreSQL's programs; pg_dump must not be older than the server of `source`.
        rows: whether the rows are copied as well; otherwise the copy has only the schema and the revision.

    Raises:
        DatabaseError: the source cannot be dumped, or the dump cannot be restored.
    """
    with tempfile.TemporaryDirectory(prefix="buildkit-rehearsal-") as folder:
        file = f"{folder}/dump.sql"
        what = () if rows else ("--schema-only",)
        _program(programs, "pg_dump", [*_DUMP, *what, f"--file={file}"], source)
        restore = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", f"--file={file}"]
        _program(programs, "psql", restore, Address.parse(target), alone=True)
    _cut_off(target)
    if not rows:
        _write_versions(target, places)


def schema(url: str, places: Iterable[VersionTable], programs: Path) -> str:
    """Return the schema of a database as text, without the version tables, for comparing."""
    tables = [f"--exclude-table={_pattern(place)}" for place in places]
    words = _program(programs, "pg_dump", [*_DUMP, "--schema-only", *tables], Address.parse(url))
    # Newer versions of pg_dump write a random word around what psql may do.
    return "\n".join(line for line in words.splitlines() if line and not line.startswith(("--", "\\", "SET ")))


def _pattern(place: VersionTable) -> str:
    """Return a version table's name for pg_dump: without the quotes, pg_dump would fold capitals."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (place.schema, place.table) if part)


def _cut_off(target: str) -> None:
    """Cut a copy off from other servers: a revision that writes to a foreign table would write to the real one."""
    from psycopg import sql  # noqa: PLC0415

    with _session(target) as connection:
        found = connection.execute("SELECT srvname, usename, umuser = 0 FROM pg_user_mappings").fetchall()
        for server, user, public in found:
            whose = sql.SQL("PUBLIC") if public else sql.Identifier(user)
            connection.execute(sql.SQL("DROP USER MAPPING FOR {} SERVER {}").format(whose, sql.Identifier(server)))


def _write_versions(target: str, places: Mapping[VersionTable, Collection[str]]) -> None:
    from psycopg import sql  # noqa: PLC0415

    with _session(target) as connection:
        for place, at in places.items():
            table = sql.Identifier(*filter(None, (place.schema, place.table)))
            for each in at:
                connection.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(table), (each,))


def _program(programs: Path, name: str, options: list[str], address: Address, *, alone: bool = False) -> str:
    """Run a program on a database; with `alone`, without libpq's variables, since the address says everything."""
    program = programs / name if (programs / name).is_file() else shutil.which(name)
    if program is None:
        raise DatabaseError(
            f"no copy can be made: there is no {name}",
            hint="install PostgreSQL's client programs, or name their folder with PYBUILDKIT_POSTGRES",
        )
    given = address.arguments
    libpq = {_VARIABLES.get(key, f"PG{key.upper().replace('_', '')}"): value for key, value in given.items()}
    kept = {name: value for name, value in os.environ.items() if not (alone and name.startswith("PG"))}
    done = process.run([str(program), *options], environment={**kept, "LC_MESSAGES": "C", **libpq}, timeout=None)
    if not done.ok:
        raise DatabaseError(
            f"no copy of {address} can be made: {name} ended with {done.exit_code}",
            details=address.redact(done.stderr).splitlines()[-6:],
            hint="PYBUILDKIT_POSTGRES names the folder of PostgreSQL's programs; none may be older than the server",
        )
    return done.stdout


def _session(url: str) -> Any:  # noqa: ANN401 - a connection, closed at the end of the block
    return contextlib.closing(connect(Address.parse(url), wait=_PATIENCE, say=lambda _: None))


def _clear(admin: Any) -> None:  # noqa: ANN401 - a connection; psycopg is not loaded here
    """Drop the databases of killed rehearsals: their process is gone, and no session is connected."""
    for (name,) in admin.execute(_IDLE, (f"{_PREFIX}%",)).fetchall():
        if not process.is_running(int(name.split("_")[1])):
            _drop(admin, name)


def _drop(admin: Any, name: str) -> None:  # noqa: ANN401 - as above
    from psycopg import sql  # noqa: PLC0415

    force = " WITH (FORCE)" if admin.info.server_version >= 130000 else ""  # noqa: PLR2004 - since PostgreSQL 13
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}" + force).format(sql.Identifier(name)))
