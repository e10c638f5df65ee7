"""`invoke dev` when its database is not as it should be: code goes on, and what is wrong is said once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from branches import ONE, Branches, branching, revision
from dev_service import Dev
from plugins.projects import ProjectMaker
from test_dev_branches import ANSWER, FILES

from buildkit.db import development

OTHER_HEAD = "migrations/versions/other.py"


@pytest.fixture
def dev(postgres: object, project: ProjectMaker) -> Iterator[Dev]:
    assert postgres
    with branching(project):
        it = Dev(project(FILES), {"DATABASE_URL": ""})
        try:
            it.until_ready()
            yield it
        finally:
            it.kill()


def save(it: Dev, words: str) -> None:
    it.save("src/app/answer.py", ANSWER.replace("first", words))


def note(it: Dev, words: str) -> None:
    branches = Branches(it.root)
    branches.url = branches.server.url_of(branches.records().present)
    branches.note(words)


def pid_of_server(it: Dev) -> int:
    server = development.running(it.root)
    assert server is not None
    return server.pid


def test_two_heads_keep_no_code_from_being_served(dev: Dev) -> None:
    it = dev
    note(it, "kept")
    it.settled()
    it.save(OTHER_HEAD, revision("other", "one"))
    it.until_cycles(1)
    assert "migrate failed, the service runs on as it was" in it.cycles()[0]
    for number, words in enumerate(("second", "third"), 2):
        save(it, words)
        it.until_answer(f"{words} two kept")
        it.until_cycles(number)
        assert "migrate failed as before, restarted" in it.cycles()[number - 1]
    assert it.text().count("error:") == 1, it.text()
    (it.root / OTHER_HEAD).unlink()
    it.until_cycles(4)
    assert "failed" not in it.cycles()[3]
    save(it, "fourth")
    it.until_answer("fourth two kept")
    it.until_cycles(5)
    assert "failed" not in it.cycles()[4]
    it.end()
    assert it.left() == []


def test_a_loop_that_begins_with_two_heads_serves_with_the_database_as_it_was(dev: Dev) -> None:
    first = dev
    note(first, "kept")
    first.end()
    first.save(OTHER_HEAD, revision("other", "one"))
    it = Dev(first.root, {"DATABASE_URL": ""})
    try:
        it.until_ready()
        assert it.answer() == "first two kept"
        assert "start: migrate failed, started" in it.text()
        assert it.text().count("error:") == 1
        it.end()
        assert it.left() == []
        assert development.running(it.root) is None
    finally:
        it.kill()


def test_a_revision_that_fails_keeps_no_code_from_being_served(dev: Dev) -> None:
    it = dev
    it.save("migrations/versions/three.py", revision("three", "two", "SELECT wrong"))
    it.until_cycles(1)
    save(it, "second")
    it.until_answer("second two")
    it.save("migrations/versions/three.py", revision("three", "two"))
    it.until_answer("second three")
    assert it.text().count("error:") == 1, it.text()


def test_a_database_server_that_is_killed_is_started_again(dev: Dev) -> None:
    it = dev
    note(it, "kept")
    it.until_answer("first two kept")
    before = pid_of_server(it)
    os.kill(before, signal.SIGKILL)
    it.until_said("the development PostgreSQL ended by itself: it is started again")
    it.until_cycles(1)
    assert it.answer().startswith("first two")
    assert pid_of_server(it) != before
    assert "the database server ended: restarted" in it.cycles()[0]
    assert "let it read DATABASE_URL" not in it.text()
    it.end()
    assert it.left() == []
    assert development.running(it.root) is None


def test_a_database_server_that_was_stopped_is_started_with_the_next_save(dev: Dev) -> None:
    it = dev
    development.stop(it.root)
    it.until_said("the development PostgreSQL was stopped: the next save, or key m, starts it again")
    it.settled()
    assert development.running(it.root) is None
    assert it.cycles() == []
    save(it, "second")
    it.until_answer("second two")
    it.end()
    assert development.running(it.root) is None, "the loop started it, and stops it"


TABLE = """
import os, psycopg

class Answer:
    def __str__(self):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            return "its table is " + str(connection.execute("SELECT to_regclass('t_one')::text").fetchone()[0])

ANSWER = Answer()
"""


def test_a_project_without_revisions_has_an_empty_database_that_the_first_one_is_applied_to(
    postgres: object, project: ProjectMaker
) -> None:
    assert postgres
    files = {name: text for name, text in FILES.items() if "/versions/" not in name}
    with branching(project):
        root = project({**files, "src/app/answer.py": TABLE})
        for each in (root / "migrations/versions").glob("*.py"):
            each.unlink()
        it = Dev(root, {"DATABASE_URL": ""})
        try:
            it.until_ready()
            assert it.answer() == "its table is None"
            assert "there are no revisions" in it.text()
            it.save("migrations/versions/one.py", ONE)
            it.until_answer("its table is t_one")
            it.end()
            assert it.left() == []
            assert development.running(it.root) is None, "it stops with the loop"
        finally:
            it.kill()
