"""Throw-away databases for tests: each is a clone of one that is at head and empty, and is dropped afterwards.

Where the environment names no database they are made on the project's development server, which ends with the last who
uses it. The one that is cloned stays there, for the next tests of the same revisions. Where a database is named, they
are made on its server, under names of their own; the named one is not read and not written.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from buildkit.config import Config
from buildkit.db import copies, development
from buildkit.db.databases import Databases, worded
from buildkit.db.users import Use
from buildkit.doors import process
from buildkit.errors import DatabaseError
from buildkit.flows.database import administered, chain_of, connected, start_server
from buildkit.flows.migrate import migration_settings
from buildkit.flows.outdated import remove_outdated_extensions
from buildkit.migrate import revisions, upgrade
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.scripts.graph import Graph
from buildkit.report.console import Console

_OURS = re.compile(r"tested_(\d+)_[0-9a-f]{8}")

Apply = Callable[[str], object]


class Throwaway:
    """The databases of one run of tests, or of one of its workers.

    Args:
        databases: those of the server.
        url_of: returns the URL of a database by its name.
        template: the database that is cloned; empty for none.
        place: of the server, for messages.
    """

    def __init__(self, databases: Databases, url_of: Callable[[str], str], template: str, place: str) -> None:
        self._databases = databases
        self._url_of = url_of
        self._template = template
        self._place = place
        self._made: set[str] = set()
        self._spare = ""

    def make(self) -> str:
        """Return the URL of a new database."""
        self.prepare()
        name, self._spare = self._spare, ""
        return self._url_of(name)

    def prepare(self) -> None:
        """Make the database that is asked for next."""
        if self._spare:
            return
        name = new_name()
        self._made.add(name)
        with worded(self._place):
            if self._template:
                self._databases.clone(self._template, name)
            else:
                self._databases.create(name)
        self._spare = name

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected."""
        name = url.partition("?")[0].rpartition("/")[2]
        if name in self._made:
            with worded(self._place):
                self._databases.drop(name)
            self._made.remove(name)

    def end(self) -> None:
        """Drop all that is left."""
        for name in sorted(self._made):
            self._databases.drop(name)
        self._made.clear()


@contextlib.contextmanager
def throwaway(config: Config, console: Console, environment: Mapping[str, str]) -> Iterator[Throwaway]:
    """Give what makes databases at the head of the project's revisions; afterwards none of them is left.

    Args:
        config: the project.
        console: shows the revisions as they are applied to the database that is cloned.
        environment: `DATABASE_URL` names a database whose server is used; else PostgreSQL's programs are looked for.

    Raises:
        BuildkitError: there is no server, its role may make no databases, or a revision fails.
    """
    settings = migration_settings(config)
    graph = Graph({}, {}, "") if settings is None else revisions.read(settings, say=console.say)
    url = environment.get(config.migrate.url_env)

    def apply(url: str) -> object:
        assert settings is not None  # noqa: S101 - there is a head
        return upgrade.upgrade(
            settings,
            url,
            environment={},
            say=console.say,
            tell=lambda _: None,
            throw_away=True,
            before=partial(remove_outdated_extensions, config, console, environment),
        )

    place = _on_named(url, config, graph, apply) if url else _on_own(config, console, environment, graph, apply)
    with place as found:
        try:
            yield found
        finally:
            found.end()


@contextlib.contextmanager
def _on_own(
    config: Config, console: Console, environment: Mapping[str, str], graph: Graph, apply: Apply
) -> Iterator[Throwaway]:
    if development.running(config.root) is None and development.find_programs(environment) is None:
        development.ensure(config.root, environment)  # says what is missing, before anything is written
    use = Use(config.root)
    use.begin()
    try:
        server = start_server(config, console, environment, quiet=True)
        with administered(server) as databases:
            with copies.locked(server.home, console.say) as ours:
                ours.recover(databases)
                _clear(databases)
                template = ""
                if graph.head:
                    template = ours.template(chain_of(graph), databases, lambda name: apply(server.url_of(name)))
            yield Throwaway(databases, server.url_of, template, f"127.0.0.1:{server.port}")
    finally:
        use.end()


@contextlib.contextmanager
def _on_named(url: str, config: Config, graph: Graph, apply: Apply) -> Iterator[Throwaway]:
    variable = config.migrate.url_env
    with connected(url, variable) as databases:
        template = new_name()
        try:
            databases.create(template)
        except Exception as error:
            if getattr(error, "sqlstate", "") != "42501":  # insufficient_privilege
                raise
            raise DatabaseError(
                f"the role in {variable} may make no databases, and each test gets one of its own",
                hint=f"ALTER ROLE … CREATEDB; or unset {variable}: then they are on a server of the project's own",
            ) from None
        try:
            if graph.head:
                apply(_with_name(url, template))
            yield Throwaway(databases, partial(_with_name, url), template, Address.parse(url, variable).place)
        finally:
            databases.drop(template)


def new_name() -> str:
    """Return a name for a database of this process."""
    return f"tested_{os.getpid()}_{secrets.token_hex(4)}"


def _with_name(url: str, name: str) -> str:
    """Return a URL with another database in it."""
    base, mark, options = url.partition("?")
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{name}{mark}{options}"


def _clear(databases: Databases) -> None:
    """Drop what killed tests left: their process is gone, and nobody is connected."""
    in_use = databases.in_use()
    for name in sorted(databases.names() - in_use):
        found = _OURS.fullmatch(name)
        if found and not process.is_running(int(found[1])):
            databases.drop(name)
