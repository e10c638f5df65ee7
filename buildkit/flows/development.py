"""The commands of the development database: `invoke db.url`, `.shell`, `.stop`, `.reset`.

They are about the project's own server alone, whatever `DATABASE_URL` names.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from functools import partial
from typing import Any

from buildkit.config import Config
from buildkit.db import copies, development, users
from buildkit.db.cluster import DATABASE
from buildkit.db.copies import Copies
from buildkit.db.databases import Databases
from buildkit.db.records import Copy
from buildkit.doors import process
from buildkit.doors.clock import Stopwatch
from buildkit.errors import DatabaseError
from buildkit.flows.database import administered, chain_of, follow, is_at_head_as_noted, start_server
from buildkit.flows.migrate import migration_settings
from buildkit.flows.outdated import remove_outdated_extensions
from buildkit.migrate import revisions, upgrade
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

URL_SCHEMA = "buildkit.db.url/1"
SHELL_SCHEMA = "buildkit.db.shell/1"
STOP_SCHEMA = "buildkit.db.stop/1"
RESET_SCHEMA = "buildkit.db.reset/1"

_NO_SQL_CLIENT = (
    "install PostgreSQL's client programs, or name their folder with PYBUILDKIT_POSTGRES; any other client takes the "
    "address that `invoke db.url` prints"
)


def url(config: Config, console: Console, environment: Mapping[str, str], *, dry_run: bool = False) -> Report:
    """Return the URL of the copy for the present revisions; it is made, and the server started, if need be.

    Args:
        config: the project.
        console: shows what had to be started or made.
        environment: where PostgreSQL's programs are.
        dry_run: start and make nothing.

    Raises:
        DatabaseError: in a dry run, there is no such copy yet.
        BuildkitError: the server does not start, or a revision fails.
    """
    watch = Stopwatch()
    at_hand = AtHand(config, console, environment)
    server, name = at_hand.look() if dry_run else at_hand.follow()
    facts = {**at_hand.facts(server, name), "url": server.url_of(name), "started": server.started}
    return Report(URL_SCHEMA, (), watch.seconds, facts)


def url_lines(report: Report) -> list[str]:
    """Return the URL alone."""
    return [str(report.facts["url"])]


def shell(
    config: Config, console: Console, environment: Mapping[str, str], *, command: str = "", dry_run: bool = False
) -> Report:
    """Become psql on the copy for the present revisions; return only in a dry run.

    Args:
        config: the project.
        console: shows what had to be started or made.
        environment: where PostgreSQL's programs are; psql gets it too.
        command: SQL, or a command of psql's, to run instead of an interactive session.
        dry_run: start nothing, and return what would be run.

    Raises:
        DatabaseError: there is no psql.
    """
    watch = Stopwatch()
    at_hand = AtHand(config, console, environment)
    program = _psql(environment)
    words = [program, *(("--command", command) if command else ())]
    server, name = at_hand.look() if dry_run else at_hand.follow()
    if not dry_run:
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "PGDATABASE": name}
        cleared = {key: value for key, value in environment.items() if not key.startswith("PG")}
        process.become(words, {**cleared, **place, "PGPASSWORD": server.password})
    return Report(SHELL_SCHEMA, (), watch.seconds, {**at_hand.facts(server, name), "command": words})


def shell_lines(report: Report) -> list[str]:
    """Return what would be run."""
    words: Any = report.facts["command"]
    return [f"would run {shlex.join(words)} on {report.facts['database']}"]


def stop(
    config: Config,
    console: Console,  # noqa: ARG001 - as every flow
    environment: Mapping[str, str],  # noqa: ARG001
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Report:
    """Stop the development server; its databases stay for the next start.

    Args:
        config: the project.
        console: not needed.
        environment: not needed.
        force: stop it although a loop uses it.
        dry_run: say what would be stopped.

    Raises:
        DatabaseError: a loop uses it, or it does not stop.
    """
    watch = Stopwatch()
    server = development.running(config.root)
    loops = users.others(config.root)
    if server is not None and loops and not force:
        raise DatabaseError(
            f"the development server is in use by {', '.join(loops)}",
            hint="end it there with Ctrl-C, which stops the server as well; `invoke db.stop --force` stops it now",
        )
    stopped = server is not None and not dry_run and users.stop(config.root)
    place = None if server is None else f"127.0.0.1:{server.port}"
    return Report(STOP_SCHEMA, (), watch.seconds, {"server": place, "stopped": stopped, "dry-run": dry_run})


def stop_lines(report: Report) -> list[str]:
    """Return what was stopped, in one line."""
    place = report.facts["server"]
    if place is None:
        return ["no development PostgreSQL runs for this project"]
    return [f"{'stopped' if report.facts['stopped'] else 'would stop'} the development PostgreSQL at {place}"]


def reset(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    everything: bool = False,
    dry_run: bool = False,
) -> Report:
    """Make the copy for the present revisions anew, from an empty database; or remove every copy.

    The new one has the name of the old one, and takes its place when it is at head: a revision that fails leaves the
    old one. Sessions in it are ended; a running loop notices, and starts its services again. Snapshots stay.

    Args:
        config: the project.
        console: shows the revisions as they are applied.
        environment: where PostgreSQL's programs are.
        everything: remove the copies of all branches, and make none.
        dry_run: say what would be removed.

    Raises:
        RevisionError: a revision fails.
    """
    watch = Stopwatch()
    at_hand = AtHand(config, console, environment)
    if dry_run:
        rows = [_row(each, "would be removed") for each in _to_remove(at_hand, at_hand.recorded(), everything)]
        return Report(RESET_SCHEMA, tuple(rows), watch.seconds, {"dry-run": True, "database": None}, "database")
    server = at_hand.server()
    with copies.locked(server.home, console.say) as ours, administered(server) as databases:
        ours.recover(databases)
        gone = _to_remove(at_hand, ours, everything)
        rows = [_row(each, "removed") for each in gone]
        if everything:
            ours.remove(gone, databases)
            name = None
        elif gone:
            made = ours.begin(at_hand.chain, databases, aside=True)
            at_hand.apply(server.url_of(made.copy.name))
            rows.append(_row(ours.replace(gone[0], made, databases), "made"))
            name = gone[0].name
        else:
            name = at_hand.take_up(server, ours, databases)
            rows.append(_row(Copy(name, at_hand.chain.head), "made"))
    facts = {"dry-run": False, "database": name}
    return Report(RESET_SCHEMA, tuple(rows), watch.seconds, facts, "database")


def lines(report: Report) -> list[str]:
    """Return one line for each database."""
    said = [f"database {row.subject}: {row.result}, {row.reason}" for row in report.outcomes]
    return said or ["there is no database"]


class AtHand:
    """The project, its present revisions, and what brings a database to their head."""

    def __init__(self, config: Config, console: Console, environment: Mapping[str, str]) -> None:
        self._config, self._console, self._environment = config, console, environment
        if environment.get(config.migrate.url_env):
            console.warn(f"{config.migrate.url_env} is set; this is about the project's own development database")
        self.settings = migration_settings(config)
        self._graph = Graph({}, {}, "") if self.settings is None else revisions.read(self.settings, say=console.say)
        self.chain = chain_of(self._graph)

    def server(self) -> development.Server:
        """Return the server, started if need be."""
        return start_server(self._config, self._console, self._environment)

    def follow(self) -> tuple[development.Server, str]:
        """Return the server, and the name of the copy for the present revisions, which is at head."""
        server = self.server()
        with copies.locked(server.home, self._console.say) as ours:
            if self.settings is not None and self.chain.head:
                apply = partial(self._apply_unless_noted, self.settings, ours)
                return server, follow(server, ours, self.settings, self.chain, apply, self._console)[0]
            with administered(server) as databases:
                return server, self.take_up(server, ours, databases)

    def take_up(self, server: development.Server, ours: Copies, databases: Databases) -> str:
        """Do the same under the lock; without revisions, return the first database, which is made if it is gone."""
        if self.settings is not None and self.chain.head:
            return follow(server, ours, self.settings, self.chain, self.apply, self._console)[0]
        if not ours.are_settled:
            ours.recover(databases)
        if DATABASE not in databases.names():
            databases.create(DATABASE)
        return DATABASE

    def recorded(self) -> Copies:
        """Return what is written down of the copies, whether the server runs or not."""
        server = development.running(self._config.root)
        return Copies(server.home if server else next(iter(development.homes(self._config.root)), self._config.work))

    def look(self) -> tuple[development.Server, str]:
        """Return the same without starting or making anything."""
        server = development.running(self._config.root)
        if server is None:
            raise DatabaseError("the development server does not run", hint="without a dry run it is started")
        found = self.fitting(Copies(server.home))
        if found is None:
            raise DatabaseError(
                "there is no database for the present revisions yet", hint="without a dry run it is made"
            )
        return server, found.name

    def fitting(self, ours: Copies) -> Copy | None:
        """Return the copy that fits; without revisions, the first database."""
        return ours.fitting(self.chain) if self.chain.head else Copy(DATABASE, revisions={})

    def apply(self, url: str) -> upgrade.Migration:
        """Bring a database to head."""
        if self.settings is None or not self.chain.head:
            return upgrade.Migration("")
        return upgrade.upgrade(
            self.settings,
            url,
            environment=self._environment,
            say=self._console.say,
            tell=self._console.outcome,
            before=partial(remove_outdated_extensions, self._config, self._console, self._environment),
        )

    def _apply_unless_noted(self, settings: MigrationSettings, ours: Copies, url: str) -> upgrade.Migration:
        """Do the same, but for a copy that is known to be at head: nothing of the application is loaded."""
        if is_at_head_as_noted(ours, settings, self.chain, url):
            return upgrade.Migration(self.chain.head)
        return self.apply(url)

    def facts(self, server: development.Server, name: str) -> dict[str, object]:
        """Return what is said of a database everywhere."""
        return {"database": f"127.0.0.1:{server.port}/{name}", "head": self.chain.head or None}


def _psql(environment: Mapping[str, str]) -> str:
    programs = development.find_programs(environment)
    beside = None if programs is None else programs / "psql"
    found = (
        str(beside) if beside is not None and beside.is_file() else shutil.which("psql", path=environment.get("PATH"))
    )
    if found is None:
        raise DatabaseError("there is no psql", hint=_NO_SQL_CLIENT)
    return found


def _row(copy: Copy, result: str) -> Outcome:
    return Outcome(copy.name, result, Reason(f"at {copy.head}" if copy.head else "without revisions"))


def _to_remove(at_hand: AtHand, ours: Copies, everything: bool) -> list[Copy]:
    """Return the copy that fits, or all copies; snapshots are none."""
    if everything:
        return [each for each in ours.records.copies if not each.snapshot and not each.template]
    fit = at_hand.fitting(ours)
    return [fit] if fit else []
