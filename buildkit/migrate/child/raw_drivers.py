"""Hooks into the drivers' own connect functions, which check each connection before anything is sent.

They also see code that connects without SQLAlchemy.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping
from typing import Any

Allow = Callable[[Mapping[str, Any]], None]
"""Called with a driver's connection arguments (`host`, `port`, `dbname`, `service`); raises if they are not allowed."""


def install(allow: Allow) -> None:
    """Call `allow` before each connection of every installed driver, including SQLAlchemy's."""
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
