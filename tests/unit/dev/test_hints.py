"""What helps where the log shows a known error."""

from __future__ import annotations

import pytest

from buildkit.dev.hints import Hints


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ModuleNotFoundError: No module named 'redis.asyncio'", "redis.asyncio is not in the environment"),
        (
            "[Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
            "{port}, {fd}",
        ),
        ('psycopg.errors.UndefinedTable: relation "users" does not exist', "the database lacks users"),
        ("column users.age does not exist", "the database lacks users.age"),
        ('column "age" of relation "users" does not exist', "the database lacks age"),
        ("INFO:     Started reloader process [17] using WatchFiles", "without --reload"),
        (" * Restarting with stat", "flask run --no-reload"),
        ("Watching for file changes with StatReloader", "runserver --noreload"),
        ("Error: That port is already in use.", '["python", "manage.py", "runserver", "--noreload", "{port}"]'),
        ('FATAL:  password authentication failed for user "app"', "let it read DATABASE_URL"),
        ("OSError: [Errno 24] Too many open files", "ulimit -n 4096"),
    ],
)
def test_a_known_error_has_a_hint(line: str, words: str) -> None:
    (found,) = Hints().of(line)
    assert words in found


REFUSED = 'connection to server at "127.0.0.1", port {} failed: Connection refused'
BY_ASYNCPG = "OSError: [Errno 111] Connect call failed ('127.0.0.1', {})"


@pytest.mark.parametrize("line", [REFUSED, BY_ASYNCPG])
def test_a_server_that_does_not_answer_is_held_against_what_the_service_was_told(line: str) -> None:
    told = {"DATABASE_URL": "postgresql://postgres:secret@127.0.0.1:41234/dev", "PATH": "/bin"}
    (elsewhere,) = Hints(None, "service", told).of(line.format(5432))
    (there,) = Hints(None, "service", told).of(line.format(41234))
    assert elsewhere.endswith("let it read DATABASE_URL")
    assert there.startswith("the database server at port 41234, which the service is told of, does not answer")
    assert "secret" not in elsewhere + there


def test_a_hint_is_given_once() -> None:
    hints = Hints()
    assert [len([*hints.of("OSError: [Errno 24]")]) for _ in range(3)] == [1, 0, 0]


def test_the_usual_words_have_none() -> None:
    assert [*Hints().of("INFO:     Application startup complete.")] == []
