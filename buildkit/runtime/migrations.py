"""The migration step by itself, and where the database is: what a release asks a container of an image."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from buildkit.errors import ConfigurationError
from buildkit.runtime.migrate_gate import pass_migrations
from buildkit.runtime.settings import RuntimeSettings

SCHEMA = "buildkit.revisions/1"
_PATIENCE = 10.0
"""Seconds to wait for a database that is asked where it is."""

Say = Callable[[str], None]


def migrate(image: RuntimeSettings, environment: Mapping[str, str], say: Say) -> int:
    """Bring the database to head, as a start of the service would.

    Raises:
        ConfigurationError: the image has no migrations, or no database is named.
        BuildkitError: the migration failed; the subclass and its exit code say why.
    """
    values, _ = _of(image, environment)
    pass_migrations(values, image.root, environment, say)
    return 0


def revisions(image: RuntimeSettings, environment: Mapping[str, str], say: Say) -> int:
    """Print as JSON where the database is; changes nothing, and a database that is ahead is no error.

    Raises:
        ConfigurationError: the image has no migrations, or no database is named.
        BuildkitError: the database cannot be reached.
    """
    values, url = _of(image, environment)
    from buildkit.migrate import revisions as files  # noqa: PLC0415 - the step's own weight only where there is one
    from buildkit.migrate import status  # noqa: PLC0415
    from buildkit.migrate.settings import MigrationSettings  # noqa: PLC0415

    settings = MigrationSettings.from_json(values, image.root)
    settings = replace(settings, wait=min(settings.wait, _PATIENCE))
    graph = files.read(settings, say=say)
    at, applied = status.standing(settings, graph, url, say=say)
    print(json.dumps({"schema": SCHEMA, "head": graph.head, "at": at, "applied": applied}), flush=True)  # noqa: T201
    return 0


def _of(image: RuntimeSettings, environment: Mapping[str, str]) -> tuple[Mapping[str, object], str]:
    if image.migrate is None:
        raise ConfigurationError("this image has no migrations", hint="it was built without an env.py")
    variable = str(image.migrate["url_env"])
    url = environment.get(variable, "")
    if not url:
        raise ConfigurationError(f"{variable} is not set", hint="let the service's environment name the database")
    return image.migrate, url


COMMANDS: dict[str, Callable[[RuntimeSettings, Mapping[str, str], Say], int]] = {
    "--migrate": migrate,
    "--revisions": revisions,
}
"""The commands by their arguments."""
