"""Holds the models against a database at head, as Alembic's autogenerate does: says what differs, or writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from buildkit.errors import RevisionError
from buildkit.migrate import same_database
from buildkit.migrate.postgres import version_table
from buildkit.migrate.postgres.connection import Address, Say, connect
from buildkit.migrate.postgres.visit import Visit
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision import supervisor


def differences(settings: MigrationSettings, url: str, *, say: Say) -> list[str] | None:
    """Return how the models differ from a database that is at head, in Alembic's terms; empty if they do not.

    None if neither env.py nor the settings name the models.

    Raises:
        RevisionError: env.py cannot be run.
    """
    found: list[str] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "differences":
            found.extend(event["rows"])

    def refused(failure: supervisor.Failure) -> RevisionError:
        return RevisionError(
            f"the models cannot be compared: {failure.event.get('message', 'Alembic did not run')}",
            details=_place(failure),
            hint='are they named as they should be? [tool.buildkit.migrate] metadata = "app.models:Base.metadata"',
        )

    named = _run("check", settings, url, say=say, hear=hear, refused=refused, more={})
    return found if named else None


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
    written: list[Path] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "written":
            written.extend(Path(file) for file in event["files"])

    def refused(failure: supervisor.Failure) -> RevisionError:
        return RevisionError(
            f"no revision was written: {failure.event.get('message', 'Alembic did not run')}",
            details=_place(failure),
            hint=failure.event.get("hint") or "mend that, and run again",
        )

    more = {"head": head, "message": message, "empty": empty}
    named = _run("revision", settings, url, say=say, hear=hear, refused=refused, more=more)
    return written if named else None


def _run(
    command: str,
    settings: MigrationSettings,
    url: str,
    *,
    say: Say,
    hear: Callable[[supervisor.Event], None],
    refused: Callable[[supervisor.Failure], RevisionError],
    more: Mapping[str, Any],
) -> bool:
    """Let Alembic compare in its own process, which writes nothing to the database; return whether models are named.

    Args:
        command: the child's.
        settings: the project's migration settings.
        url: the database that env.py must work on.
        say: called with each line that Alembic and the project print.
        hear: called with each thing that it tells.
        refused: makes the error of a failure.
        more: what the command is given.
    """
    address = Address.parse(url, settings.url_env)
    named = True

    def tell(event: supervisor.Event) -> None:
        nonlocal named
        named = named and event["event"] != "no models"
        hear(event)

    with supervisor.stoppable(), contextlib.closing(connect(address, wait=settings.wait, say=say)) as connection:
        ours = version_table.session(connection)

        def judge(event: supervisor.Event) -> object:
            same_database.require_same([Visit.of(event["visit"])], ours, settings, address)
            return same_database.GO

        try:
            supervisor.run(
                command,
                settings,
                address,
                url=url,
                lock=connection,
                say=say,
                tell=tell,
                judge=judge,
                fence={"kind": "named", "server": ours.server},
                writes_nothing=True,
                **more,
            )
        except supervisor.Failure as failure:
            if failure.event.get("other"):
                raise same_database.other_database(failure.event["other"], settings, address) from None
            raise refused(failure) from None
    return named


def _place(failure: supervisor.Failure) -> list[str]:
    return [failure.event["where"]] if failure.event.get("where") else failure.words
