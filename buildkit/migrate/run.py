"""One migration, on as many connections as it takes: look, lock, look again, apply, look."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from buildkit.core.advance import UNSEEN
from buildkit.errors import DatabaseError, OtherDatabaseError
from buildkit.migrate import conditions, same_database
from buildkit.migrate.failures import env_failed, not_at_head, run_failed
from buildkit.migrate.postgres import lock, version_table
from buildkit.migrate.postgres.connection import Address, Say
from buildkit.migrate.postgres.timed_query import Unanswered, ask
from buildkit.migrate.postgres.visit import VersionTable, Visit
from buildkit.migrate.scripts import env_text
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.status import is_at_head, visits
from buildkit.migrate.supervision import supervisor
from buildkit.migrate.supervision.session_watch import Lost
from buildkit.model import Outcome, Reason

if TYPE_CHECKING:
    import psycopg

Tell = Callable[[Outcome], None]
OnLocks = Callable[[str, list[dict[str, Any]]], None]

_LEFT_BEHIND = 10.0
_ANSWER = 5.0

_OTHERS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE %s AND state <> 'idle'
"""
"""Sessions that run something; an idle one is harmless, or is a pooler's and only has the name of its last user."""

_STARTED = "SELECT extract(epoch FROM pg_postmaster_start_time())::text"

_ENDED = "57P01"  # admin_shutdown: of the server, or of this one session


