"""The container's migration gate: the same code as `invoke migrate`, with log lines."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from buildkit.errors import ConfigurationError
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.status import no_revisions
from buildkit.migrate.upgrade import upgrade
from buildkit.model import Outcome

_AHEAD = "PYBUILDKIT_MIGRATE_AHEAD"
_CHOICES = ("fail", "serve")


def gate(settings: MigrationSettings, url: str, say: Callable[[str], None]) -> None:
    """Return once the database is at head.

    Args:
        settings: the project's migration settings, as the image's build wrote them.
        url: the database's URL.
        say: called with each log line.

    Raises:
        BuildkitError: the migration failed; the subclass says why.
        SystemExit: 143 or 130, after a signal; what was not committed is rolled back.
    """

    def tell(row: Outcome) -> None:
        say(f"applied {row.subject} in {row.seconds:.2f} s: {row.reason.detail} ({row.detail})")

    ahead = os.environ.get(_AHEAD) or settings.ahead
    if ahead not in _CHOICES:
        raise ConfigurationError(f'{_AHEAD}: "{ahead}" is neither', hint=" or ".join(_CHOICES))
    settings = replace(settings, ahead=ahead)
    migration = upgrade(settings, url, environment=os.environ, say=say, tell=tell)
    if not migration.head:
        say(no_revisions(settings))
    elif migration.ahead:
        say(f"starting on a database that is ahead of head {migration.head}")
    elif migration.applied:
        say(f"migrated to head {migration.head}")
    else:
        say(f"already at head {migration.head}")
