"""Runs one query again and again in a session of its own, whose connection and answers are polled, never waited for.

Nothing depends on the answers. Where the server or a pooler has no room for a further session, there are none.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from buildkit.migrate.postgres.connection import Address, session_name
from buildkit.migrate.postgres.timed_query import Unanswered, texts

if TYPE_CHECKING:
    import psycopg

_MOMENT = 0.1
"""Seconds that one call waits for what is under way; an answer is usually there in a few milliseconds."""

_ATTEMPT = 10.0
"""Seconds for one attempt to connect."""

_AGAIN = 30.0
"""Seconds until the next attempt after a refused or lost connection."""


class PolledQuery:
    """A query in a session of its own, in autocommit mode; nothing is connected before the first call of `rows`.

    Args:
        beside: a connection to the database. The session goes to the same server, even if several hosts are named.
        address: the database, with the settings of the session.
        role: the role in the session's name, as `session_name` takes it.
        query: one statement, with `%s` for each value.
        values: the values for the placeholders.
    """

    def __init__(
        self, beside: psycopg.Connection[Any], address: Address, role: str, query: str, values: Sequence[Any]
    ) -> None:
        self._beside = beside
        self._address = address
        self._role = role
        self._query = query
        self._values = values
        self._pgconn: Any = None
        self._connecting: Any = None
        self._sent = False
        self._results: list[Any] = []
        self._until = self._not_before = 0.0

    def rows(self) -> list[tuple[str | None, ...]] | None:
        """Return the rows of the query, as texts in PostgreSQL's notation; None where there is no answer yet.

        An answer that is late is returned by a later call. If the session is refused or lost, it is tried again later.
        """
        import psycopg  # noqa: PLC0415 - only this room may, and only when it is needed

        try:
            if self._pgconn is None:
                if time.monotonic() < self._not_before:
                    return None
                self._connect()
            deadline = time.monotonic() + _MOMENT
            return self._answer(deadline) if self._connected(deadline) else None
        except (psycopg.Error, Unanswered):
            self.close()
            self._not_before = time.monotonic() + _AGAIN
            return None

    def close(self) -> None:
        """Close the session, if there is one; `rows` opens another."""
        pgconn, self._pgconn = self._pgconn, None
        if pgconn is not None:
            pgconn.finish()

    def _connect(self) -> None:
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415
        from psycopg.pq import PGconn, PollingStatus  # noqa: PLC0415

        info = self._beside.info
        server = {"host": info.host, "hostaddr": info.hostaddr, "port": info.port}  # resolves no name, which would wait
        arguments: dict[str, Any] = {
            "application_name": session_name(self._role),
            **self._address.arguments,
            **{name: value for name, value in server.items() if value},
        }
        self._pgconn = PGconn.connect_start(make_conninfo(**arguments).encode())
        self._connecting = PollingStatus.WRITING
        self._until = time.monotonic() + _ATTEMPT
        self._sent = False

    def _connected(self, deadline: float) -> bool:
        """Whether the connection is there by the deadline.

        Raises:
            Unanswered: it is refused, or takes too long.
        """
        from psycopg.pq import ConnStatus, PollingStatus  # noqa: PLC0415

        while self._connecting != PollingStatus.OK:
            if self._connecting == PollingStatus.FAILED or self._pgconn.status == ConnStatus.BAD:
                raise Unanswered(self._pgconn.get_error_message())
            event = select.POLLOUT if self._connecting == PollingStatus.WRITING else select.POLLIN
            if not _ready(self._pgconn, event, deadline):
                if time.monotonic() > self._until:
                    raise Unanswered("timeout: the server does not answer")
                return False
            self._connecting = self._pgconn.connect_poll()
        return True

    def _answer(self, deadline: float) -> list[tuple[str | None, ...]] | None:
        import psycopg  # noqa: PLC0415

        if not self._sent:
            text = psycopg.ClientCursor(self._beside).mogrify(self._query, self._values)
            self._pgconn.send_query(text.encode())
            self._sent, self._results = True, []
        while True:
            while self._pgconn.is_busy():
                if not _ready(self._pgconn, select.POLLIN, deadline):
                    return None
                self._pgconn.consume_input()
            result = self._pgconn.get_result()
            if result is None:
                self._sent = False
                return texts(self._results)
            self._results.append(result)


def _ready(pgconn: Any, event: int, deadline: float) -> bool:  # noqa: ANN401 - psycopg's
    """Whether the connection can be read from, or written to, by the deadline."""
    poll = select.poll()
    poll.register(pgconn.socket, event)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
