"""The migration step itself. Flow and container entrypoint both come here; there is no second way."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buildkit.errors import DatabaseAheadError, DatabaseError, OtherDatabaseError
from buildkit.migrate import fast_path, revisions, same_database
from buildkit.migrate.failures import failed, not_run, not_there
from buildkit.migrate.postgres import lock, version_table
from buildkit.migrate.postgres.connection import Address, Say, connect
from buildkit.migrate.postgres.target import Place, Visit
from buildkit.migrate.postgres.timed_query import Unanswered, ask
from buildkit.migrate.scripts import env_text
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.status import is_at_head, visits, warn_of_missing, warn_of_target, worded
from buildkit.migrate.supervision import supervisor
from buildkit.migrate.supervision.fencing import fencing
from buildkit.migrate.supervision.session_watch import Lost
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

_STARTED = "SELECT extract(epoch FROM pg_postmaster_start_time())::text"

_ENDED = "57P01"  # admin_shutdown: of the server, or of this one session


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration came to.

    Args:
        head: the code's.
        applied: one outcome a revision; none where the database was at head before.
        ahead: where the database is, if that is ahead of the code and it was left so.
        places: the version tables that were seen; none where one SELECT was enough.
    """

    head: str
    applied: tuple[Outcome, ...] = ()
    ahead: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


def upgrade(
    settings: MigrationSettings,
    url: str,
    *,
    environment: Mapping[str, str],
    say: Say,
    tell: Tell,
    trace: Trace | None = None,
    copied: Address | None = None,
    throw_away: bool = False,
    before: Callable[[], None] = lambda: None,
) -> Migration:
    """Bring the database to the one head.

    1. The files lead to one head, before any connection.
    2. One SELECT: at head is done, without a lock, without Alembic, without psycopg. Where env.py's text does not tell
       all that it does, it is run without a revision instead, and what it would have Alembic work on is looked at.
    3. The lock, then the same look again.
    4. Alembic in a child process, one transaction a revision; before the first it is held against the lock's session.
    5. The database is at head now.

    Args:
        settings: the project's.
        url: the database.
        environment: looked at for the variable that used to choose a revision.
        say: told what happens.
        tell: told each revision as it is committed.
        trace: told what each revision locked, by `table`, `mode` and further; only a rehearsal pays for that.
        copied: the database that `url` is a copy of; what env.py asks of that one, it gets of the copy.
        throw_away: whether `url` is a database beside all others, so that env.py may reach no other.
        before: called where there is something to apply: sees to it that the code which runs is what its sources say.

    Raises:
        OtherDatabaseError: env.py is about another database; nothing was applied.
        BuildkitError: as its classes say; nothing of the failing revision is left, unless it committed by itself.
    """
    warn_of_target(environment, say)
    graph = revisions.read(settings, say=say)
    if not graph.head:
        return Migration("")
    warn_of_missing(settings, say)
    run = _Run(settings, graph, Address.parse(url, settings.url_env), url, say, tell, trace)
    run.said = env_text.of_project(settings)
    run.before = before
    if throw_away:
        run.fence, run.variables = fencing(run.address, copied)
    with supervisor.stoppable():
        if run.said.plain and fast_path.at_head(run.address, settings, graph.head):
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
                    return Migration(graph.head, ahead=run.at(connection), places=run.places)
                except Lost as error:
                    if error is lost or not left:
                        raise
                    lost = error
                    say(f"the connection to the server was lost: {' '.join(error.details[:1]).strip()}")
        return Migration(graph.head, tuple(run.applied), places=run.places)


