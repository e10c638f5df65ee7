"""A service that pins an Alembic of years ago, with the SQLAlchemy of its time and the env.py that it wrote then."""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from migrating import DATA, INDEX, TABLE, Service

from buildkit.db import development
from buildkit.doors import process

IN_2023 = ("alembic==1.12.1", "sqlalchemy==2.0.36")

Installed = Callable[..., Path]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install releases of years ago in a folder that wins over what is installed beside the suite."""

    @functools.cache
    def install(*releases: str) -> Path:
        folder = tmp_path_factory.mktemp("releases")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *releases]
        done = process.run(command, timeout=240)
        assert done.ok, done.stderr
        return folder

    return install


def service_with(folder: Path, root: Path, server: development.Server) -> Service:
    service = Service(root, server)
    template = folder / "alembic" / "templates" / "generic"
    shutil.copy(template / "env.py", root / "migrations" / "env.py")
    ini = (template / "alembic.ini.mako").read_text().replace("${script_location}", "migrations")
    (root / "alembic.ini").write_text(ini.replace("sqlalchemy.url = driver", "# driver"))
    service.variables["PYTHONPATH"] = str(folder)
    return service


@pytest.mark.parametrize(
    "releases",
    [("alembic==1.9.4", "sqlalchemy==1.4.54"), IN_2023],
    ids=lambda releases: releases[0],
)
def test_it_is_migrated_as_by_that_alembic(
    installed: Installed, tmp_path: Path, server: development.Server, releases: tuple[str, ...]
) -> None:
    service = service_with(installed(*releases), tmp_path / "service", server)
    service.chain(TABLE, INDEX, DATA, f'assert __import__("alembic").__version__ == {releases[0].partition("==")[2]!r}')
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert service.at == ["0004"]
    assert "already at head 0004" in service.migrate().stderr


def test_a_url_without_a_driver_gets_the_one_that_sqlalchemy_takes(
    installed: Installed, tmp_path: Path, server: development.Server
) -> None:
    service = service_with(installed(*IN_2023), tmp_path / "service", server)
    by_itself = 'op.execute("COMMIT")\n    op.execute("CREATE INDEX CONCURRENTLY ix_t_name ON t (name)")'
    service.chain(TABLE, by_itself, 'assert op.get_bind().dialect.driver == "psycopg2"')
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert service.at == ["0003"]


def test_psycopg_3_stands_in_where_that_one_is_not_installed(
    installed: Installed, tmp_path: Path, server: development.Server
) -> None:
    service = service_with(installed(*IN_2023), tmp_path / "service", server)
    (tmp_path / "psycopg2.py").write_text("raise ImportError('as if it were not there')\n")
    service.variables["PYTHONPATH"] += f":{tmp_path}"
    service.chain(TABLE, 'assert op.get_bind().dialect.driver == "psycopg"')
    done = service.migrate()
    assert done.exit_code == 0, done.stderr
    assert service.at == ["0002"]


def test_one_that_is_too_old_is_named_with_the_one_that_is_wanted(
    installed: Installed, tmp_path: Path, server: development.Server
) -> None:
    service = service_with(installed("alembic==1.8.1", "sqlalchemy==1.4.54"), tmp_path / "service", server)
    service.chain(TABLE)
    done = service.migrate()
    assert (done.exit_code, "Traceback" in done.stderr) == (40, False), done.stderr
    assert "Alembic 1.8.1 is too old" in done.stderr
    assert "alembic>=1.9" in done.stderr
