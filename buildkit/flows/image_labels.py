"""What an image says of its migrations by labels, by which a release is decided without fetching it."""

from __future__ import annotations

from buildkit.config import Config
from buildkit.doors import reading
from buildkit.errors import HeadsError
from buildkit.flows.migration_settings import migration_settings
from buildkit.migrate.scripts import graph
from buildkit.migrate.scripts.contracting import taken_away
from buildkit.release.labels import AHEAD, CONTRACTING, HEAD, REVISIONS


def labels_of(config: Config) -> dict[str, str]:
    """Return the labels on the project's migrations; none where it has no revisions, or they lead to no one head."""
    settings = migration_settings(config)
    if settings is None:
        return {}
    try:
        found = graph.read(settings.versions, recursive=settings.recursive)
    except HeadsError:  # told elsewhere, where files are to be checked
        return {}
    if not found.head:
        return {}
    contracting = [
        each.id for each in found.revisions.values() if taken_away(reading.read(each.file, most=reading.TEXT))
    ]
    labels = {
        HEAD: found.head,
        REVISIONS: " ".join(found.revisions),
        CONTRACTING: " ".join(contracting),
        AHEAD: settings.ahead,
    }
    return {name: text for name, text in labels.items() if text}
