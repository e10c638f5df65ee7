"""Writes the revision that brings a database at head to what the models say (Alembic's autogenerate)."""

from __future__ import annotations

import contextlib
from pathlib import Path

from buildkit.errors import RevisionError
from buildkit.migrate import same_database
from buildkit.migrate.postgres import version_table
from buildkit.migrate.postgres.connection import Address, Say, connect
from buildkit.migrate.postgres.visit import Visit
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision import supervisor


def write_revision(
    settings: MigrationSettings, head: str, url: str, message: str, *, empty: bool, say: Say
) -> list[Path] | None:
    """Write the file of a new revision; return it, nothing if there is no difference, None if nothing names the models.

    Args:
        settings: the project's migration settings.
        head: the revision that it follows; empty for the first one.
        url: a database at that head; nothing is written to it.
        message: what the revision does, for its name and docstring.
        empty: write it although there is no difference.
        say: called with each line that Alembic and the project print.

    Raises:
        RevisionError: env.py cannot be run, or the file cannot be written.
    """
    address = Address.parse(url, settings.url_env)
    written: list[Path] = []
    named = True

    def hear(event: supervisor.Event) -> None:
        nonlocal named
        if event["event"] == "written":
            written.extend(Path(file) for file in event["files"])
        elif event["event"] == "no models":
            named = False

    with supervisor.stoppable(), contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection:
        ours = version_table.session(connection)

        def judge(event: supervisor.Event) -> object:
            same_database.require_same([Visit.of(event["visit"])], ours, settings, address)
            return same_database.GO

        try:
            supervisor.run(
                "revision",
                settings,
                address,
                url=url,
                lock=connection,
                say=say,
                tell=hear,
                judge=judge,
                fence={"kind": "named", "server": ours.server},
                writes_nothing=True,
                head=head,
                message=message,
                empty=empty,
            )
        except supervisor.Failure as failure:
            if failure.event.get("other"):
                raise same_database.other_database(failure.event["other"], settings, address) from None
            raise RevisionError(
                f"no revision was written: {failure.event.get('message', 'Alembic did not run')}",
                details=[failure.event["where"]] if failure.event.get("where") else failure.words,
                hint=failure.event.get("hint") or "mend that, and run again",
            ) from None
    return written if named else None
