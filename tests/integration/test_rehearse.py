"""What comes before a migration: the SQL, and the rehearsal on a copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from migrating import REPOSITORY

from buildkit.db import development
from buildkit.doors import process

PYPROJECT = """
[project]
name = "shop"
[tool.buildkit]
packages = ["shop"]
"""

REVISION = '''"""{summary}."""
import sqlalchemy as sa
from alembic import op
revision = {id!r}
down_revision = {parent!r}

def upgrade() -> None:
    {up}

def downgrade() -> None:
    {down}
'''

ORDERS = """op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO orders SELECT generate_series(1, 20000)")"""
LOOKS = "op.execute(f\"UPDATE orders SET id = id WHERE id = {op.get_bind().scalar(sa.text('SELECT 1'))}\")"
REWRITES = "op.execute('ALTER TABLE orders ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()')"
INDEX = """with op.get_context().autocommit_block():
        op.create_index("ix_token", "orders", ["token"], postgresql_concurrently=True)"""
OTHER = """op.create_table("lines", sa.Column("order", sa.Integer(), sa.ForeignKey("orders.id")))"""


class Shop:
    """A project with a development server, at its first revision."""

    def __init__(self, root: Path, invoke: Callable[..., Any]) -> None:
        self.root = root
        self._invoke = invoke

    def revision(self, number: int, up: str, down: str = "pass") -> None:
        parent = f"{number - 1:04}" if number > 1 else None
        text = REVISION.format(summary=f"Number {number}", id=f"{number:04}", parent=parent, up=up, down=down)
        (self.root / f"migrations/versions/{number:04}_.py").write_text(text)

    def run(self, *words: str, code: int = 0) -> Any:
        done = self._invoke(self.root, *words)
        assert done.exit_code == code, done.stderr
        return done

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(development.ensure(self.root, os.environ).url) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def shop(postgres: Path, project: Callable[[Mapping[str, str]], Path], invoke: Callable[..., Any]) -> Iterator[Shop]:
    assert postgres.is_dir()
    root = project({"pyproject.toml": PYPROJECT, "src/shop/__init__.py": "", "migrations/versions/.keep": ""})
    shutil.copy(REPOSITORY / "migrations" / "env.py", root / "migrations" / "env.py")
    made = Shop(root, invoke)
    made.revision(1, ORDERS, 'op.drop_table("orders")')
    yield made
    development.stop(root)
    for place in development._places(root):
        shutil.rmtree(place, ignore_errors=True)


def test_the_sql_of_every_revision_is_printed_also_behind_one_that_asks_the_database(shop: Shop) -> None:
    shop.revision(2, LOOKS)
    shop.revision(3, REWRITES)
    done = shop.run("migrate.sql")
    assert "-- revision 0001: Number 1.\nBEGIN;" in done.stdout
    assert "CREATE TABLE orders" in done.stdout
    assert "-- revision 0002 needs a connection, so its SQL is not known before: " in done.stdout
    assert "ADD COLUMN token uuid" in done.stdout
    assert "UPDATE alembic_version SET version_num='0003'" in done.stdout
    assert development.running(shop.root) is None, "it renders, and starts nothing"


def test_only_what_is_pending_is_printed_or_the_one_that_is_named(shop: Shop) -> None:
    shop.run("migrate")
    shop.revision(2, REWRITES)
    pending = shop.run("migrate.sql", "--json").json
    assert [(row["revision"], row["outcome"]) for row in pending["revisions"]] == [("0002", "rendered")]
    assert pending["at"] == ["0001"]
    named = shop.run("migrate.sql", "--revision", "0001").stdout
    assert "CREATE TABLE orders" in named
    assert "token" not in named
    assert "there is no revision 0009" in shop.run("migrate.sql", "--revision", "0009", code=40).stderr


def test_the_files_alone_are_checked_without_a_database(shop: Shop) -> None:
    assert shop.run("migrate.check", "--graph").stdout == "one head: 0001\n"
    (shop.root / "migrations/versions/0003_.py").write_text(
        REVISION.format(summary="Number 3", id="0003", parent="0001", up="pass", down="pass")
    )
    shop.revision(2, "pass")
    assert "2 heads: 0002, 0003" in shop.run("migrate.check", "--graph", code=41).stderr
    assert development.running(shop.root) is None


