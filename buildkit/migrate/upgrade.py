"""The migration step itself. Flow and container entrypoint both come here; there is no second way."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseError, RevisionError
from buildkit.migrate import lock, supervisor, version_table
from buildkit.migrate.database import Address, Say, connect
from buildkit.migrate.graph import Graph, read
from buildkit.migrate.indexes import INVALID, repair
from buildkit.migrate.settings import MigrationSettings
from buildkit.model import Outcome, Reason

if TYPE_CHECKING:
    import psycopg

Tell = Callable[[Outcome], None]

_LEFT_BEHIND = 10.0
_OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'buildkit migrate %'"
)


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration came to: the head, and one outcome a revision; none where the database was at head before."""

    head: str
    applied: tuple[Outcome, ...] = ()


def upgrade(
    settings: MigrationSettings, url: str, *, environment: Mapping[str, str], say: Say, tell: Tell
) -> Migration:
    """Bring the database to the one head.

    1. The files lead to one head, before any connection.
    2. One SELECT: at head is done, without a lock and without Alembic.
    3. The lock, then the same look again.
    4. Alembic in a child process, one transaction a revision.
    5. The database is at head now.

    Args:
        settings: the project's.
        url: the database.
        environment: looked at for the variable that used to choose a revision.
        say: told what happens.
        tell: told each revision as it is committed.

    Raises:
        BuildkitError: as its classes say; nothing of the failing revision is left, unless it committed by itself.
    """
    warn_of_target(environment, say)
    graph = read(settings.versions, recursive=settings.recursive)
    if not graph.head:
        return Migration("")
    address = Address.parse(url, settings.url_env)
    with supervisor.stoppable(), contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection:
        with _worded(address):
            if _at_head(connection, settings, graph, address):
                return Migration(graph.head)
            with lock.held(connection, settings, say, lambda: _at_head(connection, settings, graph, address)) as ours:
                if not ours or _at_head(connection, settings, graph, address):
                    return Migration(graph.head)
                _await_left_behind(connection, say)
                applied = _apply(connection, settings, graph, address, url, say, tell)
            if not _at_head(connection, settings, graph, address):
                raise RevisionError(
                    f"Alembic ended without an error, but {address} is not at head {graph.head}",
                    hint="does env.py migrate the database of `sqlalchemy.url`?",
                )
        return Migration(graph.head, applied)


def pending(settings: MigrationSettings, graph: Graph, url: str, *, say: Say) -> tuple[frozenset[str], list[str]]:
    """Return where the database is and the ids that it lacks; only looks."""
    address = Address.parse(url, settings.url_env)
    with contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection, _worded(address):
        at = version_table.read(connection, settings)
        version_table.require_usable(connection, settings, graph, at, address)
        return at or frozenset(), [revision.id for revision in graph.pending(at or ())]


def differences(settings: MigrationSettings, url: str, *, say: Say) -> list[str]:
    """Return how the models differ from a database that is at head, in Alembic's terms; empty if they do not.

    Raises:
        RevisionError: env.py gives no metadata, or cannot be run.
    """
    address = Address.parse(url, settings.url_env)
    found: list[str] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "differences":
            found.extend(event["rows"])

    with supervisor.stoppable(), contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection:
        try:
            supervisor.run("check", settings, address, url=url, lock=connection, say=say, tell=hear)
        except supervisor.Failure as failure:
            raise RevisionError(
                f"the models cannot be compared: {failure.event.get('message', 'Alembic did not run')}",
                details=[failure.event.get("where", "")] if failure.event.get("where") else failure.words,
                hint='name the models: [tool.alembic] metadata = "app.models:Base.metadata"',
            ) from None
    return found


def warn_of_target(environment: Mapping[str, str], say: Say) -> None:
    """Say once that the variable which used to choose a revision chooses nothing any more."""
    if environment.get(supervisor.TARGET):
        say(
            f"warning: {supervisor.TARGET} is set and has no effect: the database always goes to head; "
            "see docs/how-to/from-upgrade-target.md"
        )


def _at_head(connection: psycopg.Connection[Any], settings: MigrationSettings, graph: Graph, address: Address) -> bool:
    at = version_table.read(connection, settings)
    if at is not None and at == {graph.head}:
        return True
    version_table.require_usable(connection, settings, graph, at, address)
    return False


def _await_left_behind(connection: psycopg.Connection[Any], say: Say) -> None:
    """Wait until no session of a killed migration is left; the server ends it within seconds of its client's death."""
    deadline = time.monotonic() + _LEFT_BEHIND
    told = False
    while True:
        connection.execute("SELECT pg_stat_clear_snapshot()")  # inside the lock's transaction the view stands still
        row = connection.execute(_OTHERS).fetchone()
        if row is None:
            return
        if time.monotonic() > deadline:
            raise DatabaseError(
                f"session {row[0]} of a migration that is gone still runs",
                hint=f"end it: SELECT pg_terminate_backend({row[0]})",
            )
        if not told:
            say(f"waiting for session {row[0]} of a migration that is gone")
            told = True
        time.sleep(0.1)


def _apply(
    connection: psycopg.Connection[Any],
    settings: MigrationSettings,
    graph: Graph,
    address: Address,
    url: str,
    say: Say,
    tell: Tell,
) -> tuple[Outcome, ...]:
    applied: list[Outcome] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "done":
            summary = graph.revisions[event["revision"]].summary
            applied.append(Outcome(event["revision"], "applied", Reason("pending", summary), event["seconds"]))
            tell(applied[-1])
        elif event["event"] == "retry":
            say(f"revision {event['revision']}: {event['reason']}; rolled back, trying again")

    try:
        supervisor.run("upgrade", settings, address, url=url, lock=connection, say=say, tell=hear)
    except supervisor.Failure as failure:
        raise _failed(connection, settings, graph, failure) from None
    return tuple(applied)


def _failed(
    connection: psycopg.Connection[Any], settings: MigrationSettings, graph: Graph, failure: supervisor.Failure
) -> RevisionError:
    event = failure.event
    revision = graph.revisions.get(event.get("revision", ""))
    if revision is None:
        where = event.get("where") or str(settings.script_location / "env.py")
        reason = event.get("message") or f"its process ended with {failure.exit_code}"
        return RevisionError(
            f"the migration failed before any revision: {reason}",
            details=[os.path.relpath(where, settings.root), *([] if event else failure.words)],
            hint="mend it and run again; nothing was applied",
        )
    details = [os.path.relpath(event["where"] or revision.file, settings.root)]
    if event["statement"]:
        details.append(f"SQL: {event['statement']}")
    if event["hint"]:
        hint = event["hint"]
    elif event["autocommitted"]:
        hint = "part of it ran outside of a transaction and may be there already; look, mend the revision, run again"
    else:
        hint = "nothing of this revision was applied; mend it and run again"
    invalid = [row[0] for row in connection.execute(INVALID)] if event["autocommitted"] else []
    if invalid:
        details.append(f"invalid: {', '.join(invalid)}")
        hint = repair(invalid)
    return RevisionError(f"revision {revision.id} failed: {event['message']}", details=details, hint=hint)


@contextlib.contextmanager
def _worded(address: Address) -> Any:  # noqa: ANN401 - a context manager's generator
    """Turn what the server says to our own statements into an error without the password."""
    import psycopg  # noqa: PLC0415

    try:
        yield
    except psycopg.Error as error:
        raise DatabaseError(
            f"database {address} refused",
            details=address.redact(str(error)).splitlines(),
            hint="look at the server's log, then run again",
        ) from None
