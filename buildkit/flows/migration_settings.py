"""The settings of a project's migrations, as its configuration gives them."""

from __future__ import annotations

from buildkit.config import Config
from buildkit.migrate.discovery import find
from buildkit.migrate.settings import MigrationSettings


def migration_settings(config: Config) -> MigrationSettings | None:
    """Return the settings of the project's migrations, or None where it has none."""
    given = config.migrate
    return find(
        config.root,
        config=given.config,
        project=config.service_folder,
        source=config.source,
        app=given.app,
        url_env=given.url_env,
        metadata=given.metadata,
        wait=given.wait,
        lock_wait=given.lock_wait,
        lock_timeout=given.lock_timeout,
        statement_timeout=given.statement_timeout,
        ahead=given.ahead,
    )
