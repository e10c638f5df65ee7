"""`invoke migrate.adopt`: a database with tables and without a version table, and how it comes under the migrations."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from migrating import COLUMN, TABLE, Service

from buildkit.config import load
from buildkit.db import development
from buildkit.errors import ConfigurationError, VersionTableError
from buildkit.flows.adopt import adopt_database, lines
from buildkit.model import Report
from buildkit.report.console import Console


@pytest.fixture
def service(server: development.Server, tmp_path: Path) -> Service:
    """A service of two revisions, whose database has a table already."""
    service = Service(tmp_path / "service", server)
    (service.root / "pyproject.toml").write_text('[tool.buildkit]\n[tool.alembic]\nscript_location = "migrations"\n')
    service.chain(TABLE, COLUMN)
    return service


def adopted(service: Service, revision: str = "") -> Report:
    console = Console({}, talk=io.StringIO(), out=io.StringIO())
    environment = {**os.environ, "DATABASE_URL": service.url}
    return adopt_database(load(service.root, {}), console, environment, revision=revision)


def run(service: Service, statement: str) -> None:
    with service.session() as connection:
        connection.execute(statement)


def test_nothing_is_written_down_before_somebody_says_what(service: Service) -> None:
    run(service, "CREATE TABLE of_others ()")
    assert service.migrate().exit_code == 44
    report = adopted(service)
    assert [(row.subject, row.result) for row in report.outcomes] == [("public.alembic_version", "not there")]
    assert "tables beside it: public.of_others" in lines(report)[0]
    assert report.facts["recorded"] is None
    assert service.tables() == ["of_others"]


def test_that_there_are_more_tables_than_are_named_is_shown(service: Service) -> None:
    run(service, "CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c (); CREATE TABLE d ()")
    assert lines(adopted(service))[0].endswith("tables beside it: public.a, public.b, public.c …")


def test_beside_tables_of_others_the_way_begins_at_base(service: Service) -> None:
    run(service, "CREATE TABLE of_others ()")
    assert lines(adopted(service, "base"))[0].endswith("public.alembic_version says now: nothing is applied yet")
    assert service.at == []
    done = service.migrate()
    assert (done.exit_code, service.at) == (0, ["0002"]), done.stderr


def test_tables_that_the_first_revision_finds_made_are_changed_by_all_of_them(service: Service) -> None:
    service.chain("op.add_column('t', sa.Column('first', sa.Integer()))", COLUMN)
    run(service, "CREATE TABLE t (id integer PRIMARY KEY)")
    refused = service.migrate()
    assert refused.exit_code == 44
    assert "--revision base" in refused.stderr
    assert "what the first revision finds made" in "\n".join(lines(adopted(service)))
    adopted(service, "base")
    done = service.migrate()
    assert (done.exit_code, service.at) == (0, ["0002"]), done.stderr
    assert {"first", "late"} <= set(service.columns)


def test_tables_of_a_revision_go_on_from_it(service: Service) -> None:
    run(service, "CREATE TABLE t (id integer PRIMARY KEY, name text)")
    assert adopted(service, "0001").facts["recorded"] == "0001"
    assert service.at == ["0001"]
    assert service.migrate().exit_code == 0
    assert "late" in service.columns


def test_what_is_written_down_already_stays(service: Service) -> None:
    assert service.migrate().exit_code == 0
    with pytest.raises(VersionTableError, match="is at revision 0002 already"):
        adopted(service, "0001")
    assert [row.result for row in adopted(service).outcomes] == ["fresh"]
    assert adopted(service, "head").facts["recorded"] == "0002"
    assert service.at == ["0002"]


def test_a_revision_that_is_none_is_refused(service: Service) -> None:
    run(service, "CREATE TABLE of_others ()")
    with pytest.raises(ConfigurationError, match="there is no revision 0009"):
        adopted(service, "0009")
    assert service.tables() == ["of_others"]
