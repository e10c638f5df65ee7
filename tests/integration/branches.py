"""A project whose branches have revisions of their own, and the databases that follow them."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from buildkit.config import Config, load
from buildkit.db import development, records
from buildkit.flows.migrate import migrate_database
from buildkit.model import Report
from buildkit.report.console import Console

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

PYPROJECT = """
[project]
name = "svc"
version = "1"
[tool.buildkit]
packages = ["svc"]
[tool.alembic]
script_location = "migrations"
"""


def revision(name: str, parent: str | None, statement: str = "") -> str:
    """Return the text of a revision that makes a table of its own."""
    statement = statement or f"CREATE TABLE t_{name} (note text)"
    return f"""from alembic import op

revision = "{name}"
down_revision = {parent!r}


def upgrade():
    op.execute({statement!r})


def downgrade():
    raise SystemExit("a downgrade was run")
"""


ONE, TWO, THREE = revision("one", None), revision("two", "one"), revision("three", "one")


class Branches:
    """The project, its revisions as git would put them there, and its databases."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = ""
        self.words = io.StringIO()

    @property
    def config(self) -> Config:
        return load(self.root, {})

    def console(self) -> Console:
        self.words = io.StringIO()
        return Console({}, talk=self.words, out=io.StringIO())

    def check_out(self, *texts: str) -> None:
        """Let these revisions be there, and no others."""
        folder = self.root / "migrations" / "versions"
        shutil.rmtree(folder)
        folder.mkdir()
        for text in texts:
            (folder / f"{text.split(chr(34))[1]}.py").write_text(text)

    def migrate(self, *texts: str) -> Report:
        """Check out these revisions, if any are given, and migrate."""
        if texts:
            self.check_out(*texts)
        report, database = migrate_database(self.config, self.console(), os.environ)
        assert database is not None
        self.url = database.url
        return report

    @property
    def name(self) -> str:
        """The name of the database that was migrated last."""
        return self.url.rpartition("/")[2]

    @property
    def home(self) -> Path:
        return self.server.home

    @property
    def server(self) -> development.Server:
        found = development.running(self.root)
        assert found is not None
        return found

    def records(self) -> records.Records:
        return records.read(self.home)

    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        """Run a statement in the database that was migrated last, or in another one."""
        url = self.server.url_of(database) if database else self.url
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def note(self, words: str) -> None:
        """Write a row into the table that all branches have."""
        self.run(f"INSERT INTO t_one VALUES ('{words}')")

    def notes(self) -> list[str]:
        return [row[0] for row in self.run("SELECT note FROM t_one ORDER BY 1")]

    def databases(self) -> set[str]:
        """Return the names of all databases but those of every server."""
        names = {name for (name,) in self.run("SELECT datname FROM pg_database", "postgres")}
        return names - {"postgres", "template0", "template1"}


@contextlib.contextmanager
def branching(project: Callable[[Mapping[str, str]], Path]) -> Iterator[Branches]:
    """Give the project at its first revision; afterwards its server is gone."""
    files = {"pyproject.toml": PYPROJECT, "src/svc/__init__.py": "", "migrations/env.py": ENV}
    it = Branches(project({**files, "migrations/versions/one.py": ONE}))
    try:
        yield it
    finally:
        development.stop(it.root)
        for place in development._places(it.root):
            shutil.rmtree(place, ignore_errors=True)
