"""The process in which Alembic runs: started and watched by `supervisor`.

It gets its orders as one line of JSON on a descriptor, tells what happens as lines of JSON on another, and ends when
the first one does, since that means that whoever holds the lock is gone. Standard input has nothing to read, and there
is no terminal: a question that env.py asks is an error at once, or all would wait for the answer with the lock held.
env.py itself stays as it is: time limits come with SQLAlchemy's `connect` event, one transaction for each revision by
wrapping `EnvironmentContext.configure`, the database through `sqlalchemy.url`. Before Alembic runs anything, the
supervisor hears on what (`witness`), and its word is waited for.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildkit.migrate.child import alembic_config, application, rolled_back, transactions
from buildkit.migrate.child.channel import Channel
from buildkit.migrate.child.error_facts import described, first_line, hint, sqlstate
from buildkit.migrate.child.fence import Fence
from buildkit.migrate.child.lock_trace import Trace
from buildkit.migrate.child.seen_target import Witness
from buildkit.migrate.child.sessions import Sessions
from buildkit.migrate.postgres.invalid_indexes import INVALID, repair
from buildkit.migrate.settings import MigrationSettings

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

ATTEMPTS = 5
"""How often a revision is tried that another session keeps from its table."""

_PASSING = {"55P03", "40P01"}  # lock_not_available, deadlock_detected
_GONE = ("08", "57P0")  # the connection is lost, or the server ended it
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)
_COMMITS = re.compile(
    r"(?:^|;)\s*(?:COMMIT|ABORT|END\s+(?:TRANSACTION|WORK)|ROLLBACK(?!\s+TO))\b|^\s*END\s*;?\s*$", re.IGNORECASE
)
_CONCURRENTLY = re.compile(r"\b(CREATE|DROP|REINDEX)\b.*\bCONCURRENTLY\b", re.IGNORECASE | re.DOTALL)


class Run:
    """One run of Alembic, seen from its hooks.

    Args:
        channel: the line to the supervisor, with its orders: `settings`, `root`, `url`, `name`, `pooled`, `command`,
            `events`, `fence`; `at`, where the SQL begins; `target`, where a downgrade ends or what is written down;
            `several`, whether env.py may run the revisions more than once; `writes_nothing`, whether nothing of what
            env.py does is to stay.
    """

    def __init__(self, channel: Channel) -> None:
        orders = channel.orders
        self._channel = channel
        self._application: Any = None
        self.settings = self._settings = MigrationSettings.from_json(orders["settings"], Path(orders["root"]))
        self._url: str = orders["url"]
        self._sessions = Sessions(self._settings, orders["name"], pooled=orders["pooled"])
        self._witness = Witness(self._settings.root, self._settings.script_location)
        self._fence = Fence(orders["fence"])
        self._orders = orders
        self._sql = io.StringIO()
        self._trace = Trace() if orders["command"] == "rehearse" else None
        self._statements = self._rows = 0
        self._revision: Any = None
        self._outer: MigrationContext | None = None
        self._asked_for_each = False
        self._visit: dict[str, Any] = {}
        self._autocommitted = False
        self._in_body = False
        self._concurrent: list[str] = []

    def upgrade(self) -> int:
        """Bring the database to head, trying a revision again where only a lock was in its way."""
        from alembic import command  # noqa: PLC0415 - costs half a second

        attempt = 0
        while True:
            before = self._revision
            try:
                # With one effective head, "heads" is that head; "head" would stumble over a branch it depends on.
                command.upgrade(self._alembic(), "heads")
            except BaseException as error:  # noqa: BLE001 - whatever a revision raises is reported, SystemExit too
                attempt = attempt + 1 if self._revision is before else 1
                if sqlstate(error) in _PASSING and not self._autocommitted and attempt < ATTEMPTS:
                    self._channel.tell("retry", revision=self._id, attempt=attempt, reason=first_line(error))
                    time.sleep(2.0 ** (attempt - 1))
                    continue
                self._fail(error)
                return 1
            return self._stayed()

    def look(self) -> int:
        """Tell what env.py has Alembic work on, and run nothing."""
        return self._once(lambda command, config: command.upgrade(config, "heads"))

    def adopt(self) -> int:
        """Write down where the database is, without running a revision."""
        return self._once(lambda command, config: command.stamp(config, self._orders["target"]))

    def _once(self, work: Callable[[Any, Config], None]) -> int:
        from alembic import command  # noqa: PLC0415

        try:
            work(command, self._alembic())
        except Looked:
            return 0
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)
            return 1
        return self._stayed()

    def _stayed(self) -> int:
        """Return the exit code of a run without an error: env.py may have caught that of a database out of reach."""
        if self._fence.refused is None:
            return 0
        self._fail(self._fence.refused)
        return 1

    def check(self) -> int:
        """Compare the models with the database; the differences are told as one event."""
        from alembic import command, util  # noqa: PLC0415

        try:
            command.check(self._alembic())
        except util.AutogenerateDiffsDetected as found:
            diffs = getattr(found, "diffs", None)  # Alembic before 1.13 has words alone
            self._channel.tell(
                "differences", rows=[str(found)] if diffs is None else [described(each) for each in diffs]
            )
        except NoModels:
            self._channel.tell("no models")
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)
            return 1
        return 0

    def downgrade(self) -> int:
        """Take a throw-away database down."""
        return self._once(lambda command, config: command.downgrade(config, self._orders["target"]))

    def sql(self) -> int:
        """Render the revisions after `at` without a connection; each is told as one event."""
        return self._once(lambda command, config: command.upgrade(config, "heads", sql=True))

    def revisions(self) -> int:
        """Tell what the revision files say of themselves when they are run."""
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        try:
            directory = ScriptDirectory.from_config(self._alembic())
            for script in directory._load_revisions():  # noqa: SLF001 - as they are: the graph is built elsewhere
                self._channel.tell(
                    "revision",
                    id=script.revision,
                    parents=script.down_revision,
                    depends_on=script.dependencies,
                    labels=getattr(script.module, "branch_labels", None),
                    file=str(script.path),
                )
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)
            return 1
        return 0

    def locate(self) -> int:
        """Tell where an application that configures Alembic in code keeps its revisions."""
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        try:
            config = application.configuration(self._application)
            if config is None:
                raise application.NoApplication("it configures no migrations")  # noqa: TRY301 - told as all others
            directory = ScriptDirectory.from_config(config)
            self._channel.tell(
                "located",
                folder=os.path.abspath(directory.dir),  # noqa: PTH100 - links stay as they are written
                versions=[os.path.abspath(each) for each in directory._version_locations],  # noqa: PTH100, SLF001
                recursive=getattr(directory, "recursive_version_locations", False),
            )
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error, of_application=True)
            return 1
        return 0

    def hook(self) -> None:
        """Put the hooks in place; they live as long as the process."""
        from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
        from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
        from sqlalchemy import event  # noqa: PLC0415
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - not in `sqlalchemy` itself before 2.0

        self._fence.listen()  # before all others: what it sends elsewhere is no business of theirs
        self._sessions.listen()
        self._witness.listen()
        if self._orders.get("writes_nothing"):
            rolled_back.listen()
        event.listen(Engine, "before_cursor_execute", self._before_statement)
        event.listen(Engine, "after_cursor_execute", self._after_statement)
        event.listen(Engine, "commit", self._committing)
        configure, autocommit_block = EnvironmentContext.configure, MigrationContext.autocommit_block
        run_migrations, begin_transaction = MigrationContext.run_migrations, MigrationContext.begin_transaction

        def configured(context: EnvironmentContext, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
            self._asked_for_each = bool(options.get("transaction_per_migration"))
            # An empty version table is no revision: only the transaction around all of them would commit it.
            options["transaction_per_migration"] = self._orders["command"] != "adopt"
            options["on_version_apply"] = (*_several(options.get("on_version_apply")), self._applied)
            if options.get("target_metadata") is None and self._settings.metadata:
                options["target_metadata"] = application.named(self._settings.metadata)
            if self._orders["command"] == "check" and options.get("target_metadata") is None:
                raise NoModels
            steps: Any = context.context_opts.setdefault("buildkit_steps", context.context_opts.get("fn"))
            if self._orders["command"] == "sql":
                options |= {"output_buffer": self._sql, "starting_rev": self._orders["at"] or None}
                context.context_opts["fn"] = self._rendered(steps)
            else:
                context.context_opts["fn"] = self._timed(steps)
            configure(context, *arguments, **options)

        @contextlib.contextmanager
        def autocommitted(context: MigrationContext) -> Iterator[None]:
            self._autocommitted = True
            with autocommit_block(context):
                yield

        def begun(context: MigrationContext, _per_migration: bool = False) -> Any:  # noqa: ANN401 - Alembic's
            inner = begin_transaction(context, _per_migration)
            return inner if _per_migration or context.as_sql else self._around(context, inner)

        def ran(context: MigrationContext, **options: Any) -> None:  # noqa: ANN401 - for the revisions
            if context.as_sql or self._may_run(context):
                run_migrations(context, **options)

        MigrationContext.begin_transaction = begun  # type: ignore[method-assign,assignment]
        MigrationContext.run_migrations = ran  # type: ignore[method-assign,assignment]
        EnvironmentContext.configure = configured  # type: ignore[method-assign,assignment]
        MigrationContext.autocommit_block = autocommitted  # type: ignore[method-assign,assignment]
        # Alembic's own progress is told by the events; what a project logs itself stays.
        logging.getLogger("alembic.runtime.migration").addFilter(lambda record: record.levelno > logging.INFO)

    def _alembic(self) -> Config:
        return alembic_config.made(self._orders["command"], self._settings, self._url, self._application)

    def carry_out(self) -> int:
        """Do what the orders say, inside of the application's context where one is named; return the exit code."""
        commands = {
            "upgrade": self.upgrade,
            "rehearse": self.upgrade,
            "downgrade": self.downgrade,
            "adopt": self.adopt,
            "look": self.look,
            "check": self.check,
            "sql": self.sql,
            "revisions": self.revisions,
            "locate": self.locate,
        }
        name = self._settings.app
        try:
            alembic_config.require_usable()
            self.hook()
            self._application = application.named(name) if name else None
            with application.around(self._application):
                return commands[self._orders["command"]]()
        except BaseException as error:  # noqa: BLE001 - importing an application may raise anything
            self._fail(error, of_application=True)
            return 1

    def _may_run(self, context: MigrationContext) -> bool:
        """Say what Alembic is about to work on, and wait for the supervisor's word.

        Where env.py has done something in Alembic's transaction already (SET LOCAL, a lock of its own), that is to hold
        for all revisions: they get the one transaction that they have without us.
        """
        connection: Any = context.connection
        outside = transactions.is_outside(context)
        single = not outside and self._outer is context and not self._asked_for_each and connection.in_transaction()
        visit = self._witness.visit(context, whole=outside or single)
        if self._orders["command"] == "look":
            self._channel.tell("visit", visit=visit.as_json())
            if not self._orders["several"]:
                raise Looked
            return False
        answer = self._channel.ask("visit", visit=visit.as_json())
        self._visit = {"number": answer["number"], "whole": visit.whole}
        if single:
            transactions.join(context)
        return bool(answer["go"])

    @contextlib.contextmanager
    def _around(self, context: MigrationContext, inner: Any) -> Iterator[Any]:  # noqa: ANN401 - Alembic's
        self._outer = context
        try:
            with transactions.around(context, inner) as transaction:
                yield transaction
        finally:
            self._outer = None

    def _timed(self, steps: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """Wrap what yields the revisions: Alembic comes back for the next one when the last is committed."""

        def timed(at: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401 - Alembic's own
            for step in steps(at, context):
                self._revision = getattr(step, "revision", None)
                self._autocommitted = False
                self._concurrent.clear()
                self._statements = self._rows = 0
                if self._trace:
                    self._trace.begin()
                self._channel.tell("start", revision=self._id)
                start = time.perf_counter()
                step.migration_fn = self._body(step.migration_fn)
                yield step
                self._channel.tell(
                    "done",
                    revision=self._id,
                    seconds=time.perf_counter() - start,
                    statements=self._statements,
                    rows=self._rows,
                    **self._visit,
                )
                if self._trace:
                    self._channel.tell("locks", revision=self._id, rows=self._trace.end())
            self._revision = None

        return timed

    def _body(self, body: Callable[..., None]) -> Callable[..., None]:
        """Wrap a revision's function, so that a commit of its own is told from the one that Alembic makes after it."""

        @functools.wraps(body)
        def noted(**options: Any) -> None:  # noqa: ANN401 - Alembic's own
            self._in_body = True
            try:
                body(**options)
            finally:
                self._in_body = False

        return noted

    def _committing(self, _connection: object) -> None:
        self._autocommitted |= self._in_body

    def _rendered(self, steps: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """Wrap what yields the revisions: tell the SQL of each; one that asks the database for something has none."""

        def rendered(at: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401 - Alembic's own
            for step in steps(at, context):
                self._revision = step.revision
                before = self._sql.tell()
                refused: list[str] = []
                step.migration_fn = _guarded(step.migration_fn, refused, self._where)
                yield step
                if refused:  # that it asked for a connection is told with the revision
                    self._fence.refused = None
                text = self._sql.getvalue()[before:].strip()
                self._channel.tell("sql", revision=self._id, sql="" if refused else text, refused="; ".join(refused))

        return rendered

    def _before_statement(self, connection: Any, _cursor: object, statement: str, *_: object) -> None:  # noqa: ANN401
        if self._trace and self._revision is not None:
            self._trace.before(lambda query: self._ask(connection, query))
        self._autocommitted |= self._in_body and _COMMITS.search(statement) is not None
        if _CONCURRENTLY.search(statement):
            # It waits for others without keeping anybody waiting; cut short, it would leave an invalid index.
            self._concurrent.append(statement)
            self._sessions.relax(connection)

    def _after_statement(self, connection: Any, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401
        if _CONCURRENTLY.search(statement):
            self._sessions.restrict(connection)
        if self._revision is not None and self._settings.version_table not in statement:
            self._statements += 1
            if self._trace:
                self._trace.after(lambda query: self._ask(connection, query), statement)
            if _WRITES.match(statement):
                self._rows += max(0, cursor.rowcount)

    @staticmethod
    def _ask(connection: Any, query: str) -> list[tuple[Any, ...]]:  # noqa: ANN401 - SQLAlchemy's
        cursor = connection.connection.cursor()
        try:
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def _applied(self, *, ctx: Any, **_: object) -> None:  # noqa: ANN401 - Alembic's callback, before the commit
        """Refuse to write down a revision whose index did not come out valid."""
        if not self._concurrent:
            return
        from sqlalchemy import text  # noqa: PLC0415

        invalid = [
            quoted
            for quoted, bare in ctx.connection.execute(text(INVALID.replace(":", "\\:")))
            if any(bare in statement for statement in self._concurrent)
        ]
        if invalid:
            raise InvalidIndex(invalid)

    def _fail(self, error: BaseException, *, of_application: bool = False) -> None:
        message = first_line(error)
        self._channel.tell(
            "failed",
            revision=self._id,
            message=f"[tool.buildkit.migrate] app: {message}" if of_application and self._settings.app else message,
            sqlstate=sqlstate(error),
            where=self._where(error),
            other="" if self._fence.refused is None else self._fence.refused.named,
            statement=" ".join(str(getattr(error, "statement", "") or "").split()),
            autocommitted=self._autocommitted,
            lost=getattr(error, "connection_invalidated", False) or sqlstate(error).startswith(_GONE),
            hint=repair(error.names) if isinstance(error, InvalidIndex) else hint(error, self._settings),
        )

    def _where(self, error: BaseException) -> str:
        """Return file and line of the innermost frame of env.py and the revisions; before these, of the project."""
        scripts, root = f"{self._settings.script_location}{os.sep}", f"{self._settings.root}{os.sep}"
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
        of_project = [frame for frame in frames if frame.filename.startswith(root)]
        of_scripts = [frame for frame in frames if frame.filename.startswith(scripts)]
        found = (of_scripts or of_project) if self._revision is not None else (of_project or of_scripts)
        return f"{found[-1].filename}:{found[-1].lineno}" if found else ""

    @property
    def _id(self) -> str:
        return getattr(self._revision, "revision", "") or ""


class Looked(BaseException):
    """All is seen that there is to be seen; the rest of env.py is not to run."""


class NoModels(BaseException):
    """Neither env.py nor the settings name the models, so there is nothing to compare."""


class InvalidIndex(Exception):  # noqa: N818 - a fact; the supervisor words it
    """A revision ended with an index that is not valid."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"left invalid: {', '.join(names)}")
        self.names = names


def main() -> int:
    """Read the orders, carry them out, and return the exit code."""
    channel = Channel(int(sys.argv[1]))
    run = Run(channel)
    alembic_config.as_alembic(channel.orders["command"], run.settings)
    return run.carry_out()


def _guarded(
    body: Callable[..., None], refused: list[str], where: Callable[[BaseException], str]
) -> Callable[..., None]:
    """Wrap a revision's function: what it raises is noted, so that the next revisions are rendered all the same."""

    @functools.wraps(body)  # its name is in the SQL's comments
    def guarded(**options: Any) -> None:  # noqa: ANN401 - Alembic's own
        try:
            body(**options)
        except Exception as error:  # noqa: BLE001 - whatever a revision raises for want of a connection
            refused.append(f"{where(error)}: {first_line(error)}")

    return guarded


def _several(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - one callable, several, or none
    if value is None:
        return ()
    return (value,) if callable(value) else tuple(value)


if __name__ == "__main__":
    sys.exit(main())
