"""A service with revisions on disk and a database of its own on a real server: what the migration tests act on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import alembic
import psycopg
from plugins.loaded import GATE

from buildkit.db import cluster, development
from buildkit.doors import process

REPOSITORY = Path(__file__).parents[2]

BARRIER = """
import psycopg, sys
import buildkit.migrate.upgrade
print("ready", flush=True)
sys.stdin.readline()
"""

REVISION = '''"""{summary}"""

import time
from alembic import op
import sqlalchemy as sa

revision = {id!r}
down_revision = {parent!r}


def upgrade() -> None:
    {body}
'''

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))'
INDEX = """with op.get_context().autocommit_block():
        op.create_index("ix_t_name", "t", ["name"], postgresql_concurrently=True)"""
DATA = """op.execute("INSERT INTO t (id, name) SELECT n, 'row ' || n FROM generate_series(1, 500) n")"""
COLUMN = 'op.execute("ALTER TABLE t ADD COLUMN late integer")'


@contextlib.contextmanager
def serving(programs: Path, folder: Path, *, cache: Path | None = None) -> Iterator[development.Server]:
    """A server of its own, gone at the end with all that it wrote; in a test ask for the fixture `serve`.

    Args:
        programs: the folder of PostgreSQL's.
        folder: what the server belongs to.
        cache: where an empty cluster is kept to be copied.
    """
    server = development.ensure(folder, {"PYBUILDKIT_POSTGRES": str(programs)}, cache=cache)
    try:
        yield server
    finally:
        development.stop(folder)
        shutil.rmtree(server.home.parent)


POOLER = """
[databases]
* = host=127.0.0.1 port={server} auth_user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
logfile = {folder}/log
pool_mode = {mode}
default_pool_size = 30
max_client_conn = 200
server_idle_timeout = 3
server_login_retry = {retry}
"""


class Pooler:
    """PgBouncer in front of `server`, as strict as it comes; starts at once.

    Args:
        program: PgBouncer's.
        server: what it pools.
        mode: PgBouncer's `pool_mode`.
        retry: seconds that it leaves between two attempts to reach a server that is away; PgBouncer's own are 15.
    """

    def __init__(self, program: str, server: development.Server, *, mode: str = "transaction", retry: int = 15) -> None:
        self._program = program
        self._server = server
        self._folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        (self._folder / "ini").write_text(
            POOLER.format(server=server.port, port=self.port, folder=self._folder, mode=mode, retry=retry)
        )
        (self._folder / "users").write_text(f'"postgres" "{server.password}"\n')
        account = cluster.account()
        for path in (self._folder, *self._folder.iterdir()):
            path.chmod(0o700)
            if account is not None:
                shutil.chown(path, account)
        self.start()

    def start(self) -> None:
        """Start it, and return when it hands a client on to the server."""
        self._child = process.start([self._program, "-q", str(self._folder / "ini")], user=cluster.account())
        url = f"postgresql://postgres:{self._server.password}@127.0.0.1:{self.port}/dev"
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
                break
            assert self._child.poll() is None, self.log()
            time.sleep(0.02)

    def log(self) -> str:
        return (self._folder / "log").read_text()

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()

    def close(self) -> None:
        process.end(self._child)
        shutil.rmtree(self._folder)


@contextlib.contextmanager
def pooling(program: str, server: development.Server, *, mode: str = "transaction") -> Iterator[int]:
    """PgBouncer in front of `server`; gives its port."""
    with contextlib.closing(Pooler(program, server, mode=mode)) as pooler:
        yield pooler.port


def with_async_environment(service: Service) -> None:
    """Give the service the env.py that `alembic init --template async` writes."""
    environment = Path(alembic.__file__).parent / "templates" / "async" / "env.py"
    shutil.copy(environment, service.root / "migrations" / "env.py")


ENGINE = """
from alembic import context
from sqlalchemy import engine_from_config, pool, text

config = context.config
section = config.get_section(config.config_ini_section, {})
"""
"""How an env.py of one's own begins; `section` has the URL that the suite gives."""


