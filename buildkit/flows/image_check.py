"""`invoke image.check`: checks each point that a service depends on: image, volume, database."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from buildkit.comparison.answers import Import
from buildkit.comparison.imports import Request, compared, imported_elsewhere
from buildkit.compile.modules import find_importable
from buildkit.config import Config
from buildkit.core.untrusted import shown
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ImageError
from buildkit.flows import image_review
from buildkit.flows.image import build_images, chosen
from buildkit.flows.image_inputs import gates_of, repository_of, wants_health_check, writable_of
from buildkit.flows.migrate import migration_settings
from buildkit.image import compose, engine, image_points
from buildkit.image.point import Point
from buildkit.image.sight import Expected, Imports, Sight
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.image-check/1"


def check_images(
    config: Config, console: Console, environment: Mapping[str, str], *, names: Sequence[str] = ()
) -> Report:
    """Check each point; nothing is built or changed. Trial containers run for seconds, without network and data.

    A point comes to `holds`, `wrong`, or `not yet`: a volume, say, that the first start will make.

    Args:
        config: the project.
        console: shows each verdict.
        environment: what the docker client gets.
        names: the images; all of them if empty.

    Raises:
        EngineError: no engine with buildx answers.
        ImageError: a point is wrong. Its `report` has all of them.
    """
    watch = Stopwatch()
    rows: list[Outcome] = []

    def judge(name: str, points: Iterable[Point]) -> None:
        for point in points:
            rows.append(_verdict(name, point))
            console.outcome(rows[-1])
            for line in point.remedy:
                console.say(f"{'':20}{line}")

    wanted = chosen(config, names)
    for name in wanted:
        judge(name, image_review.points(config, name))
    engine.require(environment)
    for name in wanted:
        judge(name, image_points.points(_sight(config, environment, name)))
    report = Report(SCHEMA, tuple(rows), watch.seconds, row="point")
    wrong = [row for row in rows if row.result == "wrong"]
    if wrong:
        raise ImageError(
            f"{len(wrong)} of {len(rows)} points of the arrangement do not hold",
            details=[f"{row.subject}: {row.reason}" for row in wrong],
            hint="mend them, build with `invoke image`, and check again",
            report=report,
        )
    return report


def lines(report: Report) -> list[str]:
    """Return the summary."""
    later = [row for row in report.outcomes if row.result == "not yet"]
    held = sum(row.result == "holds" for row in report.outcomes)
    better = sum(row.result == "advice" for row in report.outcomes)
    more = f"{f', {len(later)} cannot yet' if later else ''}{f', {better} could be better' if better else ''}"
    return [f"{held} of {len(report.outcomes)} points hold{more}"]


def _verdict(image: str, point: Point) -> Outcome:
    word = "wrong" if point.wrong else "not yet" if point.absent else "advice" if point.advice else "holds"
    return Outcome(f"{image}: {point.name}", word, Reason(point.wrong or point.found), detail="\n".join(point.remedy))


def _sight(config: Config, environment: Mapping[str, str], name: str) -> Sight:
    """Return what there is to see of one image, before anything is looked at."""
    migrations, settings = migration_settings(config), config.image[name]
    file, own = compose.file_of(config.root)
    expected = Expected(
        repository=repository_of(config, name),
        mount=config.data.mount,
        gates=gates_of(config),
        health=wants_health_check(settings),
        database=migrations.url_env if migrations is not None else "",
        compose=file,
        variables=None if own else config.work / "image" / f"{name}.env",
        writable=writable_of(settings),
        dockerfile=config.root / settings.dockerfile if settings.dockerfile else None,
    )

    def due() -> str:
        quiet = Console(environment, talk=io.StringIO())
        seen = build_images(config, quiet, environment, names=[name], dry_run=True).outcomes[0]
        return "" if seen.result == "fresh" else str(seen.reason)

    def imports(command: Sequence[str]) -> Imports:
        return _imported(config, command, environment)

    return Sight(expected, due, environment, imports)


def _imported(config: Config, command: Sequence[str], environment: Mapping[str, str]) -> Imports:
    """Return what came of importing the project's modules by the interpreter that `command` starts."""
    names = [*find_importable(config)]

    def ask(request: Request) -> Mapping[str, Import]:
        found, why_not = imported_elsewhere(request, command, environment)
        if why_not:
            raise _NotAsked(why_not)
        return found

    try:
        _, faults, forgiven = compared(names, ask)
    except _NotAsked as error:
        return Imports(len(names), {}, (), str(error))
    words = {name: shown(said.splitlines()[-1]) for name, said in faults.items()}
    return Imports(len(names), words, tuple(forgiven))


class _NotAsked(Exception):  # noqa: N818 - a fact: why a container answers nothing
    pass
