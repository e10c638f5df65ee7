"""The data of the service: bring it up to date, see its state, compare it with its manifest, clear it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from buildkit.config import Config
from buildkit.core import sizes
from buildkit.data.artifact import layers
from buildkit.data.artifact.pull import pull as pull_artifact
from buildkit.data.artifact.push import push as push_artifact
from buildkit.data.refresh.refresh import refresh
from buildkit.data.stages import digests
from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status.decision import Condition
from buildkit.data.status.look import Look, age_of, due_in, in_words, look, look_now, newer
from buildkit.data.status.pieces import PieceComparison, first_reasons
from buildkit.data.status.verify import require_whole, verify
from buildkit.data.volume import claims, deleting, disk, generations, lease
from buildkit.data.volume.manifest import Manifest
from buildkit.doors import clock, locks
from buildkit.doors.clock import Stopwatch
from buildkit.errors import DataError
from buildkit.flows.data_pipeline import pipeline_of as pipeline_of  # noqa: PLC0414 - for others
from buildkit.flows.outdated import remove_outdated_extensions
from buildkit.model import Action, Outcome, Reason, Report, Step
from buildkit.report.console import Console, counts
from buildkit.report.progress import Progress

SCHEMA = "buildkit.data/1"


def refresh_data(
    config: Config, console: Console, environment: Mapping[str, str], *, dry_run: bool = False, force: bool = False
) -> Report:
    """Make what is due, and nothing else.

    Args:
        config: `[tool.buildkit.data]`.
        console: shows each stage.
        environment: the variables of the stages.
        dry_run: say what is due and do nothing.
        force: make every stage.

    Raises:
        DataError: an input cannot be read, or the folder cannot be written.
        StageError: a stage failed; the data that was there is untouched.
        CompileError: an extension no longer does what its source says, and the tree is read-only.
    """
    watch = Stopwatch()
    pipeline = pipeline_of(config)
    if not pipeline.stages:
        return _report((), watch, {})
    if dry_run:
        seen = _look(pipeline, environment, keep=False)
        rows = tuple(_foretold(row) for row in _rows(seen, force=force))
        for row in rows:
            console.outcome(row)
        return _report(rows, watch, {**_seen_facts(pipeline, seen), "dry-run": True})
    before = partial(remove_outdated_extensions, config, console, environment)
    with Progress(console, "making data").shown() as progress:
        result = refresh(pipeline, environment, console.say, console.news, force=force, before=before, advance=progress)
    return _report(result.outcomes, watch, {"state": Condition.FRESH.value, **_facts(pipeline, result.manifest)})


def data_status(config: Config, console: Console, environment: Mapping[str, str], *, dry_run: bool = False) -> Report:
    """Return which stages are due and why.

    Args:
        config: `[tool.buildkit.data]`.
        console: shows each stage.
        environment: the variables of the stages.
        dry_run: write nothing, not even the digest cache.

    Raises:
        DataError: an input cannot be read, or a newer version wrote the data.
    """
    watch = Stopwatch()
    pipeline = pipeline_of(config)
    if not pipeline.stages:
        return _report((), watch, {})
    seen = _look(pipeline, environment, keep=not dry_run)
    rows = _rows(seen)
    for row in rows:
        console.outcome(row)
    return _report(rows, watch, _seen_facts(pipeline, seen))


def verify_data(
    config: Config,
    console: Console,
    environment: Mapping[str, str],  # noqa: ARG001 - every flow takes the same
    *,
    deep: bool = False,
    dry_run: bool = False,
) -> Report:
    """Verify the current generation against its manifest.

    Args:
        config: `[tool.buildkit.data]`.
        console: shows each stage.
        environment: not used.
        deep: read every byte.
        dry_run: do not record that it was read.

    Raises:
        DataError: there is none, or files are missing or damaged.
    """
    watch = Stopwatch()
    pipeline = pipeline_of(config)
    if not pipeline.stages:
        return _report((), watch, {})
    verdict = verify(pipeline, deep=deep, record=not dry_run)
    for row in verdict.outcomes:
        console.outcome(row)
    require_whole(verdict)
    return _report(verdict.outcomes, watch, {"state": "whole", **_facts(pipeline, verdict.manifest)})


def clear_data(
    config: Config,
    console: Console,
    environment: Mapping[str, str],  # noqa: ARG001
    *,
    dry_run: bool = False,
) -> Report:
    """Delete every generation.

    Args:
        config: `[tool.buildkit.data]`.
        console: shows each generation.
        environment: not used.
        dry_run: say which there are and delete nothing.

    Raises:
        DataError: another process is making data, or the folder cannot be written.
    """
    watch = Stopwatch()
    folder = pipeline_of(config).folder
    there = generations.all_of(folder)
    if dry_run or not there:  # without any, the folder may be somebody else's: it is not even locked
        rows = tuple(Outcome(place.name, "would-remove", Reason("asked for")) for place in there)
        for row in rows:
            console.outcome(row)
        return _report(rows, watch, {"dry-run": dry_run}, row="generation")
    try:
        with lease.held(folder, wait=0):
            names = deleting.remove_all(folder)
    except locks.Busy:
        raise DataError(
            f"data: {claims.describe(folder)} is making it now", hint="wait for it, or end it, and clear again"
        ) from None
    except OSError as error:
        raise disk.as_error(error, folder) from error
    rows = tuple(Outcome(name, "removed", Reason("asked for")) for name in names)
    for row in rows:
        console.outcome(row)
    return _report(rows, watch, {}, row="generation")


def push_data(config: Config, console: Console, environment: Mapping[str, str], *, to: str = "") -> Report:
    """Publish the current generation in a registry.

    Args:
        config: `[tool.buildkit.data]`.
        console: shows each stage.
        environment: user and password of the registry, or Docker's own settings.
        to: `registry/name:tag`; `data.artifact` where empty.

    Raises:
        DataError: there is no data, it is damaged, or the registry refuses.
    """
    watch = Stopwatch()
    pipeline = pipeline_of(config)
    where = layers.published(pipeline, to)
    with Progress(console, "pushing data", unit=sizes.in_words).shown() as progress:
        done = push_artifact(pipeline.folder, where, environment, console.outcome, progress)
    return _report(done.outcomes, watch, _transfer_facts(pipeline, done))


def pull_data(config: Config, console: Console, environment: Mapping[str, str], *, source: str = "") -> Report:
    """Make a published generation the current one.

    Args:
        config: `[tool.buildkit.data]`.
        console: shows each stage.
        environment: user and password of the registry, or Docker's own settings.
        source: `registry/name:tag` or `registry/name@sha256:…`; `data.artifact` where empty.

    Raises:
        DataError: there is no such artefact, it is damaged, or the registry refuses.
        StageError: the volume is full, or another process took over the lease.
    """
    watch = Stopwatch()
    pipeline = pipeline_of(config)
    where = layers.published(pipeline, source)
    with Progress(console, "pulling data", unit=sizes.in_words).shown() as progress:
        done = pull_artifact(pipeline.folder, where, environment, console.say, console.outcome, progress)
    return _report(done.outcomes, watch, _transfer_facts(pipeline, done))


def _transfer_facts(pipeline: Pipeline, done: layers.Transfer) -> dict[str, object]:
    return {"digest": done.digest, "moved": done.transferred, **_facts(pipeline, done.manifest)}


def lines(report: Report) -> list[str]:
    """Return the summary of a report of this flow as text."""
    if not report.outcomes:
        nothing = "the project declares no stage: [[tool.buildkit.data.stage]]"
        return [f"data: {nothing if report.row == 'stage' else 'there is none to clear'}"]
    summary = ", ".join(f"{count} {result}" for result, count in counts(report.outcomes).items())
    facts = report.facts
    if "generation" not in facts:
        return [f"data: {summary}"]
    if "digest" in facts:
        return [f"data: {summary}; {facts['digest']}, {facts['moved']:,} bytes moved"]
    age = f", made {facts['age']} ago" if facts.get("age") else ""
    return [f"data: {summary}; generation {facts['generation']}{age}, {facts['bytes']:,} bytes"]


def _look(pipeline: Pipeline, environment: Mapping[str, str], *, keep: bool) -> Look:
    """Look at the data; `keep` what was read, and ask the volume for its time where this host's may be wrong."""
    cache = digests.beside(pipeline.folder)
    seen = look_now(pipeline, environment, cache) if keep else look(pipeline, environment, cache, clock.now())
    if keep and pipeline.folder.is_dir():
        cache.save()
    if seen.fault is not None:
        raise seen.fault
    if seen.condition is Condition.NEWER:
        raise newer(seen.detail)
    return seen


