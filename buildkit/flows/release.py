"""`invoke release`: one plan from a commit to running services, and its steps in order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from buildkit.config import Config
from buildkit.core.fingerprint import digest_value
from buildkit.doors import locks
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BuildkitError, ConfigurationError, ReleaseRefusedError
from buildkit.flows.registry_login import logged_in
from buildkit.flows.release_look import Asked, Scene, look
from buildkit.flows.release_steps import Steps
from buildkit.model import Outcome, Report
from buildkit.release import plan as plans
from buildkit.release import saved
from buildkit.release.plan import Plan, Step, Wants
from buildkit.report.console import Console

SCHEMA = "buildkit.release/1"


def plan_release(
    config: Config, console: Console, environment: Mapping[str, str], *, asked: Asked, save: str = ""
) -> Report:
    """Say what a release would do, each step with its reason; changes nothing.

    Args:
        config: the project.
        console: shows what the look waits for.
        environment: what the docker client and git get; credentials of the registry.
        asked: what was asked for.
        save: a file for the plan, which `release` follows if nothing has changed by then.

    Raises:
        ReleaseRefusedError: a gate does not let it pass.
        BuildkitError: something cannot be looked at; the subclass says what.
    """
    watch = Stopwatch()
    environment = _logged_in(config, environment, asked)
    scene, plan = _decided(config, console, environment, asked)
    report = _report(scene, tuple(_planned(step) for step in plan.steps), watch)
    _require_passed(plan, report)
    if save:
        saved.write(Path(save), saved.facts(scene.sight, _flags(asked)), plan)
    return report


def release(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    asked: Asked,
    plan: str = "",
    dry_run: bool = False,
    confirmed: bool = True,
) -> Report:
    """Release: look, decide, then do what is due; a release that was killed goes on where it was.

    Args:
        config: the project.
        console: shows each step as it ends.
        environment: as for `plan_release`.
        asked: what was asked for.
        plan: a saved plan, which is followed only if nothing has changed since.
        dry_run: decide and say, change nothing.
        confirmed: whether it may be done; at a terminal that has to be said.

    Raises:
        ReleaseRefusedError: a gate refuses, or the saved plan no longer fits.
        RestoredError: it failed, and the release before it serves.
        MixedError: it failed, and so did the way back.
        UndecidedError: the time ran out.
        BuildkitError: the migration failed, or something cannot be looked at; the subclass says what.
    """
    if dry_run:
        return plan_release(config, console, environment, asked=asked)
    watch = Stopwatch()
    environment = _logged_in(config, environment, asked)
    with _exclusive(config):
        scene, decided = _decided(config, console, environment, asked)
        if plan:
            _require_unchanged(Path(plan), scene, asked)
        planned = _report(scene, tuple(_planned(step) for step in decided.steps), watch)
        _require_passed(decided, planned)
        if decided.due and not confirmed:
            raise ConfigurationError(
                "nothing was done: this is a terminal, and --yes was not given",
                hint="look at the plan above, and add --yes",
                report=planned,
            )
        pushed = _push(config, console, environment, scene, decided)
        if pushed:
            scene, decided = _decided(config, console, environment, asked)
            _require_passed(decided, _report(scene, tuple(_planned(step) for step in decided.steps), watch))
        steps = Steps(scene, decided, environment, console, asked.only, pushed)
        try:
            steps.run(_id(scene))
        except BuildkitError as error:
            error.report = _report(scene, tuple(steps.outcomes), watch)
            raise
        return _report(scene, tuple(steps.outcomes), watch)


def lines(report: Report) -> list[str]:
    """Return each step, and a line that sums them up."""
    rows = [f"{row.result:<8} {row.subject}: {row.reason}{_change(row)}" for row in report.outcomes]
    due = sum(row.result == plans.DUE for row in report.outcomes)
    made = sum(row.result == "made" for row in report.outcomes)
    facts = report.facts
    what = f"{facts['revision'] or 'no commit'} to {facts['environment']}"
    words = (
        f"{due} steps are due" if due else f"{made} steps done in {report.seconds:.1f} s" if made else "nothing to do"
    )
    return [*rows, f"release of {what}: {words}"]


def _change(row: Outcome) -> str:
    if row.before == row.after or not row.after:
        return ""
    return f" [{row.before or 'nothing'} → {row.after}]"


def _logged_in(config: Config, environment: Mapping[str, str], asked: Asked) -> Mapping[str, str]:
    return environment if asked.offline else logged_in(config.release.resolved.registry, environment)


def _decided(config: Config, console: Console, environment: Mapping[str, str], asked: Asked) -> tuple[Scene, Plan]:
    scene = look(config, environment, asked, console.say)
    wants = Wants(scene.settings, asked.only, asked.allow_contract, asked.allow_dirty, asked.back, asked.push)
    return scene, plans.decide(scene.sight, wants)


def _push(
    config: Config, console: Console, environment: Mapping[str, str], scene: Scene, decided: Plan
) -> tuple[str, ...]:
    """Build and push the images that the registry lacks, all of them before anything else; return their names.

    Their tags are their commit's alone: `latest` moves at the end of the release.

    Raises:
        BuildkitError: one does not build, or the registry refuses; nothing else was changed.
    """
    names = tuple(step.subject for step in decided.due if step.kind == plans.IMAGE)
    if names:
        from buildkit.flows import image_push  # noqa: PLC0415 - a release whose images are there does without

        tag = scene.sight.tag if scene.sight.dirty else ""
        wanted = image_push.Asked(scene.settings.registry, tag, latest="never")
        image_push.push_images(config, console, environment, names=names, asked=wanted)
    return names


def _planned(step: Step) -> Outcome:
    return Outcome(step.name, step.action, step.reason, before=step.before, after=step.after)


def _report(scene: Scene, rows: tuple[Outcome, ...], watch: Stopwatch) -> Report:
    sight = scene.sight
    facts = {"release": _id(scene), "environment": sight.environment, "revision": sight.tag}
    return Report(SCHEMA, rows, watch.seconds, facts, row="step")


def _id(scene: Scene) -> str:
    """Return the release's id: equal for equal images, so that one that goes on after a kill has the same."""
    sight = scene.sight
    images = sorted((name, image.digest) for name, image in sight.images.items())
    return f"{sight.environment}-{sight.tag or 'none'}-{digest_value([*map(list, images)])[:8]}"


