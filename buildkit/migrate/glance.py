"""Whether the database is at head, asked with libpq alone: the answer of nearly every start, for a tenth of the price.

To load psycopg takes a fifth of a second, to load the libpq that it brings along a few milliseconds. Nothing is decided
here but that one case; whatever else comes, an error too, is left to the whole way, which says what it is. Nothing
blocks inside of libpq, so that a signal is heard at once.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from typing import Any

from buildkit.migrate.database import Address, session_name
from buildkit.migrate.settings import MigrationSettings

_PATIENCE = 3.0
_FOLDERS = ("psycopg_binary.libs", "psycopg_binary/.dylibs")
_INSTALLED = ("libpq.so.5", "libpq.5.dylib")
_READING, _WRITING, _OK = 1, 2, 3  # PostgresPollingStatusType
_TUPLES = 2  # PGRES_TUPLES_OK


def at_head(address: Address, settings: MigrationSettings, head: str) -> bool:
    """Whether the version table holds `head` and nothing else; False where that could not be seen at once."""
    libpq = _load()
    if libpq is None:
        return False
    parts = [part for part in (settings.version_schema, settings.version_table) if part]
    query = "SELECT version_num FROM " + ".".join('"' + part.replace('"', '""') + '"' for part in parts)  # noqa: S608
    connection = _connected(libpq, {"application_name": session_name("lock"), **address.arguments})
    try:
        return bool(connection) and _rows(libpq, connection, query) == [head]
    finally:
        libpq.PQfinish(connection)


def _load() -> Any:  # noqa: ANN401 - a library; its functions are made by their names
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
        ):
            function = getattr(libpq, name)
            function.restype, function.argtypes = result, arguments
        return libpq
    return None


def _libraries() -> Iterator[str]:
    """Give the libpq of psycopg's wheel, then the system's."""
    for place in sys.path:
        for folder in _FOLDERS:
            try:
                names = os.listdir(f"{place}/{folder}")  # noqa: PTH208 - without loading what is not needed
            except OSError:
                continue
            yield from (f"{place}/{folder}/{name}" for name in names if name.startswith("libpq"))
    yield from _INSTALLED


def _connected(libpq: Any, arguments: dict[str, str]) -> Any:  # noqa: ANN401
    """Return a connection, or None; the server may say what it likes, another way asks again."""
    import ctypes  # noqa: PLC0415

    array = ctypes.c_char_p * (len(arguments) + 1)
    names, values = (
        array(*(name.encode() for name in arguments)),
        array(*(text.encode() for text in arguments.values())),
    )
    connection = libpq.PQconnectStartParams(names, values, 0)
    deadline = time.monotonic() + _PATIENCE
    state = _WRITING
    while state in {_READING, _WRITING} and _ready(libpq, connection, deadline, write=state == _WRITING):
        state = libpq.PQconnectPoll(connection)
    if state == _OK:
        return connection
    libpq.PQfinish(connection)
    return None


def _rows(libpq: Any, connection: Any, query: str) -> list[str]:  # noqa: ANN401
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
    """Wait until the connection can be read from, or written to; a signal is heard meanwhile."""
    descriptor = libpq.PQsocket(connection)
    if descriptor < 0:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if write else select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
