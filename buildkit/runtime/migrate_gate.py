"""The migration gate: lets the service start on a database at head. The migration room is loaded only if needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def pass_migrations(
    values: Mapping[str, Any], root: Path, environment: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Return once the database is at head.

    Args:
        values: the settings of the migration step.
        root: the project's folder in the image.
        environment: the environment variables, one of which names the database.
        say: called with each log line.

    Raises:
        BuildkitError: the migration failed; the subclass says why.
    """
    variable = str(values["url_env"])
    url = environment.get(variable, "")
    if not url:
        say(f"migrate: {variable} is not set: starting without a database")
        return
    from buildkit.migrate.gate import gate  # noqa: PLC0415 - the step's own weight only where there is one
    from buildkit.migrate.settings import MigrationSettings  # noqa: PLC0415

    gate(MigrationSettings.from_json(values, root), url, lambda line: say(f"migrate: {line}"))
