"""What env.py really has Alembic work on, held against what is named and locked: another one is refused, both named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildkit.errors import OtherDatabaseError
from buildkit.migrate.postgres.connection import Address
from buildkit.migrate.postgres.visit import Session, Visit
from buildkit.migrate.settings import MigrationSettings

GO: Mapping[str, object] = {"go": True, "number": 0}
"""The answer that lets Alembic go on."""


def require_same(visits: Sequence[Visit], ours: Session, settings: MigrationSettings, address: Address) -> None:
    """Make sure that all that was visited is in the database of `ours`.

    Raises:
        OtherDatabaseError: something is not.
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
    """Return the error for an env.py that goes to `named`, which is not the database at hand.

    Args:
        named: host, port and database that it asked for.
        settings: the project's.
        address: the database at hand.
        applied: how many revisions are in the database at hand by now.
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
