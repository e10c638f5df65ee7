"""Before a command runs code of the project that it has not just compiled: no extension stands in for its source."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.config import Config
from buildkit.report.console import Console


def remove_outdated_extensions(config: Config, console: Console, environment: Mapping[str, str]) -> None:
    """Take away the extensions whose sources were edited, or are gone, since they were made; the next build makes them.

    Python imports an extension before the source beside it. What a stage or a migration did with the code of yesterday
    would count as made from that of today.

    Args:
        config: the project.
        console: is told which.
        environment: the variables that name the store.

    Raises:
        CompileError: the tree is read-only.
    """
    from buildkit.extensions.outdated import remove_outdated  # noqa: PLC0415 - where nothing runs, this is not needed
    from buildkit.extensions.workspace import workspace_of  # noqa: PLC0415

    remove_outdated(workspace_of(config, console, environment))
