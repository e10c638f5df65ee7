"""A server with TLS, by way of psycopg, of the libpq glance and of asyncpg; and all the ways in which TLS fails."""

from __future__ import annotations

import contextlib
import json
import pwd
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from migrating import TABLE, Service, with_async_environment
from plugins.databases import Serve

from buildkit.db import cluster, development
from buildkit.doors import process

SEEN = 'op.execute("CREATE TABLE seen AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")'
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]


def certified(folder: Path) -> Path:
    """A certificate for `localhost`, and the authority of its own that signed it; returns the authority's."""
    folder.mkdir()
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:localhost"]
    for name, subject, more in (("ca", "/CN=an authority", []), ("server", "/CN=localhost", signed)):
        words = ["openssl", "req", "-x509", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", subject]
        made = process.run([*words, *more], folder=folder)
        assert made.ok, made.stderr
    return folder / "ca.pem"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certified(tmp_path_factory.mktemp("authority") / "made")


@pytest.fixture(scope="module")
def server(serve: Serve, authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[development.Server]:
    """A server that takes nobody without TLS."""
    with serve(tmp_path_factory.mktemp("server")) as server:
        data = server.home / "data"
        account = cluster.account()
        for name in ("server.key", "server.pem"):
            shutil.copy(authority.parent / name, data / name)
            (data / name).chmod(0o600)
            if account is not None:
                shutil.chown(data / name, account, pwd.getpwnam(account).pw_gid)
        with psycopg.connect(server.url, autocommit=True) as admin:
            for setting in ("ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl = on"):
                admin.execute(f"ALTER SYSTEM SET {setting}")
            access = data / "pg_hba.conf"
            access.write_text(re.sub(r"(?m)^host ", "hostssl ", access.read_text()))
            admin.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:  # the server is told, and takes its time
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(f"{server.url}?sslmode=require"):
                break
        yield server


@pytest.fixture(scope="module")
def plain(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[development.Server]:
    """A server without TLS."""
    with serve(tmp_path_factory.mktemp("plain")) as server:
        yield server


@pytest.fixture
def service(server: development.Server, tmp_path: Path) -> Service:
    return Service(tmp_path / "service", server)


def url(service: Service, scheme: str = "postgresql", host: str = "localhost", **query: object) -> str:
    return f"{service.url_with(scheme=scheme, host=host)}?{urlencode(query)}"


@pytest.mark.parametrize(
    ("driver", "mode"),
    [("psycopg", "require"), ("psycopg", "verify-full"), ("psycopg2", "verify-full"), ("asyncpg", "verify-full")],
)
def test_all_that_connects_does_so_by_tls(service: Service, authority: Path, driver: str, mode: str) -> None:
    service.chain(TABLE, SEEN)
    address = url(service, f"postgresql+{driver}", sslmode=mode, sslrootcert=authority)
    if driver == "asyncpg":  # knows the file by the variable alone
        with_async_environment(service)
        service.variables["PGSSLROOTCERT"] = str(authority)
        address = url(service, "postgresql+asyncpg", ssl=mode)
    first = service.migrate(url=address)
    assert first.exit_code == 0, first.stderr
    assert service.rows("SELECT ssl FROM seen") == [(True,)]
    again = service.migrate(url=address)
    assert (again.exit_code, again.stderr) == (0, "already at head 0002\n")
    assert "psycopg" not in json.loads(again.stdout), "libpq alone has seen it, on a server that asks for TLS"


def test_who_speaks_no_tls_is_told_that_the_server_asks_for_it(service: Service) -> None:
    service.chain(TABLE)
    done = service.migrate(url=url(service, sslmode="disable"), wait=60.0)
    assert done.exit_code == 42
    assert "lets nobody in from here as" in done.stderr
    assert "hint: allow it in the server's pg_hba.conf; if that asks for TLS, set sslmode" in done.stderr
    assert "waiting" not in done.stderr


REFUSED = {
    "not signed by who is trusted": (
        {"sslmode": "verify-full", "sslrootcert": "OTHER"},
        "the TLS certificate of the server at localhost:PORT is signed by nobody who is trusted here",
        "hint: name the certificate of the authority that signed it: sslrootcert in DATABASE_URL, or PGSSLROOTCERT",
    ),
    "no such root certificate": (
        {"sslmode": "verify-full", "sslrootcert": "/nowhere/root.pem"},
        "the root certificate for TLS with localhost:PORT cannot be read",
        "hint: correct sslrootcert in DATABASE_URL, or PGSSLROOTCERT",
    ),
    "for another host": (
        {"sslmode": "verify-full", "sslrootcert": "RIGHT", "host": "127.0.0.1"},
        "the TLS certificate of the server at 127.0.0.1:PORT is for another host",
        "hint: name in DATABASE_URL the host that the certificate is for, or let the server show another",
    ),
}


@pytest.mark.parametrize(
    ("driver", "case"), [*(("psycopg", case) for case in REFUSED), ("asyncpg", "not signed by who is trusted")]
)
def test_a_certificate_that_does_not_hold_is_refused_at_once(
    service: Service, authority: Path, tmp_path: Path, driver: str, case: str
) -> None:
    query, message, hint = REFUSED[case]
    service.chain(TABLE)
    other = certified(tmp_path / "other")
    files = {"OTHER": str(other), "RIGHT": str(authority)}
    given = {name: files.get(value, value) for name, value in query.items()}
    if driver == "asyncpg":
        with_async_environment(service)
        service.variables["PGSSLROOTCERT"] = given.pop("sslrootcert")
        given["ssl"] = given.pop("sslmode")
    refused(service, url(service, f"postgresql+{driver}", **given), message, hint)


@pytest.mark.parametrize(("driver", "name"), [("psycopg", "sslmode"), ("asyncpg", "ssl")])
def test_a_server_without_tls_is_refused_at_once_where_tls_is_required(
    plain: development.Server, tmp_path: Path, driver: str, name: str
) -> None:
    service = Service(tmp_path / "service", plain)
    service.chain(TABLE)
    message = "the server at localhost:PORT does not speak TLS, which DATABASE_URL asks for"
    hint = "hint: turn it on at the server (ssl = on), or change sslmode in DATABASE_URL (ssl, where that is asyncpg's)"
    refused(service, url(service, f"postgresql+{driver}", **{name: "require"}), message, hint)


def refused(service: Service, address: str, message: str, hint: str) -> None:
    done = service.migrate(url=address, wait=60.0)
    lines = done.stderr.splitlines()
    assert done.exit_code == 42
    assert lines[0] == f"error: {message.replace('PORT', str(service.port))}"
    assert lines[-1] == hint
    assert "Traceback" not in done.stderr
    assert service.rows("SELECT to_regclass('alembic_version')") == [(None,)]


def test_an_address_in_libpqs_words_is_explained_to_who_uses_asyncpg(service: Service) -> None:
    service.chain(TABLE)
    with_async_environment(service)
    done = service.migrate(url=url(service, "postgresql+asyncpg", sslmode="require"))
    assert done.exit_code == 40
    assert "unexpected keyword argument 'sslmode'" in done.stderr
    assert "hint: asyncpg does not know it: for TLS, write ?ssl=" in done.stderr
