"""Reads a project's revisions from their text, or from Alembic in the child if a file computes its identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buildkit.errors import HeadsError
from buildkit.migrate.postgres.connection import Address, Say
from buildkit.migrate.scripts import graph
from buildkit.migrate.scripts.graph import Graph, Revision
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.supervision import supervisor


def read(settings: MigrationSettings, *, say: Say, merged: Mapping[Path, str | None] | None = None) -> Graph:
    """Return the graph of all revision files of a project.

    Args:
        settings: the project's migration settings.
        say: called with each line that the files print when they have to be run.
        merged: files as they will be after a merge, which can only be read: their text, or None for one that goes.

    Raises:
        HeadsError: they do not lead to exactly one head.
    """
    try:
        return graph.read(settings.versions, recursive=settings.recursive, merged=merged)
    except graph.ComputedError as computed:
        if merged is not None:
            raise
        return graph.build(_asked(settings, computed, say))


def _asked(settings: MigrationSettings, computed: graph.ComputedError, say: Say) -> list[Revision]:
    found: list[Revision] = []

    def hear(event: supervisor.Event) -> None:
        if event["event"] == "revision":
            file = Path(event["file"])
            found.append(graph.from_values(file, {**event, "revision": event["id"], "down_revision": event["parents"]}))

    nowhere = Address.parse("postgresql://offline/offline", settings.url_env)
    try:
        supervisor.run("revisions", settings, nowhere, url=nowhere.sqlalchemy, lock=None, say=say, tell=hear)
    except supervisor.Failure as failure:
        raise HeadsError(
            f"the revisions cannot be read: {failure.event.get('message', 'Alembic did not run')}",
            details=[computed.message, *([failure.event["where"]] if failure.event.get("where") else failure.words)],
            hint=failure.event.get("hint") or "give `revision` and `down_revision` literal values",
        ) from None
    return found
