"""libpq without psycopg: a connection, one query, and why a server refused. Loaded in milliseconds.

Nothing blocks inside of libpq, so that a signal is handled at once.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

TAKEN = "00000"
"""The SQLSTATE of success, which `refusal_sqlstate` returns if the server accepts the connection now."""

_PATIENCE = 3.0
_FOLDERS = ("psycopg_binary.libs", "psycopg_binary/.dylibs")
_INSTALLED = ("libpq.so.5", "libpq.5.dylib")
_READING, _WRITING, _OK = 1, 2, 3  # PostgresPollingStatusType
_TUPLES = 2  # PGRES_TUPLES_OK

_SQLSTATE = 3  # PQERRORS_SQLSTATE


def load() -> Any:  # noqa: ANN401 - a library; its functions are made by their names
    """Return the library, or None if there is none."""
    import ctypes  # noqa: PLC0415 - only here

    for file in _libraries():
        try:
            libpq = ctypes.CDLL(file)
        except OSError:
            continue
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        texts = ctypes.POINTER(text)
        for name, result, arguments in (
            ("PQconnectStartParams", pointer, (texts, texts, number)),
            ("PQconnectPoll", number, (pointer,)),
            ("PQsocket", number, (pointer,)),
            ("PQsendQuery", number, (pointer, text)),
            ("PQconsumeInput", number, (pointer,)),
            ("PQisBusy", number, (pointer,)),
            ("PQgetResult", pointer, (pointer,)),
            ("PQresultStatus", number, (pointer,)),
            ("PQntuples", number, (pointer,)),
            ("PQgetvalue", text, (pointer, number, number)),
            ("PQclear", None, (pointer,)),
            ("PQfinish", None, (pointer,)),
            ("PQerrorMessage", text, (pointer,)),
            ("PQsetErrorVerbosity", number, (pointer, number)),
        ):
            function = getattr(libpq, name)
            function.restype, function.argtypes = result, arguments
        return libpq
    return None


def _libraries() -> Iterator[str]:
    """Yield the libpq of psycopg's wheel, then the system's."""
    for place in sys.path:
        for folder in _FOLDERS:
            try:
                names = os.listdir(f"{place}/{folder}")  # noqa: PTH208 - without loading what is not needed
            except OSError:
                continue
            yield from (f"{place}/{folder}/{name}" for name in names if name.startswith("libpq"))
    yield from _INSTALLED


def connected(libpq: Any, arguments: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Return a connection, or None if it fails for any reason; the caller then takes the full path."""
    connection, state = _attempt(libpq, arguments)
    if state == _OK:
        return connection
    libpq.PQfinish(connection)
    return None


def refusal_sqlstate(libpq: Any, arguments: Mapping[str, str]) -> str:  # noqa: ANN401
    """Return the SQLSTATE with which the server refuses a connection, `TAKEN` if it accepts it now, empty if none.

    psycopg gives only the server's message, which is in the server's language.
    """
    connection, state = _attempt(libpq, arguments)
    words = (libpq.PQerrorMessage(connection) or b"").decode(errors="replace")
    libpq.PQfinish(connection)
    if state == _OK:
        return TAKEN
    found = re.search(r":  ([0-9A-Z]{5})$", words.strip())
    return found[1] if found else ""


def _attempt(libpq: Any, arguments: Mapping[str, str]) -> tuple[Any, int]:  # noqa: ANN401
    import ctypes  # noqa: PLC0415

    array = ctypes.c_char_p * (len(arguments) + 1)
    names, values = (array(*(text.encode() for text in texts)) for texts in (arguments.keys(), arguments.values()))
    connection = libpq.PQconnectStartParams(names, values, 0)
    libpq.PQsetErrorVerbosity(connection, _SQLSTATE)
    deadline = time.monotonic() + _PATIENCE
    state = _WRITING
    while state in {_READING, _WRITING} and _ready(libpq, connection, deadline, write=state == _WRITING):
        state = libpq.PQconnectPoll(connection)
    return connection, state


def rows(libpq: Any, connection: Any, query: str) -> list[str]:  # noqa: ANN401
    """Return the first column of a query's rows; empty if it fails or takes too long."""
    deadline = time.monotonic() + _PATIENCE
    found: list[str] = []
    if not libpq.PQsendQuery(connection, query.encode()):
        return found
    while True:
        while libpq.PQisBusy(connection):
            if not _ready(libpq, connection, deadline) or not libpq.PQconsumeInput(connection):
                return []
        result = libpq.PQgetResult(connection)
        if not result:
            return found
        if libpq.PQresultStatus(result) == _TUPLES:
            found += [libpq.PQgetvalue(result, at, 0).decode() for at in range(libpq.PQntuples(result))]
        libpq.PQclear(result)


def _ready(libpq: Any, connection: Any, deadline: float, *, write: bool = False) -> bool:  # noqa: ANN401
    """Wait until the connection can be read from, or written to; signals are handled meanwhile."""
    descriptor = libpq.PQsocket(connection)
    if descriptor < 0:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if write else select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
