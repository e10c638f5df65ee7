"""Runs a query on a psycopg connection with a time limit, which psycopg itself does not have.

A pooler accepts clients without a server behind it, and holds their first statement until there is one; a server that
hangs accepts statements and never answers. The time limit decides nothing; it only keeps callers from waiting for ever.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

LAST_WORD = 0.4
"""Seconds for an answer on the way out: a process that is asked to end has two seconds in all."""


class Unanswered(Exception):  # noqa: N818 - a fact; the caller words it
    """The server gave no answer in time, or an error.

    Args:
        words: the message of the server, or of libpq if the connection is gone.
        sqlstate: the server's SQLSTATE; empty if it gave none.
    """

    def __init__(self, words: str, sqlstate: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.sqlstate = sqlstate


def ask(
    connection: psycopg.Connection[Any], query: str, values: Sequence[Any] = (), *, seconds: float
) -> list[tuple[str | None, ...]]:
    """Return the rows of `query`, as texts in PostgreSQL's notation.

    The values are written into the statement: sent beside it they would leave a portal open, and its snapshot.

    Args:
        connection: a connection that nothing else uses; if a signal interrupted an earlier query, its answer is
            discarded first.
        query: one statement, with `%s` for each value.
        values: the values for the placeholders.
        seconds: how long to wait for the answer.

    Raises:
        Unanswered: the answer did not come in time or is an error, or the connection is gone.
    """
    import psycopg  # noqa: PLC0415 - only this room may, and only when it is needed

    deadline = time.monotonic() + seconds
    pgconn = connection.pgconn
    text = psycopg.ClientCursor(connection).mogrify(query, values) if values else query
    try:
        _results(pgconn, deadline)
        pgconn.send_query(text.encode())
        results = _results(pgconn, deadline)
    except psycopg.Error as error:
        raise Unanswered(str(error), error.sqlstate or "") from None
    return texts(results)


def texts(results: Sequence[Any]) -> list[tuple[str | None, ...]]:
    """Return the rows of an answer, as texts in PostgreSQL's notation.

    Args:
        results: libpq's results of one statement.

    Raises:
        Unanswered: the answer is an error.
    """
    from psycopg.pq import DiagnosticField, ExecStatus  # noqa: PLC0415

    for result in results:
        if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
            sqlstate = result.error_field(DiagnosticField.SQLSTATE) or b""
            raise Unanswered(result.get_error_message(), sqlstate.decode())
    return [
        tuple(None if value is None else value.decode() for value in _row(result, at))
        for result in results
        for at in range(result.ntuples)
    ]


def _row(result: Any, at: int) -> list[bytes | None]:  # noqa: ANN401 - psycopg's
    return [result.get_value(at, column) for column in range(result.nfields)]


def _results(pgconn: Any, deadline: float) -> list[Any]:  # noqa: ANN401 - psycopg's
    """Return the results up to the end of the answer, or up to the last message of a server that shuts down."""
    import psycopg  # noqa: PLC0415

    found: list[Any] = []
    while True:
        while pgconn.is_busy():
            if not select.select([pgconn.socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise Unanswered("timeout: the server does not answer")
            try:
                pgconn.consume_input()
            except psycopg.Error:
                if not found:
                    raise
                return found
        result = pgconn.get_result()
        if result is None:
            return found
        found.append(result)
