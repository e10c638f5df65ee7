"""The hooks between Alembic and env.py, which itself stays as it is.

Time limits come with SQLAlchemy's `connect` event, one transaction for each revision by wrapping
`EnvironmentContext.configure`, the database through `sqlalchemy.url`. Before Alembic runs anything, the child reports
the target database to the supervisor and waits for its answer.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import time
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from buildkit.migrate.child import application, rolled_back, transactions
from buildkit.migrate.child.channel import Channel
from buildkit.migrate.child.error_facts import first_line, hint, sqlstate
from buildkit.migrate.child.fence import Fence
from buildkit.migrate.child.session_limits import SessionLimits
from buildkit.migrate.child.statements import InvalidIndex, Statements
from buildkit.migrate.child.witness import Witness
from buildkit.migrate.postgres.invalid_indexes import repair_hint
from buildkit.migrate.settings import MigrationSettings

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

_GONE = ("08", "57P0")  # the connection is lost, or the server ended it


class TargetSeen(BaseException):
    """Raised to stop env.py once a look has seen everything."""


class NoModels(BaseException):
    """Neither env.py nor the settings name the models, so there is nothing to compare."""


class Hooks:
    """The state of Alembic's run, kept by its hooks.

    Args:
        channel: the channel to the supervisor, with its orders.
        settings: the project's migration settings.

    `revision` is the revision that runs, Alembic's own object; None before the first and after the last.
    """

    def __init__(self, channel: Channel, settings: MigrationSettings) -> None:
        orders = channel.orders
        self._channel = channel
        self._settings = settings
        self._command: str = orders["command"]
        self._at: str = orders.get("at") or ""
        self._several: bool = orders.get("several", False)
        self._writes_nothing: bool = orders.get("writes_nothing", False)
        self._sessions = SessionLimits(
            settings, orders["name"], lambda: channel.tell("connected"), pooled=orders["pooled"]
        )
        self._witness = Witness(settings.root, settings.script_location)
        self._sql = io.StringIO()
        self._outer: MigrationContext | None = None
        self._asked_for_each = False
        self._visit: dict[str, Any] = {}
        self.fence = Fence(orders["fence"])
        self.statements = Statements(self._sessions, settings.version_table, trace=self._command == "rehearse")
        self.revision: Any = None

    @property
    def id(self) -> str:
        """The id of the revision that runs; empty if none does."""
        return getattr(self.revision, "revision", "") or ""

    def install(self) -> None:
        """Install the hooks for the rest of the process."""
        from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
        from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

        self.fence.install()  # before all others: they must not see a connection that it sends elsewhere
        self._sessions.install()
        self._witness.install()
        if self._writes_nothing:
            rolled_back.install()
        self.statements.install()
        configure, autocommit_block = EnvironmentContext.configure, MigrationContext.autocommit_block
        run_migrations, begin_transaction = MigrationContext.run_migrations, MigrationContext.begin_transaction

        def configured(context: EnvironmentContext, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
            self._configure(context, options)
            configure(context, *arguments, **options)

        @contextlib.contextmanager
        def autocommitted(context: MigrationContext) -> Iterator[None]:
            self.statements.committed = True
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
        # The events show Alembic's own progress; what a project logs itself stays.
        logging.getLogger("alembic.runtime.migration").addFilter(lambda record: record.levelno > logging.INFO)

    def fail(self, error: BaseException, *, of_application: bool = False) -> int:
        """Report an error that ends the run to the supervisor, and return the exit code.

        Args:
            error: what env.py, a revision or Alembic raised.
            of_application: whether the application's loading raised it.
        """
        message = first_line(error)
        self._channel.tell(
            "failed",
            revision=self.id,
            message=f"[tool.buildkit.migrate] app: {message}" if of_application and self._settings.app else message,
            sqlstate=sqlstate(error),
            where=self._where(error),
            other="" if self.fence.refused is None else self.fence.refused.named,
            statement=" ".join(str(getattr(error, "statement", "") or "").split()),
            autocommitted=self.statements.committed,
            lost=getattr(error, "connection_invalidated", False) or sqlstate(error).startswith(_GONE),
            hint=repair_hint(error.names) if isinstance(error, InvalidIndex) else hint(error, self._settings),
        )
        return 1

    def _configure(self, context: Any, options: dict[str, Any]) -> None:  # noqa: ANN401 - EnvironmentContext
        """Change the options that env.py passes to `configure()`."""
        self._asked_for_each = bool(options.get("transaction_per_migration"))
        # An empty version table is no revision: only the transaction around all of them would commit it.
        options["transaction_per_migration"] = self._command != "adopt"
        options["on_version_apply"] = (
            *_several(options.get("on_version_apply")),
            self.statements.require_valid_indexes,
        )
        if options.get("target_metadata") is None and self._settings.metadata:
            options["target_metadata"] = application.load(self._settings.metadata)
        if self._command in {"check", "revision"} and options.get("target_metadata") is None:
            raise NoModels
        steps: Any = context.context_opts.setdefault("buildkit_steps", context.context_opts.get("fn"))
        if self._command == "sql":
            options |= {"output_buffer": self._sql, "starting_rev": self._at or None}
            context.context_opts["fn"] = self._rendered(steps)
        else:
            context.context_opts["fn"] = self._timed(steps)

    def _may_run(self, context: MigrationContext) -> bool:
        """Report what Alembic is about to work on, and wait for the supervisor's permission.

        If env.py has already done something in Alembic's transaction (SET LOCAL, a lock of its own), that must hold for
        all revisions: they then run in one transaction, as they do under `alembic`.
        """
        connection: Any = context.connection
        outside = transactions.is_external(context)
        single = not outside and self._outer is context and not self._asked_for_each and connection.in_transaction()
        visit = self._witness.visit(context, one_transaction=outside or single)
        if self._command == "look":
            self._channel.tell("visit", visit=visit.as_json())
            if not self._several:
                raise TargetSeen
            return False
        answer = self._channel.ask("visit", visit=visit.as_json())
        self._visit = {"number": answer["number"], "one_transaction": visit.one_transaction}
        if single:
            transactions.join(context)
        return bool(answer["go"])

    @contextlib.contextmanager
    def _around(self, context: MigrationContext, inner: Any) -> Iterator[Any]:  # noqa: ANN401 - Alembic's
        self._outer = context
        try:
            with transactions.commit_joined(context, inner) as transaction:
                yield transaction
        finally:
            self._outer = None

    def _timed(self, steps: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """Wrap the generator of revisions: Alembic asks for the next one when the last is committed."""

        def timed(at: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401 - Alembic's own
            for step in steps(at, context):
                self.revision = getattr(step, "revision", None)
                self.statements.begin(counted=self.revision is not None)
                self._channel.tell("start", revision=self.id)
                start = time.perf_counter()
                step.migration_fn = self.statements.in_body(step.migration_fn)
                yield step
                self._channel.tell(
                    "done",
                    revision=self.id,
                    seconds=time.perf_counter() - start,
                    statements=self.statements.number,
                    rows=self.statements.rows,
                    **self._visit,
                )
                locks = self.statements.locks()
                if locks is not None:
                    self._channel.tell("locks", revision=self.id, rows=locks)
            self.revision = None
            self.statements.end()

        return timed

    def _rendered(self, steps: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """Wrap the generator of revisions: send the SQL of each; a revision that queries the database has none."""

        def rendered(at: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401 - Alembic's own
            for step in steps(at, context):
                self.revision = step.revision
                before = self._sql.tell()
                refused: list[str] = []
                step.migration_fn = _guarded(step.migration_fn, refused, self._where)
                yield step
                if refused:  # that it asked for a connection is told with the revision
                    self.fence.refused = None
                text = self._sql.getvalue()[before:].strip()
                self._channel.tell("sql", revision=self.id, sql="" if refused else text, refused="; ".join(refused))

        return rendered

    def _where(self, error: BaseException) -> str:
        """Return file and line of the innermost frame in env.py or a revision; outside of revisions, in the project."""
        scripts, root = f"{self._settings.script_location}{os.sep}", f"{self._settings.root}{os.sep}"
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
        of_project = [frame for frame in frames if frame.filename.startswith(root)]
        of_scripts = [frame for frame in frames if frame.filename.startswith(scripts)]
        found = (of_scripts or of_project) if self.revision is not None else (of_project or of_scripts)
        return f"{found[-1].filename}:{found[-1].lineno}" if found else ""


def _guarded(
    body: Callable[..., None], refused: list[str], where: Callable[[BaseException], str]
) -> Callable[..., None]:
    """Wrap a revision's function: note what it raises, so that the next revisions are rendered all the same."""

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
