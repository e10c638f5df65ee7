"""Downgrades throw-away databases; no other database is ever downgraded."""

from __future__ import annotations

import contextlib

from buildkit.migrate import same_database
from buildkit.migrate.failures import run_failed
from buildkit.migrate.postgres import version_table
from buildkit.migrate.postgres.connection import Address, Say, connect
from buildkit.migrate.postgres.visit import Visit
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.status import as_database_error
from buildkit.migrate.supervision import supervisor
from buildkit.migrate.supervision.fencing import fencing


def downgrade(
    settings: MigrationSettings, graph: Graph, url: str, target: str, *, say: Say, copied: Address | None = None
) -> None:
    """Downgrade a throw-away database to `target`, an id or `base`. Other databases are never downgraded.

    Args:
        settings: the project's migration settings.
        graph: the project's revisions.
        url: the database's URL.
        target: the revision to go down to.
        say: called with each progress line.
        copied: as for `upgrade`.

    Raises:
        OtherDatabaseError: env.py works on another database; nothing was done.
        RevisionError: the downgrade of a revision failed.
    """
    address = Address.parse(url, settings.url_env)
    fence, variables = fencing(address, copied)
    with (
        supervisor.stoppable(),
        contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection,
        as_database_error(address),
    ):
        ours = version_table.session(connection)

        def judge(event: supervisor.Event) -> object:
            same_database.require_same([Visit.of(event["visit"])], ours, settings, address)
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
            raise run_failed(connection, settings, graph, failure, address) from None
