"""What libpq is told for a URL, and what SQLAlchemy makes of the one that it gets, must be the same database."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from buildkit.errors import DatabaseError
from buildkit.migrate.postgres import url
from buildkit.migrate.postgres.connection import Address

URLS = {
    "postgres://h/d": {"host": "h", "dbname": "d"},
    "postgresql://": {},
    "postgresql://u@h": {"user": "u", "host": "h"},
    "postgresql://u:@h/d": {"user": "u", "host": "h", "dbname": "d"},
    "postgresql://h:/d": {"host": "h", "dbname": "d"},
    "postgresql:///d?host=/run/pg": {"host": "/run/pg", "dbname": "d"},
    "postgresql:///d?host=%2Frun%2Fpg&port=7": {"host": "/run/pg", "port": "7", "dbname": "d"},
    "postgresql://u@%2Frun%2Fpg:7/d": {"user": "u", "host": "/run/pg", "port": "7", "dbname": "d"},
    "postgresql://[::1]:7/d": {"host": "::1", "port": "7", "dbname": "d"},
    "postgresql://a:1,b:2/d": {"host": "a,b", "port": "1,2", "dbname": "d"},
    "postgresql://a,b:2/d": {"host": "a,b", "port": ",2", "dbname": "d"},
    "postgresql://[::1]:1,[fe80::2]:2/d": {"host": "::1,fe80::2", "port": "1,2", "dbname": "d"},
    "postgresql:///d?host=a:1&host=b:2": {"host": "a,b", "port": "1,2", "dbname": "d"},
    "postgresql:///d?host=a&host=b": {"host": "a,b", "dbname": "d"},
    "postgresql:///d?host=a:1": {"host": "a", "port": "1", "dbname": "d"},
    "postgresql:///d?host=a,b&port=1,2": {"host": "a,b", "port": "1,2", "dbname": "d"},
    "postgresql:///d?host=a,b&target_session_attrs=read-write": {
        "host": "a,b",
        "dbname": "d",
        "target_session_attrs": "read-write",
    },
    "postgresql:///?service=shop": {"service": "shop"},
    "postgresql://u%40x:p%3Aw%2F%25@h/my%2Ddb": {"user": "u@x", "password": "p:w/%", "host": "h", "dbname": "my-db"},
    "postgresql://h/d?user=u&password=p%40w": {"host": "h", "dbname": "d", "user": "u", "password": "p@w"},
    "postgresql://h/d?options=-csearch_path%3Dsvc%20-clock_timeout%3D9s": {
        "host": "h",
        "dbname": "d",
        "options": "-csearch_path=svc -clock_timeout=9s",
    },
    "postgresql://h/d?sslmode=verify-full&sslkey=k&sslpassword=a%20b&sslcrldir=c": {
        "host": "h",
        "dbname": "d",
        "sslmode": "verify-full",
        "sslkey": "k",
        "sslpassword": "a b",
        "sslcrldir": "c",
    },
}


@pytest.mark.parametrize("text", URLS)
def test_libpq_is_told_what_the_url_says_and_nothing_else(text: str) -> None:
    assert Address.parse(text).arguments == URLS[text]


@pytest.mark.parametrize("text", URLS)
def test_sqlalchemy_connects_to_the_same_place(text: str) -> None:
    found = make_url(Address.parse(text).sqlalchemy)
    _, options = found.get_dialect()().create_connect_args(found)
    assert {name: str(value) for name, value in options.items() if value != ","} == URLS[text]


@pytest.mark.parametrize("text", [text for text in URLS if "host=a" not in text and text != "postgresql://h:/d"])
def test_libpq_reads_the_url_as_we_do(text: str) -> None:
    theirs = {name: str(value) for name, value in conninfo_to_dict(text).items() if value}
    assert theirs == URLS[text]


@pytest.mark.parametrize(
    "text",
    ["postgresql://h/d?application_name=x@y", "postgresql://u:p@h/d?application_name=x@y", "postgresql://u:p@h/a@b"],
)
def test_an_at_sign_after_the_host_is_none_of_the_password(text: str) -> None:
    found = Address.parse(text)
    assert found.arguments["host"] == "h"
    assert found.arguments.get("password", "p") == "p"


@pytest.mark.parametrize("password", ["a@b", "p@ss:wo/rd", "a?b@c"])
def test_a_password_that_is_not_encoded_is_encoded_for_sqlalchemy(password: str) -> None:
    address = Address.parse(f"postgresql+asyncpg://u:{password}@h:7/d?ssl=require")
    assert address.arguments["password"] == password
    theirs = make_url(address.sqlalchemy)
    assert (theirs.password, theirs.host, theirs.port, theirs.database) == (password, "h", 7, "d")
    assert theirs.drivername == "postgresql+asyncpg"
    assert theirs.query == {"ssl": "require"}


def test_a_url_without_a_driver_is_left_to_sqlalchemy() -> None:
    assert Address.parse("postgres://h/d").sqlalchemy == "postgresql://h/d"


@pytest.mark.parametrize("text", ["postgresql://user:s3cretword", "postgresql://user:s3cretword@h:12x/d"])
def test_what_stands_where_a_port_should_is_not_shown(text: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        Address.parse(text)
    assert "s3cretword" not in f"{caught.value.message}{caught.value.hint}{caught.value.details}"


def test_another_driver_is_told_apart_from_another_database() -> None:
    with pytest.raises(DatabaseError, match="names the driver 'pg8000'"):
        Address.parse("postgresql+pg8000://h/d")


def test_all_of_libpqs_parameters_are_known() -> None:
    from psycopg.pq import Conninfo

    theirs = {each.keyword.decode() for each in Conninfo.get_defaults()}
    ours_to_decide = {"application_name", "fallback_application_name", "client_encoding", "replication", "authtype"}
    assert theirs - ours_to_decide - {"tty", "sslkeylogfile"} <= url._LIBPQ
