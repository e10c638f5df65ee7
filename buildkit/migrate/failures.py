"""The errors of a migration that did not reach head; each hint states exactly what is left in the database."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from buildkit.errors import BuildkitError, RevisionError
from buildkit.migrate import same_database
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.invalid_indexes import INVALID, repair_hint
from buildkit.migrate.postgres.visit import Visit
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision import supervisor
from buildkit.model import Outcome

if TYPE_CHECKING:
    import psycopg

_COMMIT = (
    "a transaction that is begun before context.configure() is env.py's to commit: connection.commit() before "
    "context.configure(…), or `with engine.begin() as connection`"
)


def env_failed(settings: MigrationSettings, failure: supervisor.Failure) -> RevisionError:
    """Return the error for an env.py that failed before any revision."""
    event = failure.event
    reason = event.get("message") or f"its process ended with {failure.exit_code}"
    where = event.get("where", "") if event else str(settings.script_location / "env.py")
    return RevisionError(
        f"the migration failed before any revision: {reason}",
        details=[*([_short(where, settings)] if where else []), *([] if event else failure.words)],
        hint=event.get("hint") or "mend it and run again; nothing was applied",
    )


def not_at_head(settings: MigrationSettings, graph: Graph, address: Address, visits: Sequence[Visit]) -> RevisionError:
    """Return the error for an env.py that succeeded although the database is not at head."""
    env = _short(str(settings.script_location / "env.py"), settings)
    message = f"env.py ended without an error, but {address} is not at head {graph.head}"
    if not visits:
        return RevisionError(
            message,
            details=[f"{env} never came to context.run_migrations()"],
            hint="run `alembic upgrade head` to see what it does instead; nothing was applied",
        )
    joined = [visit for visit in visits if visit.one_transaction]
    if joined:
        begun = joined[0].begun
        return RevisionError(
            f"{message}: the transaction around all revisions was never committed, so nothing was applied",
            details=[f"it began at {_short(begun, settings)}" if begun else f"{env} began it"],
            hint=_COMMIT,
        )
    return RevisionError(
        message,
        details=[f"version tables: {', '.join(str(visit.place) for visit in visits)}"],
        hint="does a revision, or env.py after the revisions, write to the version table?",
    )


def run_failed(
    connection: psycopg.Connection[Any],
    settings: MigrationSettings,
    graph: Graph,
    failure: supervisor.Failure,
    address: Address,
    visits: Sequence[Visit] = (),
    applied: Sequence[Outcome] = (),
) -> BuildkitError:
    """Return the error for a child that reported a failure.

    Args:
        connection: a connection to the database.
        settings: the project's migration settings.
        graph: the project's revisions.
        failure: the child's failure.
        address: the database.
        visits: the visits of this run: what Alembic worked on.
        applied: the revisions that this run has committed.
    """
    event = failure.event
    if event.get("other"):
        return same_database.other_database(event["other"], settings, address, applied=len(applied))
    revision = graph.revisions.get(event.get("revision", ""))
    if revision is None:
        return _outside_of_revisions(settings, failure, visits, applied)
    details = [_short(event["where"] or str(revision.file), settings)]
    if event["statement"]:
        details.append(f"SQL: {event['statement']}")
    joined = next((visit for visit in reversed(visits) if visit.one_transaction), None)
    if event["hint"]:
        hint = event["hint"]
    elif event["autocommitted"]:
        hint = "part of it ran outside of a transaction and may be there already; look, mend the revision, run again"
    elif joined is not None:
        begun = f" ({_short(joined.begun, settings)})" if joined.begun else ""
        hint = f"all revisions are in one transaction of env.py{begun}: none of it was applied; mend it and run again"
    else:
        hint = "nothing of this revision was applied; mend it and run again"
    invalid = [row[0] for row in connection.execute(INVALID)] if event["autocommitted"] else []
    if invalid:
        details.append(f"invalid: {', '.join(invalid)}")
        hint = repair_hint(invalid)
    error = RevisionError(f"revision {revision.id} failed: {event['message']}", details=details, hint=hint)
    error.leaves_nothing = not event["autocommitted"] and joined is None
    return error


def _outside_of_revisions(
    settings: MigrationSettings, failure: supervisor.Failure, visits: Sequence[Visit], applied: Sequence[Outcome]
) -> RevisionError:
    """Return the error for a failure in env.py itself, before, between or after the revisions."""
    event = failure.event
    if not visits:
        return env_failed(settings, failure)
    where = event.get("where") or str(settings.script_location / "env.py")
    reason = event.get("message") or f"its process ended with {failure.exit_code}"
    count = f"{len(applied)} revision{'s' * (len(applied) != 1)} of this run" if applied else "nothing of this run"
    return RevisionError(
        f"env.py failed after it had Alembic run: {reason}",
        details=[_short(where, settings), *([] if event else failure.words)],
        hint=event.get("hint")
        or f"{count} {'are' if len(applied) > 1 else 'is'} in the database; the next run goes on from there",
    )


def _short(where: str, settings: MigrationSettings) -> str:
    return os.path.relpath(where, settings.root)
