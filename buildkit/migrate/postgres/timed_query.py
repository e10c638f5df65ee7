"""Asks over a connection of psycopg's, for a limited time: psycopg itself waits for as long as the server likes.

A pooler takes clients without a server behind it, and keeps their first statement until there is one; a server that
hangs takes statements and never answers. Nothing here is decided by that, but nobody waits for ever.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

LAST_WORD = 0.4
"""Seconds for an answer on the way out: who is asked to end has two seconds in all."""


class Unanswered(Exception):  # noqa: N818 - a fact; who asks words it
    """No answer, or an error for one.

    Args:
        words: the server's, or libpq's where the connection is gone.
        sqlstate: the server's reason; empty where it gave none.
    """

    def __init__(self, words: str, sqlstate: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.sqlstate = sqlstate


def ask(
    connection: psycopg.Connection[Any], query: str, values: Sequence[Any] = (), *, seconds: float
) -> list[tuple[str | None, ...]]:
    """Return the rows that `query` gives, as PostgreSQL writes them.

    The values are written into the statement: sent beside it they would leave a portal open, and its snapshot.

    Args:
        connection: one that nothing else uses; where a signal came between question and answer, that answer is read
            away first.
        query: one statement, with `%s` for each value.
        values: what it is about.
        seconds: how long to wait for the answer.

    Raises:
        Unanswered: it did not come in time, is an error, or the connection is gone.
    """
    import psycopg  # noqa: PLC0415 - only this room may, and only when it is needed
    from psycopg.pq import DiagnosticField, ExecStatus  # noqa: PLC0415

    deadline = time.monotonic() + seconds
    pgconn = connection.pgconn
    text = psycopg.ClientCursor(connection).mogrify(query, values) if values else query
    try:
        _results(pgconn, deadline)
        pgconn.send_query(text.encode())
        results = _results(pgconn, deadline)
    except psycopg.Error as error:
        raise Unanswered(str(error), error.sqlstate or "") from None
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
    """Return what there is to be read, up to the end of the answer, or to the last words of a server that goes."""
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
