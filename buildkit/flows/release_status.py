"""`invoke release.status`: what runs, where the database is, and the releases that were recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from buildkit.config import Config
from buildkit.doors import clock
from buildkit.doors.clock import Stopwatch
from buildkit.flows.registry_login import logged_in
from buildkit.flows.release_look import Asked, Scene, look
from buildkit.model import Outcome, Reason, Report
from buildkit.release import record
from buildkit.release.sight import HEALTHY, Recorded, Service
from buildkit.report.console import Console

SCHEMA = "buildkit.release-status/1"
_MOST = 10
"""Records that are shown."""


def release_status(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
    """Say what runs of each service and since which release, where the database is, and the last releases.

    Raises:
        BuildkitError: something cannot be looked at; the subclass says what.
    """
    watch = Stopwatch()
    environment = logged_in(config.release.resolved.registry, environment)
    scene = look(config, environment, Asked(), console.say)
    sight = scene.sight
    at = sight.database.at
    database = Reason("at", " and ".join(at) or "no revision") if at is not None else Reason(sight.database.why)
    rows = [
        *(_service(each, scene) for each in sight.services),
        Outcome("database", "known" if at is not None else "unknown", database),
        *(_record(each) for each in _history(scene, environment)),
    ]
    facts = {"environment": sight.environment, "revision": sight.tag, "release": sight.last.release}
    return Report(SCHEMA, tuple(rows), watch.seconds, facts, row="subject")


def lines(report: Report) -> list[str]:
    """Return a line for each row."""
    return [f"{row.result:<9} {row.subject}: {row.reason}" for row in report.outcomes]


def _service(service: Service, scene: Scene) -> Outcome:
    name, wanted = f"service {service.name}", scene.sight.good.services.get(service.name, "")
    if service.target == "none":
        return Outcome(name, "released" if wanted else "absent", Reason(wanted or "nothing is released"))
    if not service.running:
        return Outcome(name, "absent", Reason("nothing runs"))
    result = HEALTHY
    for each in service.running:
        result = each.condition if each.condition != HEALTHY else result
    about = sorted({_described(each.digest, each.image.commit if each.image else "") for each in service.running})
    differs = any(wanted and not wanted.endswith(f"@{each.digest}") for each in service.running)
    note = f", while {wanted} was released" if differs else "" if wanted else ", which no release recorded"
    return Outcome(name, result, Reason(f"{len(service.running)} run", f"{' and '.join(about)}{note}"))


def _described(digest: str, commit: str) -> str:
    return f"{digest[:19] or 'an image without digest'}{f' of commit {commit[:12]}' if commit else ''}"


def _history(scene: Scene, environment: Mapping[str, str]) -> Iterator[Recorded]:
    """Yield the last release, however it ended, and the good ones before it, newest first."""
    each = scene.sight.last
    for _ in range(_MOST):
        if not each.digest:
            return
        yield each
        each = record.read(scene.home, each.good, environment) if each.good else Recorded()


def _record(found: Recorded) -> Outcome:
    when = clock.moment(found.moment)
    return Outcome(f"release {found.release}", found.ended, Reason(f"commit {found.commit[:12]}", when))
