"""A release is killed at one of its steps, by SIGKILL: the next one ends in the state that it would have had.

Before each process that it starts and each connection that it makes it may die; a night takes them all.
"""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest
from hypothesis import settings
from releases import Site, revision

pytestmark = [pytest.mark.docker, pytest.mark.postgres, pytest.mark.slow]

NIGHTLY = settings.get_current_profile_name() == "nightly"

# Runs `invoke`, and dies at the event that the variable numbers, as it begins.
DRIVER = """
import os, signal, sys
count = 0
def see(event, arguments):
    global count
    if event == "subprocess.Popen":
        words = " ".join(map(str, arguments[1]))
    elif event == "http.client.connect":
        words = f"connect {arguments[2]}"
    else:
        return
    with open(os.environ["EVENTS"], "a") as file:
        file.write(words + "\\n")
    if count == int(os.environ["DIES_AT"]):
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
sys.addaudithook(see)
from invoke.main import program
program.run(["invoke", "release", "--yes"])
"""

IN_CI = ("logs --follow", "docker stop ")
"""The first call with these words: the migration runs; the new version runs beside the old one, which is to end."""


def dies_at(site: Site, number: int) -> list[str]:
    """Release, and die at an event; return the events until then."""
    events = site.root / ".buildkit/events"
    events.unlink(missing_ok=True)
    variables = {**os.environ, "EVENTS": str(events), "DIES_AT": str(number)}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], cwd=site.root, env=variables, capture_output=True, timeout=240, check=False
    )
    assert done.returncode == (0 if number < 0 else -9), done.stderr.decode()
    return events.read_text().splitlines()


def chosen(events: list[str]) -> list[int]:
    """Return the numbers of the events at which a release dies here."""
    if NIGHTLY:
        return list(range(len(events)))
    return [next(at for at, words in enumerate(events) if part in words) for part in IN_CI]


def test_a_release_that_was_killed_is_ended_by_the_next_one(site: Site) -> None:
    site.commit()
    site.push()
    assert site.release()[0] == 0
    numbers, at = [-1], 0
    known = ["0001", "0002"]
    while at < len(numbers):
        identity = f"{len(known) + 1:04}"
        files: dict[str, str] = {}
        for before, each in zip(known[1:], [*known[2:], identity], strict=True):
            files |= revision(each, before, f"op.execute('CREATE TABLE t{each} (id integer)')")
        known.append(identity)
        site.commit()
        new = site.push(files, head=identity, revisions=" ".join(known))

        events = dies_at(site, numbers[at])
        code, _, ran = site.release()

        assert (code, site.digests(), site.head()) == (0, [new], identity), (events[-1], ran.stderr)
        assert len(site.containers()) == 1, events[-1]
        assert site.release()[1]["record"] == "left", events[-1]
        if at == 0:
            numbers += chosen(events)
        at += 1
    with psycopg.connect(site.database) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 't0%'").fetchone()
    assert tables == (len(known) - 2,)
