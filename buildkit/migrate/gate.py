"""The container's way to the migration step: the same core as `invoke migrate`, with lines for a log."""

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
    """Let nobody pass before the database is at head.

    Args:
        settings: the project's, as written at image build.
        url: the database.
        say: told one line for each thing that happens.

    Raises:
        BuildkitError: as its classes say.
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
