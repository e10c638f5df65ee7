"""The migration to head, shared by the flow and the container's gate."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from buildkit.core.advance import UNSEEN, Advance
from buildkit.errors import DatabaseAheadError
from buildkit.migrate import fast_path, revisions
from buildkit.migrate.postgres.connection import Address, Say, connect
from buildkit.migrate.postgres.visit import VersionTable
from buildkit.migrate.run import OnLocks, Run, Tell
from buildkit.migrate.scripts import env_text
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.status import as_database_error, warn_of_missing_folders, warn_of_upgrade_target
from buildkit.migrate.supervision import supervisor
from buildkit.migrate.supervision.fencing import fencing
from buildkit.migrate.supervision.session_watch import Lost
from buildkit.model import Outcome

_RESTARTS = 3
"""How often a migration goes on after it has lost the server."""


@dataclass(frozen=True, slots=True)
class Migration:
    """The result of a migration.

    Args:
        head: the head of the code's revisions.
        applied: one outcome a revision; empty if the database was at head before.
        ahead: the database's revisions if it is ahead of the code and was left as it is.
        places: the version tables that were visited; empty if the fast path was enough.
    """

    head: str
    applied: tuple[Outcome, ...] = ()
    ahead: tuple[str, ...] = ()
    places: tuple[VersionTable, ...] = ()


def upgrade(
    settings: MigrationSettings,
    url: str,
    *,
    environment: Mapping[str, str],
    say: Say,
    tell: Tell,
    trace: OnLocks | None = None,
    copied: Address | None = None,
    throw_away: bool = False,
    before: Callable[[], None] = lambda: None,
    advance: Advance = UNSEEN,
) -> Migration:
    """Bring the database to the one head.

    1. The files lead to one head, before any connection.
    2. One SELECT: at head is done, without a lock, without Alembic, without psycopg. Where env.py's text does not tell
       all that it does, it is run without a revision instead, and what it would have Alembic work on is looked at.
    3. The lock, then the same look again.
    4. Alembic in a child process, one transaction a revision; before the first it is held against the lock's session.
    5. The database is at head now.

    Args:
        settings: the project's migration settings.
        url: the database's URL.
        environment: read only to warn about ALEMBIC_UPGRADE_TARGET.
        say: called with each progress line.
        tell: called with the outcome of each revision when it is committed.
        trace: called with each revision's id and the locks that it took; used by rehearsals only.
        copied: the database that `url` is a copy of; env.py's connections to it are sent to the copy.
        throw_away: whether `url` is a temporary database, so that env.py may connect to no other.
        before: called once if there is something to apply; takes away outdated extensions, so that the code of the
            sources runs.
        advance: told of the revisions.

    Raises:
        OtherDatabaseError: env.py works on another database; nothing was applied.
        BuildkitError: the migration failed; the subclass says why. Nothing of the failing revision is left, unless it
            committed by itself.
    """
    warn_of_upgrade_target(environment, say)
    graph = revisions.read(settings, say=say)
    if not graph.head:
        return Migration("")
    warn_of_missing_folders(settings, say)
    run = Run(settings, graph, Address.parse(url, settings.url_env), url, say, tell, trace)
    run.said = env_text.of_project(settings)
    run.before = before
    run.advance = advance
    if throw_away:
        run.fence, run.variables = fencing(run.address, copied)
    with supervisor.stoppable():
        if run.said.plain and fast_path.at_head(run.address, (VersionTable.guess(settings),), graph.head):
            return Migration(graph.head)
        lost: Lost | None = None
        for left in reversed(range(1 + _RESTARTS)):
            with contextlib.closing(connect(run.address, wait=settings.wait, say=say)) as connection:
                try:
                    with as_database_error(run.address):
                        run.require_restarted(connection, lost)
                        run.bring_to_head(connection)
                    break
                except DatabaseAheadError as error:
                    if settings.ahead != "serve":
                        raise
                    say(f"warning: {error.message}; left as it is (ahead = serve)")
                    return Migration(graph.head, ahead=run.at(connection), places=run.places)
                except Lost as error:
                    if error is lost or not left:
                        raise
                    lost = error
                    say(f"the connection to the server was lost: {' '.join(error.details[:1]).strip()}")
        return Migration(graph.head, tuple(run.applied), places=run.places)
