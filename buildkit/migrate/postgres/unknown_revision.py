"""Handles a database at a revision that no file has: it is ahead of the code, or the file was deleted.

The two need opposite actions. If the database is ahead, the older code may serve on it for a while. If the file was
deleted or squashed, or is on a branch that parted before this code's head, the database lacks what the code needs, and
a service must not start on it. Git can tell the two apart: a revision is ahead if it follows this code's head. In a
container there is no git, so the ids that are known not to be ahead are recorded when the image is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildkit.errors import BuildkitError, DatabaseAheadError, VersionTableError
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.visit import VersionTable
from buildkit.migrate.scripts.git_history import GitRevision, revisions_in_git
from buildkit.migrate.scripts.graph import Graph
from buildkit.migrate.settings import MigrationSettings

_SERVE = "if this code is meant to run on it, as after a way back: PYBUILDKIT_MIGRATE_AHEAD=serve"


def unknown(
    ids: Sequence[str], place: VersionTable, settings: MigrationSettings, graph: Graph, address: Address
) -> BuildkitError:
    """Return the error for a database that is at `ids`, none of which has a file.

    A `VersionTableError` if git shows that the database is not ahead, which no setting overrides; otherwise a
    `DatabaseAheadError`.
    """
    shown = ", ".join(ids)
    known = revisions_in_git(settings.versions)
    astray = [each for each in ids if each in settings.gone or (each in known and not _follows(each, known, graph))]
    last = next((known[each] for each in ids if each in known), None)
    details = [f"git has it in {last.commit}: {last.file}"] if last else []
    if astray:
        return VersionTableError(
            f"database {address} is at revision {shown}, whose file is gone from this code: it is not ahead, since "
            f"that revision does not follow head {graph.head}",
            details=details,
            hint="bring its file back and go on from there, or deploy the branch that has it;\nwhere the tables are "
            f"those of a revision that this code has, say so: empty {place}, then `invoke migrate.adopt --revision ID`",
        )
    if last:
        return DatabaseAheadError(
            f"database {address} is at revision {shown}, which the code does not have: it is ahead",
            details=details,
            hint=f"deploy the code that brought it there; this code's head is {graph.head}\n{_SERVE}",
        )
    return DatabaseAheadError(
        f"database {address} is at revision {shown}, which the code does not have: it is ahead, or the file is gone",
        hint=f"ahead: deploy the code that brought it there; this code's head is {graph.head}\n"
        "gone, or squashed: bring the file back, or write down the revision that its tables are at: empty "
        f"{place}, then `invoke migrate.adopt --revision ID`\n{_SERVE}",
    )


def gone(settings: MigrationSettings, graph: Graph) -> tuple[str, ...]:
    """Return the ids that git knows, that have no file, and that do not follow head.

    They are written into the image, which has no git.
    """
    known = revisions_in_git(settings.versions)
    return tuple(sorted(each for each in known if each not in graph.revisions and not _follows(each, known, graph)))


def _follows(revision: str, known: Mapping[str, GitRevision], graph: Graph) -> bool:
    """Whether a database at `revision` has been at this code's head."""
    todo, seen = [revision], set[str]()
    while todo:
        each = todo.pop()
        if each == graph.head:
            return True
        if each not in seen and each in known and each not in graph.revisions:
            todo += known[each].parents
        seen.add(each)
    return False
