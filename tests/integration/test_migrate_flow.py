"""`invoke migrate` as a user meets it: no database named, none running, and no set-up."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import alembic
import psycopg
import pytest
from migrating import REPOSITORY

from buildkit.config import Config, load
from buildkit.db import development
from buildkit.errors import DatabaseError, RevisionError
from buildkit.flows.compile import compile_modules
from buildkit.flows.migrate import check_migrations, lines, migrate, migration_status
from buildkit.report.console import Console

PYPROJECT = """
[project]
name = "shop"
[tool.buildkit]
packages = ["shop"]
[tool.alembic]
script_location = "%(here)s/migrations"
prepend_sys_path = ["%(here)s/src"]
metadata = "shop.models:Base.metadata"
"""

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase): ...

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
"""

FIRST = '''"""Make the table of orders."""
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None

def upgrade() -> None:
    op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))
'''


GENERIC = Path(alembic.__file__).parent / "templates" / "generic" / "env.py"
"""What `alembic init` writes."""


@pytest.fixture
def shop(postgres: Path, project: Callable[[Mapping[str, str]], Path]) -> Iterator[Config]:
    assert postgres.is_dir()
    files = {"pyproject.toml": PYPROJECT, "src/shop/__init__.py": "", "src/shop/models.py": MODELS}
    root = project({**files, "migrations/versions/0001_orders.py": FIRST})
    shutil.copy(REPOSITORY / "migrations" / "env.py", root / "migrations" / "env.py")
    yield load(root, {})
    development.stop(root)
    for place in development._places(root):
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def console() -> Console:
    return Console({}, talk=io.StringIO(), out=io.StringIO())


def test_the_first_migrate_brings_its_own_database(shop: Config, console: Console) -> None:
    first = migrate(shop, console, os.environ)
    assert [(row.subject, row.result) for row in first.outcomes] == [("0001", "applied")]
    assert first.facts["started"] is True
    second = migrate(shop, console, os.environ)
    assert [(row.subject, row.result) for row in second.outcomes] == [("0001", "fresh")]
    assert second.facts == {**first.facts, "started": False}
    assert lines(second) == [f"{first.facts['database']}: already at head 0001"]
    password = development.ensure(shop.root, os.environ).password
    assert password not in str((first, second, lines(first)))


def test_a_dry_run_starts_and_writes_nothing(shop: Config, console: Console) -> None:
    before = sorted(shop.root.rglob("*"))
    report = migrate(shop, console, os.environ, dry_run=True)
    assert [(row.subject, row.result) for row in report.outcomes] == [("0001", "pending")]
    assert report.facts["database"] is None
    assert development.running(shop.root) is None
    assert sorted(shop.root.rglob("*")) == before


def test_status_says_what_the_database_lacks(shop: Config, console: Console) -> None:
    migrate(shop, console, os.environ)
    second = FIRST.replace('"0001"', '"0002"').replace("= None", '= "0001"').replace('"orders"', '"items"')
    (shop.root / "migrations/versions/0002_items.py").write_text(second)
    report = migration_status(shop, console, os.environ)
    assert [(row.subject, row.result) for row in report.outcomes] == [("0001", "fresh"), ("0002", "pending")]
    assert report.facts["at"] == ["0001"]


def test_check_finds_models_that_no_revision_makes(shop: Config, console: Console) -> None:
    report = check_migrations(shop, console, os.environ)
    assert [row.result for row in report.outcomes] == ["fresh", "fresh"]
    assert lines(report) == [f"{report.facts['database']}: already at head 0001, and the models are as there"]
    models = shop.root / "src/shop/models.py"
    models.write_text(f"{MODELS}    total: Mapped[int] = mapped_column(index=True)\n")
    with pytest.raises(RevisionError) as caught:
        check_migrations(shop, console, os.environ)
    assert caught.value.message == "the models differ from head 0001"
    assert caught.value.details == ("add column orders.total", "add index orders.ix_orders_total (total)")
    assert "invoke db.revision" in caught.value.hint


