"""The development database follows the branch: the copy that fits the present revisions is taken up, or made."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.config import Config
from buildkit.db import choice, copies, development, users
from buildkit.db.cluster import DATABASE
from buildkit.db.copies import Copies, Made
from buildkit.db.databases import Databases, is_empty, worded
from buildkit.db.records import Copy
from buildkit.db.revision_texts import Chain
from buildkit.doors.files import digest_file
from buildkit.errors import DatabaseAheadError, DatabaseError, RevisionError, VersionTableError
from buildkit.migrate import fast_path
from buildkit.migrate.postgres import version_table
from buildkit.migrate.postgres.connection import Address, connect
from buildkit.migrate.postgres.visit import VersionTable
from buildkit.migrate.scripts import env_text
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.upgrade import Migration
from buildkit.report.console import Console
from buildkit.store.artifacts import usable_folder

Apply = Callable[[str], Migration]
"""Brings the database of a URL to head."""

_PATIENCE = 10.0
_MAINTENANCE = "postgres"


@dataclass(frozen=True, slots=True)
class Database:
    """The database in use.

    Args:
        url: its URL.
        started: whether its server was started by this call.
        home: the folder of the development server, if it is one of its databases; else None.
        name: its name there.
    """

    url: str = dataclasses.field(repr=False)
    started: bool = False
    home: Path | None = None
    name: str = ""


def start_server(
    config: Config, console: Console, environment: Mapping[str, str], *, quiet: bool = False
) -> development.Server:
    """Return the project's server, started if it does not run; a line says what stays, and how it is stopped.

    Args:
        config: the project.
        console: shows that line.
        environment: where PostgreSQL's programs are.
        quiet: say nothing, since it does not stay.

    Raises:
        DatabaseError: there is no PostgreSQL to start, or it does not start.
    """
    left = users.is_of_loops(config.root) and not users.others(config.root)
    server = development.ensure(config.root, environment, cache=usable_folder(environment))
    if quiet:
        return server
    if server.started and not left and users.is_of_loops(config.root):
        console.say("started a development PostgreSQL for this project; it stops with this loop")
    elif server.started:
        users.keep(config.root)
        console.say("started a development PostgreSQL for this project, which stays: `invoke db.stop` stops it")
    elif left:
        console.say("the development PostgreSQL is left by a loop that was killed: `invoke db.stop` stops it")
    return server


def bring_to_head(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    settings: MigrationSettings,
    graph: Graph,
    apply: Apply,
) -> tuple[Database, Migration]:
    """Bring the development database to the present head, in the copy that is for it; start the server if need be.

    Args:
        config: the project.
        console: shows which copy is taken up, and what it is made from.
        environment: where PostgreSQL's programs are.
        settings: the project's migration settings.
        graph: the present revisions.
        apply: migrates one database.

    Raises:
        BuildkitError: the server does not start, or a revision fails; all copies are as they were.
    """
    server = start_server(config, console, environment)
    with copies.locked(server.home, console.say) as ours:
        name, migration = follow(server, ours, settings, chain_of(graph), apply, console)
    return Database(server.url_of(name), server.started, server.home, name), migration


def chain_of(graph: Graph) -> Chain:
    """Return the present revisions for a comparison with those in a copy."""
    return Chain(graph.head, {each.id: each.file for each in graph.revisions.values()}, graph.below)


@contextlib.contextmanager
def administered(server: development.Server) -> Iterator[Databases]:
    """Give the server's databases as a whole; what the server refuses is worded."""
    with connected(server.url_of(_MAINTENANCE)) as databases:
        yield databases


@contextlib.contextmanager
def connected(url: str, variable: str = "DATABASE_URL") -> Iterator[Databases]:
    """Give the databases of the server that a URL leads to; what it refuses is worded."""
    address = Address.parse(url, variable)
    with (
        worded(address.place),
        contextlib.closing(connect(address, wait=_PATIENCE, say=lambda _: None)) as connection,
    ):
        yield Databases(connection)


def follow(
    server: development.Server,
    ours: Copies,
    settings: MigrationSettings,
    chain: Chain,
    apply: Apply,
    console: Console,
) -> tuple[str, Migration]:
    """Return the name of the copy for the present revisions, and what was applied to it."""
    name, migration = _follow(server, ours, settings, chain, apply, console)
    if migration.places:  # env.py was run to find them
        ours.note_places(name, [(each.schema, each.table) for each in migration.places], _digest_of_env(settings))
    return name, migration


def is_at_head_as_noted(ours: Copies, settings: MigrationSettings, chain: Chain, url: str) -> bool:
    """Return whether the copy that fits is at head by the version tables that are known: env.py is not run for that.

    Args:
        ours: the copies.
        settings: the project's migration settings.
        chain: the present revisions.
        url: leads to that copy.
    """
    fit = ours.fitting(chain)
    if fit is None or not url.endswith(f"/{fit.name}"):
        return False
    if env_text.of_project(settings).plain:
        places = [VersionTable.guess(settings)]
    elif fit.env == _digest_of_env(settings):
        places = [VersionTable(table, schema) for schema, table in fit.places]
    else:
        return False
    return fast_path.at_head(Address.parse(url), places, chain.head)


