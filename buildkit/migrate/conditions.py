"""What must hold before the first revision is applied: one function for each condition, asked in the order of the list.

They are asked for every version table that env.py uses, under the lock, when Alembic has said what it is about to work
on; for an env.py that is run once without its revisions, also before the lock. The first that does not hold raises, and
nothing is applied. A further one is a function here and a name in `CONDITIONS`.
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
    """What is about to be applied.

    Args:
        connection: the session that holds the lock; it may ask, and changes nothing.
        visit: the version table, with what is in it, and the session in which env.py works.
        settings: the project's.
        graph: its revisions.
        address: the database.
    """

    connection: psycopg.Connection[Any]
    visit: Visit
    settings: MigrationSettings
    graph: Graph
    address: Address


def require_all(pending: Pending) -> None:
    """Ask every condition.

    Raises:
        BuildkitError: the first that does not hold.
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
