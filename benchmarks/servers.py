"""Servers that the tests of packages want, for as long as these run."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from buildkit.db import development

REDIS = 6379
"""The port at which the tests of rq look for it, whatever is set."""


@contextmanager
def serving(name: str) -> Iterator[Mapping[str, str]]:
    """Serve, and give the variables by which the tests find it.

    Args:
        name: `postgres`, `redis`, or nothing for none.
    """
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as folder:
        if name == "postgres":
            yield from _postgres(Path(folder))
        elif name == "redis":
            yield from _redis(Path(folder))
        else:
            yield {}


def _postgres(folder: Path) -> Iterator[Mapping[str, str]]:
    folder.chmod(0o755)  # where root asks for it, another account serves
    server = development.ensure(folder, os.environ)
    try:
        yield {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
            "PGPASSWORD": server.password,
            "DATABASE_URL": server.url,
            "POSTGRES_SERVER": "127.0.0.1",  # and four more as the FastAPI template calls them
            "POSTGRES_PORT": str(server.port),
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD": server.password,
            "POSTGRES_DB": server.url.rpartition("/")[2],
        }
    finally:
        development.stop(folder)


def _redis(folder: Path) -> Iterator[Mapping[str, str]]:
    server = subprocess.Popen(["redis-server", "--save", "", "--bind", "127.0.0.1", "--dir", str(folder)], stdout=-3)
    try:
        deadline = time.monotonic() + 10
        while not _listens(REDIS) and time.monotonic() < deadline:
            time.sleep(0.05)
        yield {"REDIS_HOST": "127.0.0.1"}
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
