"""env.py of the frameworks that bring their own, as their own commands write it, not a letter changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from migrating import TABLE, Service

from buildkit.db import development
from buildkit.doors import process

FLASK = """
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
migrate = Migrate(**MIGRATE)


class Item(db.Model):
    __tablename__ = "t"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.Text)


def create_app(name="shop"):
    app = Flask(name)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    db.init_app(app)
    migrate.init_app(app, db)
    return app
"""

LITESTAR = """
import os
from advanced_alchemy.base import BigIntBase
from advanced_alchemy.config import AlembicAsyncConfig
from advanced_alchemy.extensions.litestar import SQLAlchemyAsyncConfig, SQLAlchemyPlugin
from litestar import Litestar
from sqlalchemy.orm import Mapped

config = SQLAlchemyAsyncConfig(
    connection_string=os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    alembic_config=AlembicAsyncConfig(script_location="src/shop/db", version_table_name="shop_versions"),
)


class Item(BigIntBase):
    __tablename__ = "t"
    name: Mapped[str]


def create_app() -> Litestar:
    return Litestar(plugins=[SQLAlchemyPlugin(config=config)])
"""


@pytest.fixture
def service(server: development.Server, tmp_path: Path) -> Service:
    service = Service(tmp_path / "service", server)
    for file in (service.root / "migrations").glob("*.*"):
        file.unlink()
    service.versions.rmdir()
    service.versions.parent.rmdir()
    return service


def run(service: Service, *command: str) -> None:
    variables = {**os.environ, "DATABASE_URL": service.url, "PYTHONPATH": "src"}
    done = process.run([sys.executable, *command], folder=service.root, environment=variables, timeout=60)
    assert done.ok, done.stderr


@pytest.fixture
def flask(service: Service) -> Service:
    """A Flask service, as `flask db init` sets it up."""
    (service.root / "shop.py").write_text(FLASK.replace("**MIGRATE", ""))
    run(service, "-m", "flask", "--app", "shop:create_app", "db", "init")
    service.chain(TABLE)
    return service


def test_flask_migrate_runs_in_the_context_of_its_application(flask: Service) -> None:
    done = flask.migrate(app="shop:create_app")
    assert done.exit_code == 0, done.stderr
    assert flask.at == ["0001"]
    again = flask.migrate(app="shop:create_app")
    assert (again.exit_code, "already at head 0001" in again.stderr) == (0, True), again.stderr


@pytest.mark.parametrize("name", ["shop:create_app()", "shop:create_app('other')", "shop"])
def test_the_application_is_named_as_flask_does(flask: Service, name: str) -> None:
    done = flask.migrate(app=name)
    assert done.exit_code == 0, done.stderr
    assert flask.at == ["0001"]


def test_what_the_application_tells_alembic_holds(flask: Service) -> None:
    (flask.root / "shop.py").write_text(FLASK.replace("**MIGRATE", "version_table='shop_versions'"))
    done = flask.migrate(app="shop:create_app")
    assert done.exit_code == 0, done.stderr
    assert flask.rows("SELECT version_num FROM shop_versions") == [("0001",)]


def test_without_the_setting_it_is_said_what_to_set(flask: Service) -> None:
    done = flask.migrate()
    assert done.exit_code == 40, done.stderr
    assert "Working outside of application context" in done.stderr
    assert 'app = "package.module:create_app"' in done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere:create_app", "there is no module 'nowhere'"),
        ("shop:nothing", "there is no 'nothing' in 'shop:nothing'"),
        ("shop:create_app(", "is not written as module:attribute"),
        ("shop:create_app(db)", "its arguments are not written out"),
        ("broken:app", "it is broken"),
    ],
)
def test_an_application_that_is_not_there_is_named(flask: Service, name: str, words: str) -> None:
    (flask.root / "broken.py").write_text("raise ValueError('it is broken')\n")
    done = flask.migrate(app=name)
    assert (done.exit_code, "Traceback" in done.stderr) == (40, False), done.stderr
    assert f"app: {words}" in done.stderr or words in done.stderr
    assert not flask.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'")


def test_an_application_that_fails_is_told_with_the_kind_of_error_and_its_line(flask: Service) -> None:
    text = (flask.root / "shop.py").read_text().replace('os.environ["DATABASE_URL"]', 'os.environ["NOT_GIVEN"]')
    (flask.root / "shop.py").write_text(text)
    line = next(at for at, each in enumerate(text.splitlines(), 1) if "NOT_GIVEN" in each)
    done = flask.migrate(app="shop:create_app")
    assert done.exit_code == 40
    assert "app: KeyError: 'NOT_GIVEN'" in done.stderr
    assert f"shop.py:{line}" in done.stderr
    assert "env.py" not in done.stderr


def test_an_application_that_goes_to_a_file_of_sqlite_is_refused(flask: Service) -> None:
    text = (flask.root / "shop.py").read_text()
    address = 'os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")'
    assert address in text
    (flask.root / "shop.py").write_text(text.replace(address, f'"sqlite:///{flask.root}/dev.sqlite"'))
    done = flask.migrate(app="shop:create_app")
    assert done.exit_code == 2, done.stderr
    assert f"env.py goes to sqlite {flask.root}/dev.sqlite, and this is about 127.0.0.1" in done.stderr
    assert not flask.tables()


@pytest.fixture
def litestar(service: Service) -> Service:
    """A Litestar service, as the commands of advanced-alchemy set it up."""
    package = service.root / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "main.py").write_text(LITESTAR)
    make = "from advanced_alchemy.alembic.commands import AlembicCommands\nfrom shop.main import config\n"
    run(service, "-c", f"{make}AlembicCommands(config).init('src/shop/db')")
    service.versions = package / "db" / "versions"
    service.versions.mkdir(exist_ok=True)
    service.chain(TABLE)
    return service


@pytest.mark.parametrize("name", ["shop.main:config", "shop.main:create_app"])
def test_what_advanced_alchemy_configures_in_code_is_taken_from_there(litestar: Service, name: str) -> None:
    litestar.variables["PYTHONPATH"] = "src"
    done = litestar.migrate(app=name)
    assert done.exit_code == 0, done.stderr
    assert litestar.rows("SELECT version_num FROM shop_versions") == [("0001",)]
    again = litestar.migrate(app=name)
    assert (again.exit_code, "already at head 0001" in again.stderr) == (0, True), again.stderr
