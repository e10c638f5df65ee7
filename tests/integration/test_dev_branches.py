"""`invoke dev` while branches are switched: nothing is blocked, each branch's data is there, the service follows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from statistics import median

import pytest
from branches import ENV, ONE, TWO, Branches, branching
from dev_service import MAIN, SETTINGS, Dev
from plugins.projects import ProjectMaker

from buildkit.db import development

SWITCHES = int(os.environ.get("SWITCHES", "20"))
"""How often a branch is switched in a run; 200 are what the loop promises."""

ANSWER = """
import os, psycopg

class Answer:
    def __str__(self):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            (at,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            notes = connection.execute("SELECT note FROM t_one ORDER BY 1").fetchall()
        return " ".join((WORD, at, *(note for note, in notes)))

WORD = "first"
ANSWER = Answer()
"""

FILES = {
    "pyproject.toml": f'{SETTINGS}\n[tool.alembic]\nscript_location = "migrations"\n',
    "src/app/__init__.py": "",
    "src/app/answer.py": ANSWER,
    "src/app/main.py": MAIN,
    "migrations/env.py": ENV,
    "migrations/versions/one.py": ONE,
    "migrations/versions/two.py": TWO,
}


@pytest.fixture
def dev(postgres: object, project: ProjectMaker) -> Iterator[Dev]:
    assert postgres
    with branching(project) as branches:
        root = project(FILES)
        it = Dev(root, {"DATABASE_URL": ""})
        try:
            it.until_ready()
            yield it
        finally:
            it.kill()
            assert branches.root == root


def switch(it: Dev, *, feature: bool) -> None:
    """Do what `git checkout` does."""
    file = it.root / "migrations/versions/two.py"
    if feature:
        it.save("migrations/versions/two.py", TWO)
    else:
        file.unlink()


def note(it: Dev, words: str) -> None:
    branches = Branches(it.root)
    branches.url = branches.server.url_of(branches.records().present)
    branches.note(words)


@pytest.mark.slow
def test_every_switch_is_followed_within_a_second(dev: Dev) -> None:
    it = dev
    assert it.answer() == "first two"
    switch(it, feature=False)
    it.until_answer("first one")
    note(it, "of-main")
    switch(it, feature=True)
    it.until_answer("first two")
    note(it, "of-feature")
    answers = {True: "two of-feature", False: "one of-main"}
    switched, saved = [], []
    for number in range(SWITCHES):
        feature = number % 2 == 1
        start = time.perf_counter()
        switch(it, feature=feature)
        it.until(lambda: it.answer().partition(" ")[2] == answers[feature])  # noqa: B023 - called at once
        switched.append(time.perf_counter() - start)
        start = time.perf_counter()
        it.save("src/app/answer.py", ANSWER.replace("first", f"save{number}"))
        it.until_answer(f"save{number} {answers[feature]}")
        saved.append(time.perf_counter() - start)
    switches, saves = median(switched), median(saved)
    print(f"{SWITCHES} switches: median {switches:.2f} s, longest {max(switched):.2f} s; a save: {saves:.2f} s")
    assert "failed" not in it.text(), it.text()
    # Most of it is the start of the service, which takes as long as the machine is busy.
    assert switches - saves < 0.3, (switched, saved)
    it.end()
    assert it.left() == []
    assert development.running(it.root) is None


def test_a_loop_notices_that_its_database_was_made_anew(dev: Dev) -> None:
    from buildkit.config import load
    from buildkit.flows.development import reset
    from buildkit.report.console import Console

    it = dev
    note(it, "old")
    pid, words = it.ask()
    assert words == "first two old"
    reset(load(it.root, {}), Console({}), os.environ)
    it.until_answer("first two")
    it.until_cycles(1)
    assert "the database was made anew: restarted" in it.cycles()[0]
    assert it.ask()[0] != pid
    it.settled()
    assert len(it.cycles()) == 1
