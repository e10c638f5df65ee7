"""Records the revision of a database that has tables but no version table, as the user names it (Alembic: stamp).

Only a person can know it: the tables may be those of a revision (made by `create_all`, or by hand), or only those of
other services. So nothing is recorded unless the revision is named.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from buildkit.errors import ConfigurationError, RevisionError, VersionTableError
from buildkit.migrate import same_database, status
from buildkit.migrate.failures import env_failed, run_failed
from buildkit.migrate.postgres import lock, version_table
from buildkit.migrate.postgres.connection import Address, Say, connect
from buildkit.migrate.postgres.visit import VersionTable, Visit
from buildkit.migrate.scripts import env_text
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision import supervisor

BASE = "base"


@dataclass(frozen=True, slots=True)
class Adoption:
    """The version tables and tables that were found, and the revision that was recorded.

    Args:
        places: each version table that env.py uses, with the revisions that it held; None if it did not exist.
        tables: other tables in the schema of each version table.
        recorded: the revision that was recorded, or `base` for none of them; empty if nothing was recorded.
    """

    places: tuple[tuple[VersionTable, frozenset[str] | None], ...]
    tables: tuple[tuple[VersionTable, tuple[str, ...]], ...]
    recorded: str = ""


def adopt(settings: MigrationSettings, graph: Graph, url: str, revision: str, *, say: Say) -> Adoption:
    """Record the revision of a database without a version table, under the lock; no revision is run.

    Args:
        settings: the project's migration settings.
        graph: the project's revisions.
        url: the database's URL.
        revision: an id, `head`, or `base` for a database that has nothing of this project; empty to look only.
        say: called with each progress line.

    Raises:
        ConfigurationError: there is no such revision.
        VersionTableError: the database is at a revision already.
        BuildkitError: as for a migration.
    """
    target = graph.head if revision in {"head", "heads"} else revision
    if target and target != BASE and target not in graph.revisions:
        raise ConfigurationError(
            f"there is no revision {target}", hint=f"one of `invoke migrate.status`, or {BASE}, or head"
        )
    address = Address.parse(url, settings.url_env)
    with (
        supervisor.stoppable(),
        contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection,
        status.as_database_error(address),
    ):
        several = env_text.of_project(settings).several
        try:
            seen = status.visits(connection, settings, address, url, say=say, several=several)
        except supervisor.Failure as failure:
            raise env_failed(settings, failure) from None
        places = tuple({visit.place: visit.at for visit in seen}.items())
        beside = tuple((place, version_table.tables(connection, place)) for place, _ in places)
        if not target:
            return Adoption(places, beside)
        _require_unmanaged(places, target, address)
        with lock.held(connection, settings, say, lambda: False):
            ours = version_table.session(connection)

            def judge(event: supervisor.Event) -> object:
                visit = Visit.of(event["visit"])
                same_database.require_same([visit], ours, settings, address)
                lock.also(connection, settings, [visit.place], say)
                if visit.session is not None:
                    ids = [] if target == BASE else [target]
                    version_table.require_writable(visit.place, visit.session, visit.width, settings, ids, address)
                return {"go": not visit.at, "number": 0}

            try:
                supervisor.run(
                    "adopt",
                    settings,
                    address,
                    url=url,
                    lock=connection,
                    say=say,
                    tell=lambda _: None,
                    judge=judge,
                    fence={"kind": "named", "server": ours.server},
                    target=target,
                )
            except supervisor.Failure as failure:
                raise run_failed(connection, settings, graph, failure, address, seen) from None
        wanted = frozenset(() if target == BASE else (target,))
        missing = [place for place, at in places if not at and version_table.read(connection, place) != wanted]
        if missing or not places:
            raise RevisionError(
                f"nothing was written down in {', '.join(map(str, missing)) or address}",
                hint="does env.py commit? connection.commit() after statements of its own, before context.configure()",
            )
    return Adoption(places, beside, target)


def _require_unmanaged(
    places: Sequence[tuple[VersionTable, frozenset[str] | None]], target: str, address: Address
) -> None:
    managed = [(place, at) for place, at in places if at]
    if len(managed) < len(places) or not managed:
        return
    place, at = managed[0]
    if all(each == {target} for _, each in managed):
        return
    raise VersionTableError(
        f"{address} is at revision {', '.join(sorted(at or ()))} already, as {place} says: nothing was written down",
        hint="a database that is at a revision goes on from there with `invoke migrate`; should the table be wrong, "
        f"empty {place} first",
    )
