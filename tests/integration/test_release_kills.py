"""A release is killed at one of its steps, by SIGKILL: the next one ends in the state that it would have had.

Before each process that it starts and each connection that it makes it may die; a night takes them all. Where it dies
is said by what it is about to do, not by a count of all that it did: how often it asks while it waits is another number
in each run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import psycopg
import pytest
from hypothesis import settings
from releases import Site, revision

pytestmark = [pytest.mark.docker, pytest.mark.postgres, pytest.mark.slow]

NIGHTLY = settings.get_current_profile_name() == "nightly"

# Runs `invoke`, and dies as it is about to do what the variable names for the N-th time.
# Names of temporary files, identities and numbers of containers are others in each run: they are left out.
DRIVER = """
import json, os, re, signal, sys
part, left = json.loads(os.environ["DIES_AT"])
def see(event, arguments):
    global left
    if event == "subprocess.Popen":
        words = " ".join(map(str, arguments[1]))
        words = re.sub(r"/tmp/tmp\\w+", "TEMPORARY", words.replace(os.getcwd(), "."))
        words = re.sub(r"\\b[0-9a-f]{8,}\\b|(?<=-)[0-9]+\\b", "ID", words)
    elif event == "http.client.connect":
        words = f"connect {arguments[2]}"
    else:
        return
    with open(os.environ["EVENTS"], "a") as file:
        file.write(json.dumps(words) + "\\n")
    if part and part in words:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(see)
from invoke.main import program
program.run(["invoke", "release", "--yes"])
"""


@dataclass(frozen=True)
class Point:
    """Where a release dies.

    Args:
        part: words of what it is about to do; empty where it lives.
        time: the number of the time that it does so, from 1.
    """

    part: str
    time: int = 1


LIVES = Point("")
IN_CI = (Point("logs --follow"), Point("docker stop "))
"""The migration runs; the new version runs beside the old one, which is to end."""


def dies_at(site: Site, point: Point) -> tuple[bool, list[str]]:
    """Release, and die at a point; return whether it died, and what it did until then."""
    events = site.root / ".buildkit/events"
    events.unlink(missing_ok=True)
    variables = {**os.environ, "EVENTS": str(events), "DIES_AT": json.dumps([point.part, point.time])}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], cwd=site.root, env=variables, capture_output=True, timeout=240, check=False
    )
    assert done.returncode in {0, -9}, done.stderr.decode()
    return done.returncode == -9, [json.loads(line) for line in events.read_text().splitlines()]


def points_of(events: list[str]) -> list[Point]:
    """Return a point for each event."""
    return [Point(words, sum(words in each for each in events[: at + 1])) for at, words in enumerate(events)]


class Story:
    """Commits with a new revision each, one after another, and what is to be true once one is released."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known = ["0001", "0002"]
        self._new = ""
        site.commit()
        site.push()
        assert site.release()[0] == 0

    def commit(self) -> None:
        """Commit a further revision and push its image."""
        identity = f"{len(self._known) + 1:04}"
        files: dict[str, str] = {}
        for before, each in zip(self._known[1:], [*self._known[2:], identity], strict=True):
            files |= revision(each, before, f"op.execute('CREATE TABLE t{each} (id integer)')")
        self._known.append(identity)
        self._site.commit()
        self._new = self._site.push(files, head=identity, revisions=" ".join(self._known))

    def is_released(self, why: object) -> None:
        """Require that the newest commit runs, alone, on its own head."""
        assert (self._site.digests(), self._site.head()) == ([self._new], self._known[-1]), why
        assert len(self._site.containers()) == 1, why

    def was_released_once(self) -> None:
        """Require that a release finds nothing to do, and that each revision was applied."""
        assert self._site.release()[1]["record"] == "left"
        with psycopg.connect(self._site.database) as connection:
            tables = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 't0%'").fetchone()
        assert tables == (len(self._known) - 2,)


def test_a_release_that_was_killed_is_ended_by_the_next_one(site: Site) -> None:
    story = Story(site)
    story.commit()

    for point in IN_CI:
        died, events = dies_at(site, point)
        assert died, (point, events)
    assert site.head() == "0003", "the migration of the one that was killed first was not found again"

    code, _, ran = site.release()
    assert code == 0, ran.stderr
    story.is_released(IN_CI)
    story.was_released_once()


@pytest.mark.skipif(not NIGHTLY, reason="a release is killed at each of its steps at night")
@pytest.mark.timeout(7200)
def test_a_release_that_was_killed_at_any_step_is_ended_by_the_next_one(site: Site) -> None:
    story = Story(site)
    story.commit()
    points = points_of(dies_at(site, LIVES)[1])
    story.is_released(LIVES)
    assert len(points) > len(IN_CI)

    for point in points:
        story.commit()
        died, events = dies_at(site, point)
        if died:
            code, _, ran = site.release()
            assert code == 0, (point, ran.stderr)
        else:  # it asked less often than the one before while it waited; what it does once it does each time
            assert point.time > 1, (point, events)
        story.is_released(point)
        assert site.release()[1]["record"] == "left", point
    story.was_released_once()
