"""Checks that env.py works on the database that is named and locked; the error for another one names both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildkit.errors import OtherDatabaseError
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.visit import Session, Visit
from buildkit.migrate.settings import MigrationSettings

GO: Mapping[str, object] = {"go": True, "number": 0}
"""The answer that permits Alembic to go on."""


def require_same(visits: Sequence[Visit], ours: Session, settings: MigrationSettings, address: Address) -> None:
    """Check that every visit is in the database of the session `ours`.

    Raises:
        OtherDatabaseError: a visit is in another database.
    """
    others = [visit for visit in visits if visit.session is None or visit.session.server != ours.server]
    if not others:
        return
    if len(others) < len(visits):
        names = ", ".join(dict.fromkeys(_name(visit) for visit in others))
        raise OtherDatabaseError(
            f"env.py migrates {names} beside {address}: several databases in one run are not supported; "
            "nothing was applied",
            hint="let env.py migrate the one that is named, and run it once for each:\n"
            f"{settings.url_env}=… invoke migrate",
        )
    raise other_database(_name(others[0]), settings, address)


def other_database(
    named: str, settings: MigrationSettings, address: Address, *, applied: int = 0
) -> OtherDatabaseError:
    """Return the error for an env.py that connects to `named`, which is not the database of this run.

    Args:
        named: host, port and database that it asked for.
        settings: the project's migration settings.
        address: the database of this run.
        applied: how many revisions this run has applied to its database.
    """
    what = f"{applied} applied to the latter, and nothing to the former" if applied else "nothing was applied"
    return OtherDatabaseError(
        f"env.py goes to {named}, and this is about {address}: {what}",
        hint=f"where env.py's own settings are right, name the same database: {settings.url_env}=postgresql://…\n"
        f"else let env.py take its URL from {settings.url_env}",
    )


def _name(visit: Visit) -> str:
    database = visit.session.database if visit.session else ""
    return (
        visit.asked_for
        if not database or visit.asked_for.endswith(f"/{database}")
        else f"{visit.asked_for} ({database})"
    )