class Run:
    """One migration, which reconnects when the server restarts.

    Args:
        settings: the project's migration settings.
        graph: the project's revisions.
        address: the database.
        url: its URL as the user wrote it.
        say: called with each progress line.
        tell: called with the outcome of each revision when it is committed.
        trace: called with each revision's id and the locks that it took; None to trace nothing.
    """

    def __init__(
        self,
        settings: MigrationSettings,
        graph: Graph,
        address: Address,
        url: str,
        say: Say,
        tell: Tell,
        trace: OnLocks | None,
    ) -> None:
        self.settings = settings
        self.graph = graph
        self.address = address
        self.url = url
        self.say = say
        self.tell = tell
        self.trace = trace
        self.applied: list[Outcome] = []
        self.said = env_text.EnvText("", "", plain=False, several=True)
        self.fence: Mapping[str, object] = supervisor.OPEN
        self.variables: Mapping[str, str] = {}
        self.before: Callable[[], None] = lambda: None
        self.advance = UNSEEN
        self._visits: list[Visit] = []
        self._held: list[tuple[int, Outcome]] = []
        self._ours: Any = None
        self._server: Any = None

    @property
    def places(self) -> tuple[VersionTable, ...]:
        """The version tables that were visited; if there was no visit, the one that env.py's text names."""
        return tuple(dict.fromkeys(visit.place for visit in self._visits)) or (VersionTable.guess(self.settings),)

    def at(self, connection: psycopg.Connection[Any]) -> tuple[str, ...]:
        """Return the revisions of the database."""
        return tuple(sorted({each for place in self.places for each in version_table.read(connection, place) or ()}))

    def bring_to_head(self, connection: psycopg.Connection[Any]) -> None:
        """Bring the database to head: look, lock, look again, apply, look."""
        self._settle(connection)  # what a lost run had committed
        self._know(connection)
        self._visits = []
        if not self.said.plain:
            self._visits = self._look(connection)
            for visit in self._visits:
                self._require_conditions(connection, visit)

        def at_head() -> bool:
            return all(is_at_head(connection, place, self.settings, self.graph, self.address) for place in self.places)

        if at_head():
            return
        self.before()
        with lock.held(connection, self.settings, self.say, at_head) as ours:
            if not ours or at_head():
                return
            self._know(connection)  # a pooler does not show that the server was restarted in the meantime
            lock.also(connection, self.settings, [visit.place for visit in self._visits], self.say)
            _await_left_behind(connection, self.settings, self.say)
            self._visits = []
            self._apply(connection)
        if not at_head():
            raise not_at_head(self.settings, self.graph, self.address, self._visits)

    def _know(self, connection: psycopg.Connection[Any]) -> None:
        """Note the server and the database of the connection."""
        self._ours = version_table.session(connection)
        self._server = _started(connection)

    def _look(self, connection: psycopg.Connection[Any]) -> list[Visit]:
        """Run env.py without a revision; nothing is locked yet, and nothing is applied."""
        try:
            return visits(
                connection,
                self.settings,
                self.address,
                self.url,
                say=self.say,
                several=self.said.several,
                fence={**self.fence, "server": self._ours.server},
                variables=self.variables,
                writes_nothing=False,  # env.py writes that in a moment anyway
            )
        except supervisor.Failure as failure:
            self._require_answer(connection, failure)
            raise env_failed(self.settings, failure) from None
        except OtherDatabaseError:
            self._require_here(connection)
            raise

    def _require_conditions(self, connection: psycopg.Connection[Any], visit: Visit) -> None:
        conditions.require_all(conditions.Pending(connection, visit, self.settings, self.graph, self.address))

    def _judge(self, connection: psycopg.Connection[Any], event: supervisor.Event) -> object:
        """Answer the child: it waits, so the queries here, which take a snapshot, are over before it goes on.

        Before the first revision, what Alembic is about to work on is compared with the locked database, and an error
        ends the child. Before a revision is tried again, what the last attempt had committed is reported.
        """
        if event["event"] == "retry":
            self._settle(connection)
            self.say(f"revision {event['revision']}: {event['reason']}; rolled back, trying again")
            return same_database.GO
        visit = Visit.of(event["visit"])
        try:
            same_database.require_same([*self._visits, visit], self._ours, self.settings, self.address)
        except OtherDatabaseError:
            self._require_here(connection)
            raise
        lock.also(connection, self.settings, [visit.place], self.say)
        self._require_conditions(connection, visit)
        self._visits.append(visit)
        return {"go": True, "number": len(self._visits) - 1}

    def require_restarted(self, connection: psycopg.Connection[Any], lost: Lost | None) -> None:
        """Check that the server restarted, and that nobody terminated this migration's session on purpose.

        Raises:
            Lost: the server did not restart, so the session was ended on purpose.
        """
        if lost is None:
            return
        if lost.sqlstate == _ENDED and _started(connection) == self._server:
            raise lost
        self.say("the server is back; what was not committed is rolled back, going on from there")

    def _apply(self, connection: psycopg.Connection[Any]) -> None:
        command = "rehearse" if self.trace else "upgrade"
        there = self.graph.below([each for each in self.at(connection) if each in self.graph.revisions])
        self.advance.expects({each: 0.0 for each in self.graph.revisions if each not in there})
        try:
            supervisor.run(
                command,
                self.settings,
                self.address,
                url=self.url,
                lock=connection,
                say=self.say,
                tell=self._hear,
                judge=functools.partial(self._judge, connection),
                fence={**self.fence, "server": self._ours.server},
                variables=self.variables,
            )
        except supervisor.Failure as failure:
            self._require_answer(connection, failure)
            self._settle(connection)
            raise run_failed(
                connection, self.settings, self.graph, failure, self.address, self._visits, self.applied
            ) from None
        self._settle(connection)

    def _require_answer(self, connection: psycopg.Connection[Any], failure: supervisor.Failure) -> None:
        """Check that a failure is the project's, not that of a server that went away.

        Raises:
            Lost: the server went away.
        """
        from buildkit.migrate.postgres import refusals  # noqa: PLC0415 - only where something failed

        event = failure.event
        if event.get("lost") or refusals.of_restart(event.get("message", ""), event.get("sqlstate", "")):
            raise Lost(event["message"], event["sqlstate"]) from None
        self._require_here(connection)  # a connection lost while Alembic was being loaded is no fault of the project

    def _require_here(self, connection: psycopg.Connection[Any]) -> None:
        """Check that the lock's own session still exists, on the server on which it began.

        Raises:
            Lost: the server went away meanwhile; behind a pooler it may be back already.
        """
        try:
            (began,) = ask(connection, _STARTED, seconds=_ANSWER)
        except Unanswered as unanswered:
            raise Lost(self.address.redact(unanswered.words), unanswered.sqlstate) from None
        if began != self._server:
            raise Lost("the server was restarted", "") from None

    def _hear(self, event: supervisor.Event) -> None:
        if event["event"] == "start":
            self.advance.begins(event["revision"])
        elif event["event"] == "done":
            self.advance.done(event["revision"])
            reason = Reason("pending", self.graph.revisions[event["revision"]].summary)
            work = f"{event['statements']} statements, {event['rows']} rows, {event['waited']:.1f} s in wait for locks"
            outcome = Outcome(event["revision"], "applied", reason, event["seconds"], work)
            if event["one_transaction"]:
                self._held.append((event["number"], outcome))
            else:
                self._tell(outcome)
        elif event["event"] == "locks" and self.trace:
            self.trace(event["revision"], event["rows"])

    def _settle(self, connection: psycopg.Connection[Any]) -> None:
        """Report which revisions of a single transaction were committed, since env.py decides when to commit."""
        held, self._held = self._held, []
        there: dict[int, set[str]] = {}
        for number, outcome in held:
            if number not in there:
                there[number] = self.graph.below(self._known(connection, self._visits[number].place))
            if outcome.subject in there[number]:
                self._tell(outcome)

    def _known(self, connection: psycopg.Connection[Any], place: VersionTable) -> list[str]:
        return [each for each in version_table.read(connection, place) or () if each in self.graph.revisions]

    def _tell(self, outcome: Outcome) -> None:
        self.applied.append(outcome)
        self.tell(outcome)


def _started(connection: psycopg.Connection[Any]) -> Any:  # noqa: ANN401 - a row, only compared
    return connection.execute(_STARTED).fetchone()


def _await_left_behind(connection: psycopg.Connection[Any], settings: MigrationSettings, say: Say) -> None:
    """Wait until no session of a killed migration is left; the server ends it within seconds of its client's death."""
    deadline = time.monotonic() + _LEFT_BEHIND
    names = f"buildkit migrate {lock.session_tag(connection, settings)} %"
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
