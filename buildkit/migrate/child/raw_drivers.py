"""The drivers' own ways to a server, for whoever connects past SQLAlchemy: each is asked before it sends anything."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping
from typing import Any

Allow = Callable[[Mapping[str, Any]], None]
"""Gets what a driver is asked for (`host`, `port`, `dbname`, `service`); raises where that is not allowed."""


def install(allow: Allow) -> None:
    """Put `allow` before each connection of every driver that is installed; SQLAlchemy's come by here as well."""
    for name, put in (("psycopg", _before_psycopg), ("psycopg2", _before_psycopg2), ("asyncpg", _before_asyncpg)):
        with contextlib.suppress(ImportError):
            put(importlib.import_module(name), allow)


def _before_psycopg(driver: Any, allow: Allow) -> None:  # noqa: ANN401 - a module, as below
    kind: Any = driver.connection.BaseConnection
    usual = kind._connect_gen.__func__  # noqa: SLF001 - what all connections of psycopg come to, awaited or not

    def connecting(cls: Any, /, conninfo: str = "", **options: Any) -> Any:  # noqa: ANN401 - psycopg's
        allow(driver.conninfo.conninfo_to_dict(conninfo))
        return usual(cls, conninfo, **options)

    kind._connect_gen = classmethod(connecting)  # noqa: SLF001 - as above


def _before_psycopg2(driver: Any, allow: Allow) -> None:  # noqa: ANN401
    usual = driver._connect  # noqa: SLF001 - `connect` itself is often imported by its name

    def connecting(words: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - psycopg2's
        allow(driver.extensions.parse_dsn(words))
        return usual(words, *arguments, **options)

    driver._connect = connecting  # noqa: SLF001 - as above


def _before_asyncpg(driver: Any, allow: Allow) -> None:  # noqa: ANN401
    ways = driver.connect_utils
    usual = ways._connect_addr  # noqa: SLF001 - where it is settled what all arguments and variables come to

    async def connecting(*, addr: Any, params: Any, **options: Any) -> Any:  # noqa: ANN401 - asyncpg's
        host, port = addr if isinstance(addr, tuple) else (addr, "")
        allow({"host": host, "port": str(port or addr.rpartition(".")[2]), "dbname": params.database or params.user})
        return await usual(addr=addr, params=params, **options)

    ways._connect_addr = connecting  # noqa: SLF001 - as above