def _require_passed(plan: Plan, report: Report) -> None:
    if not plan.refused:
        return
    count = "a gate refuses" if len(plan.refused) == 1 else f"{len(plan.refused)} gates refuse"
    raise ReleaseRefusedError(
        f"{count} the release; nothing was changed",
        details=[f"{step.name}: {step.reason}" for step in plan.refused],
        hint="\n".join(dict.fromkeys(step.hint for step in plan.refused if step.hint)),
        report=report,
    )


def _flags(asked: Asked) -> dict[str, object]:
    found = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(asked).items()}
    return {name: value for name, value in found.items() if name not in {"push", "offline"}}


def _require_unchanged(path: Path, scene: Scene, asked: Asked) -> None:
    changes = saved.changes(saved.read(path), saved.facts(scene.sight, _flags(asked)))
    if changes:
        raise ReleaseRefusedError(
            f"the plan {path} no longer fits; nothing was changed",
            details=changes,
            hint="look at what is planned now: invoke release.plan --save FILE",
        )


@contextlib.contextmanager
def _exclusive(config: Config) -> Iterator[None]:
    """Hold the lock of releases to this environment from this checkout.

    Raises:
        ReleaseRefusedError: another one is under way.
    """
    place = config.work / "release" / f"{config.release.environment}.lock"
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locks.held(place, wait=0, overtake=False))
        except locks.Busy:
            raise ReleaseRefusedError(
                f"another release to {config.release.environment} is under way: {locks.describe(place)}",
                hint="wait for it, or end it, and release again",
            ) from None
        yield