NAMELESS = PYPROJECT.replace('metadata = "shop.models:Base.metadata"\n', "")


def test_check_compares_the_models_that_env_py_names_itself(shop: Config, console: Console) -> None:
    (shop.root / "pyproject.toml").write_text(NAMELESS)
    text = GENERIC.read_text().replace(
        "target_metadata = None", "from shop.models import Base\ntarget_metadata = Base.metadata"
    )
    (shop.root / "migrations/env.py").write_text(text)
    report = check_migrations(load(shop.root, {}), console, os.environ)
    assert [row.subject for row in report.outcomes] == ["0001", "models"]
    (shop.root / "src/shop/models.py").write_text(f"{MODELS}    total: Mapped[int] = mapped_column()\n")
    with pytest.raises(RevisionError) as caught:
        check_migrations(load(shop.root, {}), console, os.environ)
    assert caught.value.details == ("add column orders.total",)


@pytest.mark.parametrize("computed", [False, True])
def test_check_says_where_nothing_names_the_models(shop: Config, console: Console, computed: bool) -> None:
    (shop.root / "pyproject.toml").write_text(NAMELESS)
    text = GENERIC.read_text()
    (shop.root / "migrations/env.py").write_text(text.replace("= None", "= vars().get('models')") if computed else text)
    report = check_migrations(load(shop.root, {}), console, os.environ)
    assert [row.subject for row in report.outcomes] == ["0001"]
    assert str(report.facts["models"]).startswith("not compared: nothing names them: [tool.buildkit.migrate] metadata")
    assert (development.running(shop.root) is None) == (not computed)


@pytest.mark.usefixtures("compiler")
def test_models_that_were_edited_since_they_were_compiled_are_compared_as_they_are(
    shop: Config, console: Console
) -> None:
    compile_modules(shop, console, os.environ)
    assert [*shop.source.rglob("models*.so")]
    assert check_migrations(shop, console, os.environ).outcomes
    assert [*shop.source.rglob("models*.so")]
    (shop.root / "src/shop/models.py").write_text(f"{MODELS}    total: Mapped[int] = mapped_column()\n")
    with pytest.raises(RevisionError) as caught:
        check_migrations(shop, console, os.environ)
    assert caught.value.details == ("add column orders.total",)


@pytest.mark.usefixtures("compiler")
def test_a_revision_runs_the_code_as_it_is(shop: Config, console: Console) -> None:
    names = shop.root / "src/shop/names.py"
    names.write_text('TABLE = "old"\n')
    compile_modules(shop, console, os.environ)
    names.write_text('TABLE = "new"\n')
    first = FIRST.replace("def upgrade", "from shop.names import TABLE\n\ndef upgrade").replace('"orders"', "TABLE")
    (shop.root / "migrations/versions/0001_orders.py").write_text(first)
    migrate(shop, console, os.environ)
    with psycopg.connect(development.ensure(shop.root, os.environ).url) as connection:
        assert connection.execute("SELECT to_regclass('new')::text, to_regclass('old')").fetchone() == ("new", None)


def test_check_never_changes_a_database_that_is_named(shop: Config, console: Console) -> None:
    server = development.ensure(shop.root, os.environ)
    report = check_migrations(shop, console, {**os.environ, "DATABASE_URL": server.url})
    assert [row.subject for row in report.outcomes] == ["0001"]
    assert report.facts["at"] == []


def test_a_project_without_migrations_has_nothing_to_do(
    project: Callable[[Mapping[str, str]], Path], console: Console
) -> None:
    root = project({"pyproject.toml": '[project]\nname = "x"\n[tool.buildkit]\n'})
    for flow in (migrate, migration_status, check_migrations):
        report = flow(load(root, {}), console, {})
        assert (report.outcomes, lines(report)) == ((), [])


def test_without_postgresql_one_is_told_how_to_get_it(shop: Config, console: Console) -> None:
    with pytest.raises(DatabaseError) as caught:
        migrate(shop, console, {"PYBUILDKIT_POSTGRES": str(shop.root)})
    assert "invoke-buildkit[postgres]" in caught.value.hint
