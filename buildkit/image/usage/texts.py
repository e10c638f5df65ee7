"""What a text may name: the driver in an address of a database, a module, a program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from buildkit.image.usage.use import Kind

_ADDRESS = re.compile(r"\b([a-z][a-z0-9]*)\+([a-z][a-z0-9_]*)(?=://|$|[\"'])")
_PLAIN = re.compile(r"\b(postgresql|postgres|mysql|mariadb|mssql|oracle|redis|rediss|amqp|mongodb)(?:\+srv)?://")
_WORD = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*)*(?=$|:[A-Za-z_][\w.]*$|:[a-z]+$)")
_LONGEST = 120

USUAL = {
    "postgresql": ("psycopg2",),
    "postgres": ("psycopg2", "asyncpg", "psycopg"),
    "mysql": ("MySQLdb",),
    "mariadb": ("MySQLdb", "mariadb"),
    "mssql": ("pyodbc",),
    "oracle": ("cx_Oracle", "oracledb"),
    "redis": ("redis",),
    "rediss": ("redis",),
    "amqp": ("amqp", "pika", "aio_pika"),
    "mongodb": ("pymongo", "motor"),
}
"""The drivers that an address without one means, by SQLAlchemy, kombu and the like; no metadata says so."""

SPELLED = {
    "mysqldb": ("MySQLdb",),
    "mysqlconnector": ("mysql.connector",),
    "mariadbconnector": ("mariadb",),
    "cx_oracle": ("cx_Oracle",),
    "pysqlcipher": ("sqlcipher3", "pysqlcipher3"),
    "http": (),
    "https": (),
}
"""Drivers whose module has another name than the address says."""


def drivers(text: str) -> Iterator[tuple[str, Kind]]:
    """Yield the modules that addresses in a text ask for: of `mysql+aiomysql://` that is `aiomysql`, a `dialect`."""
    for scheme, driver in _ADDRESS.findall(text):
        if scheme not in {"git", "hg", "svn", "bzr", "http", "https"}:
            usual = (driver, *([driver.removesuffix("_async")] if driver.endswith("_async") else []))
            yield from ((module, "dialect") for module in SPELLED.get(driver, usual))
    for scheme in _PLAIN.findall(text):
        yield from ((module, "usual") for module in USUAL[scheme])


def word(text: str) -> str | None:
    """Return the module or package that a text names, if it is nothing but a name: `a.b`, `a.b:c`, `some-package`."""
    found = _WORD.match(text) if len(text) <= _LONGEST else None
    return found[0] if found is not None else None
