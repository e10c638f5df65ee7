"""The conditions for applying the first revision: one function for each, called in the order of the list.

They are checked for every version table that env.py uses, under the lock, once the child has reported what Alembic is
about to work on; for an env.py that is first run without its revisions, also before the lock. The first that does not
hold raises, and nothing is applied. To add one, write a function here and put its name into `CONDITIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buildkit.migrate.postgres import version_table
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.visit import Visit
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Pending:
    """A version table whose pending revisions are about to be applied.

    Args:
        connection: the connection that holds the lock; a condition may query it, since the child waits meanwhile,
            and changes nothing.
        visit: the version table with its revisions, and the session in which env.py works.
        settings: the project's migration settings.
        graph: the project's revisions.
        address: the database.
    """

    connection: psycopg.Connection[Any]
    visit: Visit
    settings: MigrationSettings
    graph: Graph
    address: Address


def require_all(pending: Pending) -> None:
    """Check every condition.

    Raises:
        BuildkitError: a condition does not hold; it is the error of the first one.
    """
    for condition in CONDITIONS:
        condition(pending)


def the_way_to_head_is_known(pending: Pending) -> None:
    """Refuse a database at a revision that no file has, and one with tables and no version table."""
    visit = pending.visit
    version_table.require_usable(
        pending.connection, visit.place, pending.settings, pending.graph, visit.at, pending.address
    )


def revisions_can_be_written_down(pending: Pending) -> None:
    """Refuse a standby, a session that is read-only, and an id that is too long for the version table."""
    visit = pending.visit
    if visit.session is not None:
        ids = [each.id for each in pending.graph.pending(visit.at or ())]
        version_table.require_writable(visit.place, visit.session, visit.width, pending.settings, ids, pending.address)


CONDITIONS: tuple[Callable[[Pending], None], ...] = (the_way_to_head_is_known, revisions_can_be_written_down)
