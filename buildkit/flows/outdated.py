"""Deletes outdated extensions before a command runs code of the project that it has not just compiled."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.config import Config
from buildkit.report.console import Console


def remove_outdated_extensions(config: Config, console: Console, environment: Mapping[str, str]) -> None:
    """Delete the extensions whose sources were edited or deleted since; the next build makes them again.

    Python imports an extension before the source beside it. Otherwise a stage or migration would run old code, and its
    result would be recorded as made from the new sources.

    Args:
        config: the project.
        console: shows which ones.
        environment: the variables that name the store.

    Raises:
        CompileError: the tree is read-only.
    """
    from buildkit.extensions.outdated import remove_outdated  # noqa: PLC0415 - where nothing runs, this is not needed
    from buildkit.extensions.workspace import workspace_of  # noqa: PLC0415

    remove_outdated(workspace_of(config, console, environment))