def _rows(seen: Look, *, force: bool = False) -> tuple[Outcome, ...]:
    return tuple(_row(step, seen.pieces.get(step.subject), force=force) for step in seen.steps)


def _foretold(row: Outcome) -> Outcome:
    """Return a row as a dry run says it."""
    return row._replace(result="would-make") if row.result == "due" else row


def _row(step: Step, its: PieceComparison | None, *, force: bool) -> Outcome:
    counts = its.counts if its else {}
    if force and its:
        counts = {"due": counts["due"] + counts["kept"], "kept": 0, "removed": counts["removed"]}
    if step.action is Action.LEAVE and not force:
        return Outcome(step.subject, "fresh", step.reason, pieces=counts)
    reason = Reason("asked for") if step.action is Action.LEAVE else step.reason
    return Outcome(step.subject, "due", reason, detail=first_reasons(its) if its else "", pieces=counts)


def _seen_facts(pipeline: Pipeline, seen: Look) -> dict[str, object]:
    return {
        "state": seen.condition.value,
        **({"detail": seen.detail} if seen.detail else {}),
        **(_facts(pipeline, seen.manifest) if seen.manifest else {}),
    }


def _facts(pipeline: Pipeline, manifest: Manifest) -> dict[str, object]:
    age = age_of(pipeline, manifest, clock.now()) or 0.0
    due = due_in(pipeline, manifest, clock.now())
    return {
        "generation": manifest.generation,
        "bytes": manifest.size,
        "files": sum(len(stage.files) for stage in manifest.stages.values()),
        "age": in_words(max(age, 0.0)),
        "due-in": "never" if due is None else in_words(due),
    }


def _report(rows: tuple[Outcome, ...], watch: Stopwatch, facts: Mapping[str, object], *, row: str = "stage") -> Report:
    return Report(SCHEMA, rows, watch.seconds, facts, row)
