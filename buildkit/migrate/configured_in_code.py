"""Asks the child for the revision folders of an application that configures Alembic in code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import ConfigurationError
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision import supervisor


@dataclass(frozen=True, slots=True)
class ScriptFolders:
    """The folders of a project's migration scripts.

    Args:
        folder: the folder with env.py.
        versions: the folders with the revision files.
        recursive: whether folders below them are searched too.
    """

    folder: Path
    versions: tuple[Path, ...]
    recursive: bool


def locate(settings: MigrationSettings) -> ScriptFolders:
    """Return the folders.

    Args:
        settings: the project's migration settings, with `app`, and with folders that are not known yet.

    Raises:
        ConfigurationError: the application cannot be loaded, or has no Alembic configuration.
    """
    found: list[ScriptFolders] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "located":
            versions = tuple(Path(each) for each in event["versions"])
            found.append(ScriptFolders(Path(event["folder"]), versions, recursive=event["recursive"]))

    words: list[str] = []
    nowhere = Address.parse("postgresql://offline/offline", settings.url_env)
    try:
        supervisor.run("locate", settings, nowhere, url=nowhere.sqlalchemy, lock=None, say=words.append, tell=hear)
    except supervisor.Failure as failure:
        where = failure.event.get("where")
        raise ConfigurationError(
            failure.event.get("message") or "the application was not loaded",
            details=[where] if where else words[-5:],
            hint=failure.event.get("hint") or "name Alembic's ini file with [tool.buildkit.migrate] config",
        ) from None
    return found[0]
