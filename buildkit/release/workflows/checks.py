"""Which jobs check a project, and what each runs: decided from the facts, the same for every CI service.

Every step is one line, and all logic is in the command that it calls: what CI does can be done at a desk.
"""

from __future__ import annotations

from dataclasses import dataclass

from buildkit.release.workflows import environment
from buildkit.release.workflows.environment import PROGRAMS
from buildkit.release.workflows.facts import Facts

ARCHIVE = "cache.tar.gz"
"""What earlier runs compiled, relative to the project."""

STORE = ".cache/buildkit"
"""The store of what was compiled, relative to the project."""

SESSION = "$SESSION"
"""In a line: the session of the job's run."""


@dataclass(frozen=True, slots=True)
class Line:
    """A step.

    Args:
        name: what it is for.
        run: one line of a shell, in the project's folder.
    """

    name: str
    run: str


@dataclass(frozen=True, slots=True)
class Job:
    """Some steps on a machine of their own, after those that make the environment.

    Args:
        name: of the job.
        steps: what it runs.
        minutes: after which it is ended.
        each_python: it runs once for each session that builds, with `SESSION`.
        keeps: what was compiled goes from run to run.
        database: it starts servers of PostgreSQL.
        engine: it needs a Docker Engine.
    """

    name: str
    steps: tuple[Line, ...]
    minutes: int
    each_python: bool = False
    keeps: bool = False
    database: bool = False
    engine: bool = False


@dataclass(frozen=True, slots=True)
class Checks:
    """All that is checked of a project.

    Args:
        facts: what it was decided from.
        prepare: the steps that make the environment, of every job.
        jobs: the others.
    """

    facts: Facts
    prepare: tuple[Line, ...]
    jobs: tuple[Job, ...]


def decide(facts: Facts) -> Checks:
    """Return the checks of a project: its lint, the wheel on each Python, migrations and images, each if it has any."""
    made = environment.lines(facts)
    prepare = tuple(
        Line("environment" if len(made) == 1 else f"environment, {number} of {len(made)}", line)
        for number, line in enumerate(made, 1)
    )
    jobs = [Job("test", _test(), minutes=60, each_python=True, keeps=True, database=facts.migrations is not None)]
    if facts.lint is not None:
        jobs.insert(0, Job("lint", (Line("lint", _nox(facts.lint.name)),), minutes=20))
    if facts.migrations is not None:
        steps = (Line("one head, equal to the models, up and down", _nox(facts.migrations.name)),)
        jobs.append(Job("migrations", steps, minutes=30, database=True))
    if facts.images:
        jobs.append(Job("images", _images(), minutes=60, engine=True))
    return Checks(facts, prepare, tuple(jobs))


def _nox(session: str) -> str:
    return f"{PROGRAMS}/nox -s {session}"


def _test() -> tuple[Line, ...]:
    return (
        Line(
            "what earlier runs compiled",
            f"test ! -f {ARCHIVE} || {PROGRAMS}/invoke cache.unpack {ARCHIVE} || true",
        ),
        Line("wheel, every module of it, and the tests", f'{PROGRAMS}/nox -s "{SESSION}"'),
        Line("what this run compiled", f"{PROGRAMS}/invoke cache.pack {ARCHIVE}"),
    )


def _images() -> tuple[Line, ...]:
    return (
        Line("images, under their budgets", f"{PROGRAMS}/invoke image --require"),
        Line("each starts, answers and ends", f"{PROGRAMS}/invoke image.check"),
    )
