"""The migration step itself. Flow and container entrypoint both come here; there is no second way."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseAheadError, DatabaseError, RevisionError
from buildkit.migrate import glance, lock, revisions, supervisor, version_table
from buildkit.migrate.asking import Unanswered, ask
from buildkit.migrate.database import Address, Say, connect
from buildkit.migrate.graph import Graph
from buildkit.migrate.indexes import INVALID, repair
from buildkit.migrate.look import is_at_head, warn_of_missing, warn_of_target, worded
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.watch import Lost
from buildkit.model import Outcome, Reason

if TYPE_CHECKING:
    import psycopg

Tell = Callable[[Outcome], None]
Trace = Callable[[str, list[dict[str, Any]]], None]

_LEFT_BEHIND = 10.0
_ANSWER = 5.0
_RESTARTS = 3
"""How often a migration goes on after the server went away under it."""

_OTHERS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %s AND state <> 'idle'
"""
"""Sessions at work; one that idles can do nothing any more, or is a pooler's and only has the name of its last user."""

_ENDED = "57P01"  # admin_shutdown: of the server, or of this one session


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration came to.

    Args:
        head: the code's.
        applied: one outcome a revision; none where the database was at head before.
        ahead: where the database is, if that is ahead of the code and it was left so.
    """

    head: str
    applied: tuple[Outcome, ...] = ()
    ahead: tuple[str, ...] = ()


def upgrade(
    settings: MigrationSettings,
    url: str,
    *,
    environment: Mapping[str, str],
    say: Say,
    tell: Tell,
    trace: Trace | None = None,
) -> Migration:
    """Bring the database to the one head.

    1. The files lead to one head, before any connection.
    2. One SELECT: at head is done, without a lock, without Alembic, without psycopg.
    3. The lock, then the same look again.
    4. Alembic in a child process, one transaction a revision.
    5. The database is at head now.

    Args:
        settings: the project's.
        url: the database.
        environment: looked at for the variable that used to choose a revision.
        say: told what happens.
        tell: told each revision as it is committed.
        trace: told what each revision locked, by `table`, `mode` and further; only a rehearsal pays for that.

    Raises:
        BuildkitError: as its classes say; nothing of the failing revision is left, unless it committed by itself.
    """
    warn_of_target(environment, say)
    graph = revisions.read(settings, say=say)
    if not graph.head:
        return Migration("")
    warn_of_missing(settings, say)
    run = _Run(settings, graph, Address.parse(url, settings.url_env), url, say, tell, trace)
    with supervisor.stoppable():
        if glance.at_head(run.address, settings, graph.head):
            return Migration(graph.head)
        lost: Lost | None = None
        for left in reversed(range(1 + _RESTARTS)):
            with contextlib.closing(connect(run.address, wait=settings.wait, say=say)) as connection:
                try:
                    with worded(run.address):
                        run.require_restarted(connection, lost)
                        run.bring_to_head(connection)
                    break
                except DatabaseAheadError as error:
                    if settings.ahead != "serve":
                        raise
                    say(f"warning: {error.message}; left as it is (ahead = serve)")
                    return Migration(graph.head, ahead=tuple(sorted(version_table.read(connection, settings) or ())))
                except Lost as error:
                    if error is lost or not left:
                        raise
                    lost = error
                    say(f"the connection to the server was lost: {' '.join(error.details[:1]).strip()}")
        return Migration(graph.head, tuple(run.applied))


def downgrade(settings: MigrationSettings, graph: Graph, url: str, target: str, *, say: Say) -> None:
    """Take a throw-away database down to `target`: an id, or `base`. Nothing else ever goes down.

    Raises:
        RevisionError: a revision failed on its way down.
    """
    address = Address.parse(url, settings.url_env)
    with (
        supervisor.stoppable(),
        contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection,
        worded(address),
    ):
        try:
            supervisor.run(
                "downgrade", settings, address, url=url, lock=connection, say=say, tell=lambda _: None, target=target
            )
        except supervisor.Failure as failure:
            raise _failed(connection, settings, graph, failure) from None


class _Run:
    """One migration, on as many connections as it takes.

    Args:
        settings: the project's.
        graph: its revisions.
        address: the database.
        url: its URL as the user wrote it.
        say: told what happens.
        tell: told each revision as it is committed.
        trace: told what each revision locked; may be None.
    """

    def __init__(
        self,
        settings: MigrationSettings,
        graph: Graph,
        address: Address,
        url: str,
        say: Say,
        tell: Tell,
        trace: Trace | None,
    ) -> None:
        self.settings = settings
        self.graph = graph
        self.address = address
        self.url = url
        self.say = say
        self.tell = tell
        self.trace = trace
        self.applied: list[Outcome] = []
        self._server: Any = None

    def bring_to_head(self, connection: psycopg.Connection[Any]) -> None:
        """Look, lock, look again, apply, look."""

        def at_head() -> bool:
            return is_at_head(connection, self.settings, self.graph, self.address)

        if at_head():
            return
        self._server = _started(connection)
        with lock.held(connection, self.settings, self.say, at_head) as ours:
            if not ours or at_head():
                return
            _await_left_behind(connection, self.settings, self.say)
            self._apply(connection)
        if not at_head():
            raise RevisionError(
                f"Alembic ended without an error, but {self.address} is not at head {self.graph.head}",
                hint="does env.py migrate the database of `sqlalchemy.url`?",
            )

    def require_restarted(self, connection: psycopg.Connection[Any], lost: Lost | None) -> None:
        """Make sure that it was the server that ended, not somebody who wanted this migration to end.

        Raises:
            Lost: the server has run all the time.
        """
        if lost is None:
            return
        if lost.sqlstate == _ENDED and _started(connection) == self._server:
            raise lost
        self.say("the server is back; what was not committed is rolled back, going on from there")

    def _apply(self, connection: psycopg.Connection[Any]) -> None:
        command = "rehearse" if self.trace else "upgrade"
        try:
            supervisor.run(
                command, self.settings, self.address, url=self.url, lock=connection, say=self.say, tell=self._hear
            )
        except supervisor.Failure as failure:
            if failure.event.get("lost"):
                raise Lost(failure.event["message"], failure.event["sqlstate"]) from None
            try:  # whose server went away while Alembic was being loaded is not to blame for what it met then
                ask(connection, "SELECT 1", seconds=_ANSWER)
            except Unanswered as unanswered:
                raise Lost(self.address.redact(unanswered.words), unanswered.sqlstate) from None
            raise _failed(connection, self.settings, self.graph, failure) from None

    def _hear(self, event: supervisor.Event) -> None:
        if event["event"] == "done":
            reason = Reason("pending", self.graph.revisions[event["revision"]].summary)
            work = f"{event['statements']} statements, {event['rows']} rows, {event['waited']:.1f} s in wait for locks"
            self.applied.append(Outcome(event["revision"], "applied", reason, event["seconds"], work))
            self.tell(self.applied[-1])
        elif event["event"] == "locks" and self.trace:
            self.trace(event["revision"], event["rows"])
        elif event["event"] == "retry":
            self.say(f"revision {event['revision']}: {event['reason']}; rolled back, trying again")


def _started(connection: psycopg.Connection[Any]) -> Any:  # noqa: ANN401 - a time stamp, only compared
    row = connection.execute("SELECT pg_postmaster_start_time()").fetchone()
    return row and row[0]


def _await_left_behind(connection: psycopg.Connection[Any], settings: MigrationSettings, say: Say) -> None:
    """Wait until no session of a killed migration is left; the server ends it within seconds of its client's death."""
    deadline = time.monotonic() + _LEFT_BEHIND
    names = f"buildkit migrate {lock.scope(connection, settings)} %"
    told = False
    while True:
        connection.execute("SELECT pg_stat_clear_snapshot()")  # inside the lock's transaction the view stands still
        row = connection.execute(_OTHERS, (names,)).fetchone()
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
            hint=event.get("hint") or "mend it and run again; nothing was applied",
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
