"""Handles the transaction of the revisions: each has its own, unless env.py has begun one for all.

Alembic has no public interface for this, so its private attributes are used here, and nowhere else.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext


def is_external(context: MigrationContext) -> bool:
    """Whether env.py began a transaction before it configured the context, so that only env.py can commit it."""
    return context._in_external_transaction


def join(context: MigrationContext) -> None:
    """Have all revisions run in the present transaction of the context's connection; `commit_joined` ends it."""
    connection: Any = context.connection
    context._transaction_per_migration = False
    context._transaction = connection.get_transaction()


@contextlib.contextmanager
def commit_joined(context: MigrationContext, inner: Any) -> Iterator[Any]:  # noqa: ANN401 - Alembic's
    """Replace the context manager around `run_migrations`: also end the joined transaction, if there is one."""
    try:
        with inner as transaction:
            yield transaction
    except BaseException:
        if context._transaction is not None:
            context._transaction.rollback()
        raise
    else:
        if context._transaction is not None:
            context._transaction.commit()
    finally:
        context._transaction = None


def id_width(context: MigrationContext) -> int:
    """Return how many characters an id may have in the version table that Alembic would make; 0 for any number."""
    return getattr(context._version.c.version_num.type, "length", 0) or 0