def test_the_files_are_checked_as_a_merge_will_leave_them(shop: Shop) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        done = process.run(["git", *identity, *words], folder=shop.root)
        assert done.ok, done.stderr

    def commit(number: int, words: str) -> None:
        file = shop.root / f"migrations/versions/{words}_.py"
        file.write_text(REVISION.format(summary=words, id=words, parent=f"{number:04}", up="pass", down="pass"))
        git("add", ".")
        git("commit", "--quiet", "--message", words)

    git("init", "--quiet", "--initial-branch", "ours")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    git("checkout", "--quiet", "-b", "theirs")
    commit(1, "their")
    git("checkout", "--quiet", "ours")
    assert shop.run("migrate.check", "--onto", "theirs").stdout == "one head: their\n"

    commit(1, "our")

    assert shop.run("migrate.check", "--graph").stdout == "one head: our\n"
    refused = shop.run("migrate.check", "--onto", "theirs", code=41).stderr
    assert "2 heads: our, their" in refused
    assert "(test, " in refused
    assert "git fetch" in shop.run("migrate.check", "--onto", "nowhere", code=2).stderr


def test_a_rehearsal_says_what_is_locked_and_rewritten_and_touches_nothing(shop: Shop) -> None:
    shop.run("migrate")
    shop.revision(2, REWRITES)
    shop.revision(3, INDEX)
    shop.revision(4, OTHER)
    before = shop.rows("SELECT datname FROM pg_database ORDER BY 1")
    done = shop.run("migrate.rehearse", "--rows", "--json")
    locks = {(row["revision"], row["table"]): row for row in done.json["locks"]}
    rewrite = locks["0002", "public.orders"]
    assert (rewrite["mode"], rewrite["blocks"], rewrite["rewrite"]) == ("AccessExclusiveLock", "reads and writes", True)
    assert 0 < rewrite["held"] < 30
    assert "ADD COLUMN token" in rewrite["statement"]
    index = locks["0003", "orders"]
    assert (index["mode"], index["blocks"], index["rewrite"]) == ("ShareUpdateExclusiveLock", "schema changes", False)
    foreign = locks["0004", "public.orders"]
    assert (foreign["mode"], foreign["blocks"]) == ("ShareRowExclusiveLock", "writes")
    assert ("0004", "public.lines") not in locks, "nobody waits for a table that is not there yet"
    assert shop.rows("SELECT version_num FROM alembic_version") == [("0001",)]
    assert shop.rows("SELECT datname FROM pg_database ORDER BY 1") == before
    assert [row["rule"] for row in done.json["lint"] if row["revision"] == "0002"], "squawk reads the SQL"


def test_a_rehearsal_fails_as_the_migration_would(shop: Shop) -> None:
    shop.run("migrate")
    shop.revision(2, "op.execute('ALTER TABLE orders ADD CHECK (id > 1)')")
    shop.run("migrate.rehearse")  # the copy of the schema has no row that is against it
    done = shop.run("migrate.rehearse", "--rows", code=40)
    assert "revision 0002 failed: check constraint" in done.stderr
    assert shop.rows("SELECT count(*) FROM pg_database WHERE datname LIKE 'rehearsal%'") == [(0,)]
    shop.revision(2, "op.execute('SELECT 1')")
    said = shop.run("migrate.rehearse").stdout
    assert "1 revision rehearsed to head 0002" in said
    assert "no table is locked that was there before" in said


def test_up_down_and_up_again_finds_what_a_downgrade_forgets(shop: Shop) -> None:
    shop.revision(2, "op.execute(\"CREATE TYPE state AS ENUM ('open')\")")
    done = shop.run("migrate.rehearse", "--round-trip", code=40)
    assert "the way down leaves something behind" in done.stderr
    assert "+ CREATE TYPE public.state AS ENUM (" in done.stderr
    shop.revision(2, "op.execute(\"CREATE TYPE state AS ENUM ('open')\")", 'op.execute("DROP TYPE state")')
    assert "2 of 2 revisions went up, down and up again" in shop.run("migrate.rehearse", "--round-trip").stdout
    shop.revision(1, ORDERS, "raise NotImplementedError")
    assert "1 of 2 revisions went up, down and up again" in shop.run("migrate.rehearse", "--round-trip").stdout


def test_the_revisions_of_the_reference_service_go_up_down_and_up_again(
    postgres: Path, tmp_path: Path, invoke: Callable[..., Any]
) -> None:
    assert postgres.is_dir()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").touch()
    shutil.copytree(REPOSITORY / "migrations", tmp_path / "migrations")
    try:
        done = invoke(tmp_path, "migrate.rehearse", "--round-trip")
        assert done.exit_code == 0, done.stderr
        assert "5 of 5 revisions went up, down and up again to the same schema" in done.stdout
    finally:
        development.stop(tmp_path)
        for place in development._places(tmp_path):
            shutil.rmtree(place, ignore_errors=True)