class Service:
    """A project in `root` with a fresh database on `server`, reached with a password that must never be seen."""

    PASSWORD = "se/cr@t:%word"

    def __init__(self, root: Path, server: development.Server, *, port: int | None = None) -> None:
        self.root = root
        self.server = server
        self.port = port or server.port
        self.scheme = "postgresql"
        self.name = f"d{time.time_ns()}"
        self.versions = root / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        self.variables: dict[str, str] = {}
        for name in ("env.py", "script.py.mako"):
            shutil.copy(REPOSITORY / "migrations" / name, root / "migrations" / name)
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {self.name} LOGIN PASSWORD '{self.PASSWORD}'")
            admin.execute(f"CREATE DATABASE {self.name} OWNER {self.name}")

    @property
    def url(self) -> str:
        return self.url_with()

    def url_with(self, **parts: Any) -> str:
        facts: dict[str, Any] = {"scheme": self.scheme, "user": self.name, "name": self.name}
        facts |= {"password": self.PASSWORD, "host": "127.0.0.1", "port": self.port} | parts
        return "{scheme}://{user}:{secret}@{host}:{port}/{name}".format(
            secret=quote(str(facts["password"]), safe=""), **facts
        )

    def revision(self, name: str, parent: str | tuple[str, ...] | None, body: str) -> Path:
        file = self.versions / f"{name}_.py"
        file.write_text(REVISION.format(summary=f"Revision {name}.", id=name, parent=parent, body=body))
        return file

    def environment(self, text: str) -> None:
        """Give the service an env.py of its own."""
        (self.root / "migrations" / "env.py").write_text(text)

    def beside(self, name: str) -> str:
        """Make a further database of the same owner; return its name."""
        name = f"{self.name}_{name}"
        with psycopg.connect(self.server.url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} OWNER {self.name}")
        return name

    def tables(self, name: str = "") -> list[str]:
        """Return the tables of the schema `public`, of the service's database or of another one."""
        query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
        with psycopg.connect(
            self.url_with(scheme="postgresql", port=self.server.port, name=name or self.name)
        ) as found:
            return [row[0] for row in found.execute(query)]

    def chain(self, *bodies: str) -> None:
        """Write revisions 0001, 0002 … with these bodies."""
        for at, body in enumerate(bodies, 1):
            self.revision(f"{at:04}", f"{at - 1:04}" if at > 1 else None, body)

    def one_behind(self) -> None:
        """Leave the database at the first revision, which makes the table t; the second adds the column `late`."""
        self.chain(TABLE)
        self.migrate()
        self.revision("0002", "0001", COLUMN)

    @contextlib.contextmanager
    def table_in_use(self) -> Iterator[int]:
        """Read the table t in a transaction that stays open, so that nobody may change it; yield its backend."""
        with self.session() as other, other.transaction():
            other.execute("SELECT * FROM t")
            yield other.info.backend_pid

    def start(self, url: str | None = None, barrier: bool = False, **times: Any) -> Any:
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= self.variables
        environment["DATABASE_URL"] = self.url if url is None else url
        environment["TIMES"] = json.dumps({"wait": 20.0, "lock_wait": 60.0, **times})
        return process.start(
            [sys.executable, "-c", (BARRIER if barrier else "") + GATE],
            folder=self.root,
            environment=environment,
            stdin=process.PIPE if barrier else None,
            output=process.PIPE,
        )

    def finish(self, child: Any, timeout: float = 150.0) -> process.Completed:
        try:
            out, words = child.communicate(timeout=timeout)
        finally:
            process.end(child)
        for text in (out, words):
            assert self.PASSWORD not in text
            assert quote(self.PASSWORD, safe="") not in text
        return process.Completed(("migrate",), child.returncode, out, words, 0.0)

    def together(self, replicas: int, **times: Any) -> tuple[list[process.Completed], float]:
        """Let as many go at once; give what each left, and the seconds from the barrier until the last has ended."""
        children = [self.start(None, True, **times) for _ in range(replicas)]
        for child in children:
            assert child.stdout.readline() == "ready\n"
        start = time.monotonic()
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        ended = [self.finish(child, timeout=120) for child in children]
        return ended, time.monotonic() - start

    def migrate(self, *, url: str | None = None, **times: Any) -> process.Completed:
        return self.finish(self.start(url, False, **times))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.session() as connection:
            return connection.execute(query).fetchall()

    def session(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url_with(scheme="postgresql", port=self.server.port), autocommit=True)

    @property
    def at(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT version_num FROM alembic_version")]

    @property
    def columns(self) -> set[str]:
        return {
            row[0] for row in self.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 't'")
        }

    def await_blocked(self, words: str = "ALTER TABLE") -> int:
        """Wait until a statement with these words waits for a lock; return its backend."""
        query = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
        return self._await(query, f"%{words}%")

    def await_statement(self, words: str) -> int:
        """Wait until a statement with these words runs; return its backend."""
        query = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE %s"
        return self._await(query, f"{words}%")

    def await_session(self, role: str) -> int:
        return self._await("SELECT pid FROM pg_stat_activity WHERE application_name LIKE %s", f"buildkit {role} %")

    def _await(self, query: str, value: str) -> int:
        deadline = time.monotonic() + 120  # the machine may be busy
        with self.session() as connection:
            while time.monotonic() < deadline:
                row = connection.execute(f"{query} AND datname = current_database()", (value,)).fetchone()
                if row is not None:
                    return int(row[0])
                time.sleep(0.02)
        raise AssertionError(f"no session: {value}")

    def await_gone(self, backend: int, seconds: float) -> float:
        """Wait until the backend is gone; return how long it took."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if not self.rows(f"SELECT 1 FROM pg_stat_activity WHERE pid = {backend}"):
                return time.monotonic() - start
            time.sleep(0.02)
        raise AssertionError(f"backend {backend} is still there after {seconds} s")
