"""A server that speaks German: what is decided and what we say is what it is with one that speaks English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from migrating import COLUMN, TABLE, Service
from plugins.databases import Serve

from buildkit.db import development

WORDS = {
    "password": {"en": "password authentication failed", "de": "Passwort-Authentifizierung"},
    "database": {"en": "does not exist", "de": "existiert nicht"},
    "duplicate": {"en": "already exists", "de": "existiert bereits"},
    "lock": {"en": "due to lock timeout", "de": "wegen Zeitüberschreitung einer Sperre"},
    "statement": {"en": "due to statement timeout", "de": "wegen Zeitüberschreitung der Anfrage"},
}


@pytest.fixture(scope="module", params=["en", "de"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(
    serve: Serve, language: str, german: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[development.Server]:
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("LOCPATH", str(german))
        with serve(tmp_path_factory.mktemp("server")) as server:
            if language == "de":
                with psycopg.connect(server.url, autocommit=True) as admin:
                    admin.execute("ALTER SYSTEM SET lc_messages = 'de_DE.UTF-8'")
                    admin.execute("SELECT pg_reload_conf()")
            yield server


@pytest.fixture
def service(server: development.Server, german: Path, tmp_path: Path) -> Service:
    """A service whose own processes speak German as well, as on a developer's machine."""
    service = Service(tmp_path / "service", server)
    service.variables = {"LOCPATH": str(german), "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de", "SPEAKS": "its language"}
    return service


@pytest.mark.parametrize(
    ("parts", "case", "message"),
    [
        ({"password": "wr0ng-word"}, "password", "the server at PLACE refused the password of role 'NAME'"),
        # Names that stand for something else in the words of libpq.
        ({"name": "timeout_ssl_refused"}, "database", "the server at PLACE has no database 'timeout_ssl_refused'"),
    ],
    ids=["password", "database"],
)
def test_a_refusal_is_the_same(service: Service, language: str, parts: dict[str, str], case: str, message: str) -> None:
    service.chain(TABLE)
    done = service.migrate(url=service.url_with(**parts), wait=60.0)
    expected = message.replace("PLACE", f"127.0.0.1:{service.port}").replace("NAME", service.name)
    assert done.exit_code == 42
    assert done.stderr.splitlines()[0] == f"error: {expected}"
    assert WORDS[case][language] in done.stderr, "the server's own words are shown as well"
    assert "hint: correct the " in done.stderr


def test_where_nobody_answers_is_told_in_our_words(service: Service) -> None:
    service.chain(TABLE)
    done = service.migrate(url=service.url_with(port=1), wait=1.0)
    assert done.exit_code == 42
    assert done.stderr.splitlines()[0].startswith("waiting for the database at 127.0.0.1:1: no server answers (")
    assert "error: no server answers at 127.0.0.1:1 after" in done.stderr


def test_an_unknown_host_is_told_in_our_words(service: Service) -> None:
    service.chain(TABLE)
    done = service.migrate(url=service.url_with(host="nowhere.invalid"), wait=1.0)
    assert done.exit_code == 42
    assert f"error: the host name of nowhere.invalid:{service.port} is not known after" in done.stderr


def test_a_missing_version_table_and_being_at_head_are_the_same(service: Service) -> None:
    service.chain(TABLE)
    first = service.migrate()
    assert (first.exit_code, first.stderr.splitlines()[-1]) == (0, "migrated to head 0001")
    second = service.migrate()
    assert (second.exit_code, second.stderr) == (0, "already at head 0001\n")
    assert "psycopg" not in json.loads(second.stdout)


def test_a_table_in_use_is_tried_again(service: Service, language: str) -> None:
    service.one_behind()
    with service.table_in_use():
        child = service.start(lock_timeout=0.3)
        said = child.stderr.readline()
    assert re.fullmatch(f"revision 0002: .*{WORDS['lock'][language]}; rolled back, trying again\n", said)
    done = service.finish(child)
    assert done.exit_code == 0, done.stderr
    assert "late" in service.columns


def test_a_statement_that_takes_too_long_is_ended(service: Service, language: str) -> None:
    service.chain(TABLE, f"{COLUMN}\n    op.execute('SELECT pg_sleep(60)')")
    done = service.migrate(statement_timeout=0.5)
    assert done.exit_code == 40
    assert re.search(f"(?m)^error: revision 0002 failed: .*{WORDS['statement'][language]}", done.stderr)
    assert "hint: nothing of this revision was applied; mend it and run again" in done.stderr
    assert service.at == ["0001"]


def test_a_table_that_is_there_already_fails_once_and_is_not_tried_again(service: Service, language: str) -> None:
    service.chain(TABLE, TABLE)
    done = service.migrate()
    assert done.exit_code == 40
    assert re.search(f"(?m)^error: revision 0002 failed: .*{WORDS['duplicate'][language]}", done.stderr)
    assert "trying again" not in done.stderr
    assert service.at == ["0001"]
