"""The database of a loop: brought to head, looked after while the loop runs, and stopped at its end."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from buildkit.config import Config
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BuildkitError, DatabaseError
from buildkit.model import Report
from buildkit.report.console import Console

if TYPE_CHECKING:
    from buildkit.db.development import Server
    from buildkit.db.looks import Watched
    from buildkit.db.users import Use
    from buildkit.flows.database import Database

_LOOK = 1.0
"""Seconds between two looks at the server."""

_SOON = 20.0
"""Seconds within which a server that was started again must not end by itself once more: it would go on so."""

_AGAIN = 1.0
"""Seconds to wait for a named database that did not answer before: a save waits for them each time."""

MADE_ANEW, ENDED = "the database was made anew", "the database server ended"


class LoopDatabase:
    """The database that the services of a loop use.

    Args:
        root: the project's folder.
        console: says what is said.
        environment: the variables of `invoke dev`.
    """

    def __init__(self, root: Path, console: Console, environment: Mapping[str, str]) -> None:
        self._root = root
        self._console = console
        self._environment = environment
        self.variables: dict[str, str] = {}
        """What the services get: the variable with its URL, if there is one."""
        self._use: Use | None = None
        self._watched: Watched | None = None
        self._server: Server | None = None
        self._looked = Stopwatch()
        self._revived: Stopwatch | None = None  # since when, if it was started again
        self._stopped = False  # by another command, and not started again yet
        self._silent = False  # the named one did not answer

    def migrate(self, config: Config) -> Report | None:
        """Bring it to head; where none is named, start the project's own. Return None where there is nothing to do by.

        Raises:
            BuildkitError: it could not be brought there; the services may go on with what `variables` has.
        """
        from buildkit.flows.migrate import migrate_database, migration_settings  # noqa: PLC0415

        if migration_settings(config) is None:
            self.variables = {}
            return None
        variable = config.migrate.url_env
        named = self._environment.get(variable)
        if not named:
            self._take()
        elif self._silent:
            config = dataclasses.replace(
                config, migrate=dataclasses.replace(config.migrate, wait=min(_AGAIN, config.migrate.wait))
            )
        try:
            report, database = migrate_database(config, self._console, self._environment)
        except BuildkitError as error:
            self._silent = isinstance(error, DatabaseError)
            if not (named or self.variables):
                self._take_up_last(config)
            raise
        self._silent = False
        if database is None and not named:
            database = self._first(config)
        self._follow(database, variable)
        return report

    def is_at_hand(self, config: Config) -> bool:
        """Return whether the services have a database, at head or not, or want none."""
        return bool(self.variables or self._environment.get(config.migrate.url_env))

    def news(self) -> str:
        """Return why it has to be looked after, once: it was made anew or removed, or its server has ended."""
        if self._watched is not None and self._watched.is_another():
            self._watched = None
            return MADE_ANEW
        if self._server is not None and self._looked.seconds >= _LOOK:
            self._looked = Stopwatch()
            return self._look_at(self._server)
        return ""

    @property
    def is_stopped(self) -> bool:
        """Whether its server was stopped by another command, or ends again and again: the next cycle starts it."""
        return self._stopped

    def end(self) -> None:
        """Stop its server if loops alone used it, and this was the last."""
        if self._use is not None:
            self._use.end()

    def _take(self) -> None:
        """Note the use of the project's server, before it is started: an interruption may come while it starts."""
        from buildkit.db.users import Use  # noqa: PLC0415

        if self._use is None:
            self._use = Use(self._root)
            self._use.begin()
        elif self._stopped:
            self._use.go_on()

    def _look_at(self, server: Server) -> str:
        from buildkit.db import development  # noqa: PLC0415

        if development.lives(server):
            return ""
        self._server = None
        again = development.running(self._root)
        if again is not None:  # another command was faster
            return ENDED
        soon = self._revived is not None and self._revived.seconds < _SOON
        if soon or development.was_stopped(server):
            self._stopped = True
            how = f"ended again (see {server.home / 'log'})" if soon else "was stopped"
            self._console.warn(f"the development PostgreSQL {how}: the next save, or key m, starts it again")
            return ""
        self._revived = Stopwatch()
        self._console.warn("the development PostgreSQL ended by itself: it is started again")
        return ENDED

    def _first(self, config: Config) -> Database | None:
        """Return the empty database of a project that has no revisions yet: its services ask for one all the same."""
        from buildkit.flows.database import Database  # noqa: PLC0415
        from buildkit.flows.development import AtHand  # noqa: PLC0415

        try:
            server, name = AtHand(config, self._console, self._environment).follow()
        except DatabaseError as error:
            self._console.warn(f"{error}; the services get no {config.migrate.url_env}")
            return None
        return Database(server.url_of(name), home=server.home, name=name)

    def _take_up_last(self, config: Config) -> None:
        """Let the services have the copy that was taken up last, as it is."""
        from buildkit.db import records  # noqa: PLC0415
        from buildkit.flows.database import Database, start_server  # noqa: PLC0415

        with contextlib.suppress(BuildkitError):
            server = start_server(config, self._console, self._environment)
            name = records.read(server.home).present
            if name:
                self._follow(Database(server.url_of(name), home=server.home, name=name), config.migrate.url_env)

    def _follow(self, database: Database | None, variable: str) -> None:
        """Give a database to the services, and watch it if it is the project's own."""
        self.variables = {} if database is None else {variable: database.url}
        self._stopped, self._server, self._watched = False, None, None
        if database is not None and database.home is not None:
            from buildkit.db import development  # noqa: PLC0415
            from buildkit.db.looks import Watched  # noqa: PLC0415

            self._watched = Watched(database.home, database.name)
            self._server = development.running(self._root)