def downgrade(
    settings: MigrationSettings, graph: Graph, url: str, target: str, *, say: Say, copied: Address | None = None
) -> None:
    """Take a throw-away database down to `target`: an id, or `base`. Nothing else ever goes down.

    Args:
        settings: the project's.
        graph: its revisions.
        url: the database.
        target: where to.
        say: told what happens.
        copied: as for `upgrade`.

    Raises:
        OtherDatabaseError: env.py is about another database; nothing was done.
        RevisionError: a revision failed on its way down.
    """
    address = Address.parse(url, settings.url_env)
    fence, variables = fencing(address, copied)
    with (
        supervisor.stoppable(),
        contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection,
        worded(address),
    ):
        ours = version_table.session(connection)

        def judge(event: supervisor.Event) -> object:
            same_database.require_ours([Visit.of(event["visit"])], ours, settings, address)
            return same_database.GO

        try:
            supervisor.run(
                "downgrade",
                settings,
                address,
                url=url,
                lock=connection,
                say=say,
                tell=lambda _: None,
                judge=judge,
                fence={**fence, "server": ours.server},
                variables=variables,
                target=target,
            )
        except supervisor.Failure as failure:
            raise failed(connection, settings, graph, failure, address) from None


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
        self.said = env_text.EnvText("", "", plain=False, several=True)
        self.fence: Mapping[str, object] = supervisor.OPEN
        self.variables: Mapping[str, str] = {}
        self.before: Callable[[], None] = lambda: None
        self._visits: list[Visit] = []
        self._held: list[tuple[int, Outcome]] = []
        self._ours: Any = None
        self._server: Any = None

    @property
    def places(self) -> tuple[Place, ...]:
        """The version tables that were seen; what env.py's text says where nothing was."""
        return tuple(dict.fromkeys(visit.place for visit in self._visits)) or (Place.guess(self.settings),)

    def at(self, connection: psycopg.Connection[Any]) -> tuple[str, ...]:
        """Return where the database is."""
        return tuple(sorted({each for place in self.places for each in version_table.read(connection, place) or ()}))

    def bring_to_head(self, connection: psycopg.Connection[Any]) -> None:
        """Look, lock, look again, apply, look."""
        self._settle(connection)  # what a run that was lost had done, as far as it was committed
        self._know(connection)
        self._visits = []
        if not self.said.plain:
            self._visits = self._look(connection)
            for visit in self._visits:
                self._require_usable(connection, visit)

        def at_head() -> bool:
            return all(is_at_head(connection, place, self.settings, self.graph, self.address) for place in self.places)

        if at_head():
            return
        self.before()
        with lock.held(connection, self.settings, self.say, at_head) as ours:
            if not ours or at_head():
                return
            self._know(connection)  # a pooler does not show that the server was restarted while one waited
            lock.also(connection, self.settings, [visit.place for visit in self._visits], self.say)
            _await_left_behind(connection, self.settings, self.say)
            self._visits = []
            self._apply(connection)
        if not at_head():
            raise not_there(self.settings, self.graph, self.address, self._visits)

    def _know(self, connection: psycopg.Connection[Any]) -> None:
        """Note in which database of which server the connection is now."""
        self._ours = version_table.session(connection)
        self._server = _started(connection)

    def _look(self, connection: psycopg.Connection[Any]) -> list[Visit]:
        """Run env.py without a revision; nothing of what it does is locked yet, and nothing is applied."""
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
            raise not_run(self.settings, failure) from None
        except OtherDatabaseError:
            self._require_here(connection)
            raise

    def _require_usable(self, connection: psycopg.Connection[Any], visit: Visit) -> None:
        version_table.require_usable(connection, visit.place, self.settings, self.graph, visit.at, self.address)
        if visit.session is not None:
            pending = [each.id for each in self.graph.pending(visit.at or ())]
            version_table.require_writable(
                visit.place, visit.session, visit.width, self.settings, pending, self.address
            )

    def _judge(self, connection: psycopg.Connection[Any], event: supervisor.Event) -> object:
        """Hold what Alembic is about to work on against the lock; an error ends the child."""
        visit = Visit.of(event["visit"])
        try:
            same_database.require_ours([*self._visits, visit], self._ours, self.settings, self.address)
        except OtherDatabaseError:
            self._require_here(connection)
            raise
        lock.also(connection, self.settings, [visit.place], self.say)
        self._require_usable(connection, visit)
        self._visits.append(visit)
        return {"go": True, "number": len(self._visits) - 1}

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
                command,
                self.settings,
                self.address,
                url=self.url,
                lock=connection,
                say=self.say,
                tell=functools.partial(self._hear, connection),
                judge=functools.partial(self._judge, connection),
                fence={**self.fence, "server": self._ours.server},
                variables=self.variables,
            )
        except supervisor.Failure as failure:
            self._require_answer(connection, failure)
            self._settle(connection)
            raise failed(
                connection, self.settings, self.graph, failure, self.address, self._visits, self.applied
            ) from None
        self._settle(connection)

    def _require_answer(self, connection: psycopg.Connection[Any], failure: supervisor.Failure) -> None:
        """Tell a failure of the project from a server that went away.

        Raises:
            Lost: it is the server.
        """
        from buildkit.migrate.postgres import refusals  # noqa: PLC0415 - only where something failed

        event = failure.event
        if event.get("lost") or refusals.of_restart(event.get("message", ""), event.get("sqlstate", "")):
            raise Lost(event["message"], event["sqlstate"]) from None
        self._require_here(connection)  # who lost it while Alembic was being loaded is not to blame for what it met

    def _require_here(self, connection: psycopg.Connection[Any]) -> None:
        """Make sure that the lock's own session still is, and on the server that it began on.

        Raises:
            Lost: the server went away under it; behind a pooler it may be back already.
        """
        try:
            (began,) = ask(connection, _STARTED, seconds=_ANSWER)
        except Unanswered as unanswered:
            raise Lost(self.address.redact(unanswered.words), unanswered.sqlstate) from None
        if began != self._server:
            raise Lost("the server was restarted", "") from None

    def _hear(self, connection: psycopg.Connection[Any], event: supervisor.Event) -> None:
        if event["event"] == "done":
            reason = Reason("pending", self.graph.revisions[event["revision"]].summary)
            work = f"{event['statements']} statements, {event['rows']} rows, {event['waited']:.1f} s in wait for locks"
            outcome = Outcome(event["revision"], "applied", reason, event["seconds"], work)
            if event["whole"]:
                self._held.append((event["number"], outcome))
            else:
                self._tell(outcome)
        elif event["event"] == "locks" and self.trace:
            self.trace(event["revision"], event["rows"])
        elif event["event"] == "retry":
            self._settle(connection)
            self.say(f"revision {event['revision']}: {event['reason']}; rolled back, trying again")

    def _settle(self, connection: psycopg.Connection[Any]) -> None:
        """Tell of what was done in one transaction what of it is there now: only env.py knows when it commits."""
        held, self._held = self._held, []
        there: dict[int, set[str]] = {}
        for number, outcome in held:
            if number not in there:
                there[number] = self.graph.below(self._known(connection, self._visits[number].place))
            if outcome.subject in there[number]:
                self._tell(outcome)

    def _known(self, connection: psycopg.Connection[Any], place: Place) -> list[str]:
        return [each for each in version_table.read(connection, place) or () if each in self.graph.revisions]

    def _tell(self, outcome: Outcome) -> None:
        self.applied.append(outcome)
        self.tell(outcome)


def _started(connection: psycopg.Connection[Any]) -> Any:  # noqa: ANN401 - a row, only compared
    return connection.execute(_STARTED).fetchone()


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
