from __future__ import annotations

import contextlib
import socket
import struct
import threading
import traceback
from collections.abc import Iterator

import pytest

from buildkit.errors import DatabaseError
from buildkit.migrate.postgres.connection import Address, connect
from buildkit.migrate.postgres.refusals import fault

SECRET = "p@ss:wo/rd%"
URL = "postgresql://ann:p%40ss%3Awo%2Frd%25@db.example:6543/shop?sslmode=require"


def test_an_address_gives_libpq_what_it_needs() -> None:
    assert Address.parse(URL).arguments == {
        "host": "db.example",
        "port": "6543",
        "user": "ann",
        "password": SECRET,
        "dbname": "shop",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("postgres://h/d", {"host": "h", "dbname": "d"}),
        ("postgresql:///d?host=/run/pg", {"host": "/run/pg", "dbname": "d"}),
        (
            "postgresql+asyncpg://u:p@[::1]:7/d?ssl=true&prepared_statement_cache_size=0",
            {"host": "::1", "sslmode": "require"},
        ),
        ("postgresql+psycopg2://u:a@b@h/d", {"user": "u", "password": "a@b", "host": "h"}),
        ("postgresql://a:1,b:2/d", {"host": "a,b", "port": "1,2"}),
    ],
)
def test_ways_to_write_an_address(url: str, arguments: dict[str, str]) -> None:
    found = Address.parse(url).arguments
    assert {name: found[name] for name in arguments} == arguments
    assert "prepared_statement_cache_size" not in found


@pytest.mark.parametrize(
    "url", ["", "shop", "mysql://h/d", "sqlite:///x.db", "postgresql+pg8000://h/d", f"oracle://u:{SECRET}@h"]
)
def test_anything_but_postgresql_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        Address.parse(url, "SHOP_URL")
    assert caught.value.message.startswith("SHOP_URL ")
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"


def test_the_password_shows_nowhere() -> None:
    address = Address.parse(URL)
    assert str(address) == "db.example:6543/shop"
    for text in (str(address), repr(address), address.redact(f"{SECRET} or {URL}")):
        assert SECRET not in text
        assert "p%40ss" not in text


def test_the_password_is_in_no_part_of_a_refusal() -> None:
    address = Address.parse(f"postgresql://ann:{SECRET}@127.0.0.1:1/shop")
    with pytest.raises(DatabaseError) as caught:
        connect(address, wait=0.0, say=lambda _: None)
    shown = "".join(traceback.format_exception(caught.value))
    assert "no server answers at 127.0.0.1:1" in shown
    assert SECRET not in shown
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("words", "waits"),
    [
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  the database system is not yet accepting connections", True),
        ("connection refused", True),
        ("FATAL:  sorry, too many clients already", True),
        ("could not translate host name", True),
        ('FATAL:  password authentication failed for user "ann"', False),
        ("fe_sendauth: no password supplied", False),
        ('FATAL:  database "shop" does not exist', False),
        ('FATAL:  role "ann" does not exist', False),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", no encryption', False),
        ("server does not support SSL, but SSL was required", False),
        ("SSL error: certificate verify failed", False),
        ("SSL SYSCALL error: EOF detected", True),
        ("FATAL:  server login has been failing, try again later (server_login_retry)", True),
        ("FATAL:  server login has been failing, cached error: password authentication failed", False),
        ("something that nobody has seen", False),
    ],
)
def test_only_what_passes_is_waited_for(words: str, waits: bool) -> None:
    assert fault(words).waits is waits


@pytest.mark.parametrize(
    ("words", "sqlstate", "waits"),
    [
        ('FATAL:  database "timeout" does not exist', "3D000", False),
        ("FATAL:  Datenbank »connection refused« existiert nicht", "3D000", False),
        ("FATAL:  Rolle »ssl« existiert nicht", "28000", False),
        ("FATAL:  das Datenbanksystem startet gerade", "57P03", True),
        ("FATAL:  das Datenbanksystem startet gerade", "00000", True),
        ("FATAL:  Verbindung wird abgebrochen aufgrund von Anweisung des Administrators", "57P01", True),
        ("FATAL:  query_wait_timeout", "08P01", True),
        ("FATAL:  unsupported startup parameter: options", "08P01", False),
        ("FATAL:  timeout, says a server that nobody has seen", "XX000", False),
    ],
)
def test_where_the_server_gives_a_reason_its_words_decide_nothing(words: str, sqlstate: str, waits: bool) -> None:
    assert fault(words, sqlstate).waits is waits


TAKES = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
"""What a server says to a client that needs no password: come in, ask."""


def refusal(sqlstate: str, words: str) -> bytes:
    fields = f"SFATALE\0VFATAL\0C{sqlstate}\0M{words}\0\0".encode()
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


@contextlib.contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that greets each client with the next of its answers, and with the last ever after; gives its port."""
    left = list(answers)

    def answer(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while True:
                (length,) = struct.unpack("!i", client.recv(4, socket.MSG_WAITALL))
                (version,) = struct.unpack("!i", client.recv(length - 4, socket.MSG_WAITALL)[:4])
                if version == 196608:  # not the question for TLS or GSSAPI
                    client.sendall(left.pop(0) if len(left) > 1 else left[0])
                    return
                client.sendall(b"N")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                answer(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("sqlstate", "words", "message"),
    [
        ("28P01", "Passwort-Authentifizierung für Benutzer »ann« fehlgeschlagen", "refused the password of role 'ann'"),
        ("3D000", "la base de données « shop » n'existe pas", "has no database 'shop'"),
        ("28000", "роль «ann» не существует", "does not take role 'ann'"),
        ("28000", "kein pg_hba.conf-Eintrag für Host »::1«", "lets nobody in from here as 'ann'"),
        ("42501", "keine Berechtigung für Datenbank »shop«", "role 'ann' may not connect to database 'shop'"),
        ("57P03", "das Datenbanksystem startet gerade", "is still starting up after"),
        ("53300", "tut mir leid, schon zu viele Verbindungen", "has no connection free after"),
    ],
)
def test_a_server_that_speaks_another_language_is_understood(sqlstate: str, words: str, message: str) -> None:
    with answering(refusal(sqlstate, words)) as port, pytest.raises(DatabaseError) as caught:
        connect(Address.parse(f"postgresql://ann@127.0.0.1:{port}/shop"), wait=0.0, say=lambda _: None)
    assert message in caught.value.message
    assert words in " ".join(caught.value.details), "the server's own words are shown as well"


def test_a_server_that_takes_the_connection_when_it_is_asked_why_not_is_tried_again() -> None:
    starting = refusal("57P03", "das Datenbanksystem startet gerade")
    with answering(starting, TAKES, refusal("3D000", "nichts")) as port, pytest.raises(DatabaseError) as caught:
        connect(Address.parse(f"postgresql://ann@127.0.0.1:{port}/shop"), wait=60.0, say=lambda _: None)
    assert "has no database 'shop'" in caught.value.message


def test_a_server_that_takes_the_connection_and_no_statement_is_not_connected_to() -> None:
    with answering(TAKES) as port, pytest.raises(DatabaseError) as caught:
        connect(Address.parse(f"postgresql://ann@127.0.0.1:{port}/shop"), wait=0.0, say=lambda _: None)
    assert "no server answers" in caught.value.message
