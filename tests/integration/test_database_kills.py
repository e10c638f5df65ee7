"""A command on the development database that is killed at any step loses nothing, and the next one ends right."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from branches import ONE, TWO, Branches, branching, revision
from hypothesis import settings
from plugins.projects import ProjectMaker

from buildkit.db.databases import Databases
from buildkit.doors import process

STRIDE = 1 if settings.get_current_profile_name() == "nightly" else 2
"""At night a command is killed at each of its steps."""

KILLED = """
import functools, os, sys
from pathlib import Path
from buildkit.config import load
from buildkit.db import records
from buildkit.db.databases import Databases
from buildkit.report.console import Console

left = int(sys.argv[1])

def counted(function):
    @functools.wraps(function)
    def run(*arguments, **options):
        step()
        found = function(*arguments, **options)
        step()
        return found
    return run

def step():
    global left
    left -= 1
    if left < 0:
        os._exit(9)

records.write = counted(records.write)
for name in ("create", "clone", "drop", "rename"):
    setattr(Databases, name, counted(getattr(Databases, name)))

from buildkit.flows import {module}
from buildkit.migrate import upgrade
upgrade.upgrade = counted(upgrade.upgrade)
{module}.{call}(load(Path.cwd(), {{}}), Console({{}}), os.environ{further})
"""


@pytest.fixture
def it(postgres: Path, project: ProjectMaker) -> Iterator[Branches]:
    assert postgres.is_dir()
    with branching(project) as branches:
        yield branches


def killed(it: Branches, step: int, module: str, call: str, further: str = "") -> bool:
    """Run a flow that is killed before its step of this number; return whether it was."""
    script = KILLED.format(module=module, call=call, further=further)
    done = process.run([sys.executable, "-c", script, str(step)], folder=it.root)
    assert done.exit_code in {0, 9}, done.stderr
    return done.exit_code == 9


def test_a_copy_that_is_being_made(it: Branches) -> None:
    it.migrate(ONE)
    it.note("of main")
    kills = 0
    while True:
        number = revision(f"k{kills}", "one")
        it.check_out(ONE, number)
        if not killed(it, kills, "migrate", "migrate"):
            break
        it.migrate(ONE)
        assert it.notes() == ["of main"], f"killed at step {kills}"
        it.migrate(ONE, number)
        assert it.notes() == ["of main"]
        assert it.run("SELECT version_num FROM alembic_version") == [(f"k{kills}",)]
        assert it.databases() == {each.name for each in it.records().copies}, "nothing is left half made"
        kills += STRIDE
    assert kills >= 8, kills


def test_a_reset(it: Branches) -> None:
    it.migrate(ONE, TWO)
    it.migrate(ONE)
    it.note("of main")
    main = it.name
    step = 0
    while killed(it, step, "development", "reset"):
        it.migrate(ONE, TWO)  # recovers what was begun
        it.migrate(ONE)
        assert it.name == main, f"killed at step {step}"
        assert it.notes() in ([], ["of main"]), "either the old one or the new one"
        assert it.databases() == {each.name for each in it.records().copies}
        if not it.notes():
            it.note("of main")
        step += STRIDE
    assert it.notes() == []
    assert step >= 10, step


def test_a_snapshot_and_its_way_back(it: Branches) -> None:
    it.migrate(ONE)
    it.note("kept")
    step = 0
    while killed(it, step, "snapshots", "snapshot", ', name="mine", replace=True'):
        it.migrate(ONE, TWO)
        it.migrate(ONE)
        assert it.notes() == ["kept"], f"killed at step {step}"
        assert it.databases() == {each.name for each in it.records().copies}
        step += STRIDE
    assert step >= 4, step
    it.note("later")
    step = 0
    while killed(it, step, "snapshots", "restore", ', name="mine"'):
        it.migrate(ONE, TWO)
        it.migrate(ONE)
        assert it.notes() in (["kept"], ["kept", "later"]), f"killed at step {step}"
        if "later" not in it.notes():
            it.note("later")
        assert it.records().snapshot("mine") is not None
        assert it.databases() == {each.name for each in it.records().copies}
        step += STRIDE
    assert it.notes() == ["kept"]


SLEEPING = """
import os, sys, psycopg
name = f"buildkit lock host:{os.getpid()}-0a0b"
with psycopg.connect(sys.argv[1], application_name=name, autocommit=True) as connection:
    connection.execute("SELECT pg_sleep(2)")
"""


def test_what_the_server_goes_on_with_for_a_killed_command_is_waited_for(it: Branches) -> None:
    it.migrate(ONE)
    url = it.server.url_of("postgres")
    killed = subprocess.Popen([sys.executable, "-c", SLEEPING, url])
    active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
    while it.run(active, "postgres") == [(0,)]:
        time.sleep(0.01)
    with psycopg.connect(url, autocommit=True) as connection:
        databases = Databases(connection)
        killed.kill()
        killed.wait(10)
        databases.await_killed()
        assert it.run(active, "postgres") == [(0,)]
        start = time.monotonic()
        databases.await_killed()
        assert time.monotonic() - start < 1, "the sessions of living commands are not waited for"