def _digest_of_env(settings: MigrationSettings) -> str:
    return digest_file(settings.script_location / "env.py")


def _follow(
    server: development.Server,
    ours: Copies,
    settings: MigrationSettings,
    chain: Chain,
    apply: Apply,
    console: Console,
) -> tuple[str, Migration]:
    fit = ours.fitting(chain) if ours.are_settled else None
    if fit is not None:
        migration = _take_up(server, ours, fit, apply, console)
        if migration is not None:
            return fit.name, migration
    with administered(server) as databases:
        ours.recover(databases)
        fit = ours.fitting(chain)  # what a killed command had all but finished
        migration = None if fit is None else _take_up(server, ours, fit, apply, console)
        if fit is not None and migration is not None:
            return fit.name, migration
        if ours.is_unrecorded(databases):
            migration = _take_up_unrecorded(server, ours, settings, chain, apply, databases, console)
            if migration is not None:
                return DATABASE, migration
        made = _begin(ours, chain, databases, console)
    migration = _apply(server, ours, made, settings, chain, apply)
    copy = ours.finish(made)
    with administered(server) as databases:
        for name in ours.prune(databases):
            console.say(f"removed {name}, a copy of the development database that was not used for long")
    return copy.name, migration


def _apply(
    server: development.Server, ours: Copies, made: Made, settings: MigrationSettings, chain: Chain, apply: Apply
) -> Migration:
    """Bring a new copy to head; one in which a revision fails is kept for what came before that, if it left nothing."""
    url = server.url_of(made.copy.name)
    try:
        return apply(url)
    except RevisionError as error:
        if error.leaves_nothing:
            with contextlib.closing(connect(Address.parse(url), wait=_PATIENCE, say=lambda _: None)) as connection:
                at = version_table.read(connection, VersionTable.guess(settings)) or frozenset()
            if len(at) == 1 and at <= chain.ids:
                (last,) = at
                ours.keep(made, last, chain.below(at))
        raise


def _take_up(server: development.Server, ours: Copies, copy: Copy, apply: Apply, console: Console) -> Migration | None:
    """Take up a copy as it is; return None if it is gone, or somebody took it elsewhere by hand."""
    try:
        migration = apply(server.url_of(copy.name))
    except (DatabaseAheadError, VersionTableError) as error:
        console.say(f"{copy.name} is not what was noted, and is left as it is: {error.message}")
        ours.distrust(copy)
        return None
    except DatabaseError:
        with administered(server) as databases:
            if copy.name in databases.names():
                raise
        return None
    if ours.take_up(copy) and ours.are_several:
        console.say(f"the development database is {copy.name} now, at head {copy.head}, with what was in it")
    return migration


def _take_up_unrecorded(
    server: development.Server,
    ours: Copies,
    settings: MigrationSettings,
    chain: Chain,
    apply: Apply,
    databases: Databases,
    console: Console,
) -> Migration | None:
    """Take up the first database: an empty one, or one from before there were copies; None if it fits no more."""
    url = server.url_of(DATABASE)
    with contextlib.closing(connect(Address.parse(url), wait=_PATIENCE, say=lambda _: None)) as connection:
        managed = version_table.read(connection, VersionTable.guess(settings)) is not None
        empty = is_empty(connection)
    if empty:
        made = ours.begin(chain, databases, name=DATABASE)
        migration = _apply(server, ours, made, settings, chain, apply)
        ours.finish(made)
        return migration
    try:
        migration = apply(url)
    except (DatabaseAheadError, VersionTableError) as error:
        if not managed:
            raise
        console.say(f"{DATABASE} is left as it is: {error.message}")
        ours.distrust(Copy(DATABASE))
        return None
    ours.adopt(DATABASE, chain.head, chain.contents())
    return migration


def _begin(ours: Copies, chain: Chain, databases: Databases, console: Console) -> Made:
    """Begin a copy for the present revisions, from the nearest one, and say so."""
    source = choice.nearest(ours.records, chain)
    old = choice.edited(ours.records, chain)
    made = ours.begin(chain, databases, source=source)
    came = f"a copy of {source.name} (at {source.head})" if source else "made from nothing"
    sessions = "1 session there was" if made.ended == 1 else f"{made.ended} sessions there were"
    ended = f", for which {sessions} ended" if made.ended else ""
    if old is not None and source is not old[0]:
        copy, revisions = old
        edited = f"{', '.join(revisions)} {'was' if len(revisions) == 1 else 'were'} edited after being applied"
        console.say(f"{edited}: {made.copy.name} is {came}{ended}; {copy.name} stays until it is pruned")
    elif source is not None or ours.are_several:
        console.say(f"the development database is {made.copy.name} now, {came}{ended}")
    return made
