"""A server behind PgBouncer that is restarted in the middle of a migration, and PgBouncer itself killed there."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from migrating import COLUMN, DATA, TABLE, Pooler, Service
from plugins.databases import Serve

from buildkit.db import development
from buildkit.doors import process

SILENT = {"pooled": "(the pooler|no server answers) at", "direct": "no server answers at"}
LONG = f"{DATA}\n    op.execute('SELECT pg_sleep(2)')"


class Pooled(Service):
    """A service behind a pooler of its own, on a server of its own; both may go and come back."""

    def __init__(self, root: Path, programs: Path, server: development.Server, pooler: Pooler) -> None:
        super().__init__(root / "service", server, port=pooler.port)
        self.pooler = pooler
        self._home = root
        self._programs = programs

    def stop_server(self, number: int) -> None:
        os.kill(self.server.pid, number)
        while development._serves(self.server.pid, self.server.home / "data"):
            time.sleep(0.02)

    def start_server(self) -> None:
        with pytest.MonkeyPatch.context() as patch:  # where its own port was taken at first, it has another
            patch.setattr(development, "_free_ports", lambda _: [self.server.port])
            self.server = development.ensure(self._home, {"PYBUILDKIT_POSTGRES": str(self._programs)})


@pytest.fixture
def service(serve: Serve, postgres: Path, pgbouncer: str, tmp_path: Path) -> Iterator[Pooled]:
    with (
        serve(tmp_path) as server,
        contextlib.closing(Pooler(pgbouncer, server, retry=1)) as pooler,
    ):
        service = Pooled(tmp_path, postgres, server, pooler)
        with psycopg.connect(server.url, autocommit=True) as admin:  # a crash must lose nothing that was committed
            admin.execute(f"ALTER DATABASE {service.name} SET synchronous_commit = on")
        yield service


def require_done(service: Service, ended: list[process.Completed]) -> None:
    """All ended well, each revision was applied once, and nothing is left half-done."""
    assert [done.exit_code for done in ended] == [0] * len(ended), [done.stderr for done in ended]
    applied = [line.split()[1] for done in ended for line in done.stderr.splitlines() if line.startswith("applied")]
    assert sorted(applied) == ["0001", "0002", "0003"], [done.stderr for done in ended]
    assert service.at == ["0003"]
    assert service.rows("SELECT count(*) FROM t") == [(500,)]
    assert "late" in service.columns


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGINT], ids=["crash", "restart"])
def test_a_server_that_is_restarted_behind_the_pooler_is_waited_for(service: Pooled, number: int) -> None:
    service.chain(TABLE, LONG, COLUMN)
    children = [service.start() for _ in range(4)]
    service.await_statement("SELECT pg_sleep(2)")
    service.stop_server(number)
    time.sleep(1)
    service.start_server()
    ended = [service.finish(child) for child in children]
    require_done(service, ended)
    assert "going on from there" in "".join(done.stderr for done in ended)


def test_a_pooler_that_is_killed_and_started_again_is_waited_for(service: Pooled) -> None:
    service.chain(TABLE, LONG, COLUMN)
    children = [service.start() for _ in range(4)]
    service.await_statement("SELECT pg_sleep(2)")
    service.pooler.kill()
    time.sleep(1)
    service.pooler.start()
    ended = [service.finish(child) for child in children]
    require_done(service, ended)
    assert "going on from there" in "".join(done.stderr for done in ended)


@pytest.mark.parametrize("way", ["pooled", "direct"])
def test_a_server_that_goes_away_before_alembic_has_connected_is_waited_for(service: Pooled, way: str) -> None:
    if way == "direct":
        service.port = service.server.port
    service.chain(TABLE, DATA, COLUMN)
    environment = service.root / "migrations" / "env.py"
    late = "import time, pathlib\nwhile not pathlib.Path('gone').exists():\n    time.sleep(0.005)\n"
    environment.write_text(late + environment.read_text())
    children = [service.start() for _ in range(2)]
    service.await_session("lock")
    time.sleep(1)  # the child is at the line above, or still before it
    service.stop_server(signal.SIGINT)
    (service.root / "gone").touch()
    time.sleep(1)
    service.start_server()
    require_done(service, [service.finish(child) for child in children])


@pytest.mark.parametrize("way", ["pooled", "direct"])
def test_a_server_that_does_not_come_back_is_named(service: Pooled, way: str) -> None:
    if way == "direct":
        service.port = service.server.port
    service.chain(TABLE, LONG.replace("(2)", "(60)"))
    children = [service.start(wait=3.0) for _ in range(3)]
    service.await_statement("SELECT pg_sleep(60)")
    service.stop_server(signal.SIGINT)
    for child in children:
        done = service.finish(child)
        assert done.exit_code == 42, done.stderr
        assert re.search(f"(?m)^error: {SILENT[way]} 127.0.0.1:{service.port}", done.stderr), done.stderr
        assert "hint: " in done.stderr
        assert "Traceback" not in done.stderr
    service.start_server()
    assert service.at == ["0001"], "and nothing of the revision that was under way"
    assert service.rows("SELECT count(*) FROM t") == [(0,)]
