"""The data commands inside a container: status, verify, renew, clear, push, pull."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping

from buildkit.data.artifact import layers
from buildkit.data.artifact.pull import pull as pull_artifact
from buildkit.data.artifact.push import push as push_artifact
from buildkit.data.stages import digests
from buildkit.data.stages.pipeline import Pipeline
from buildkit.data.status.decision import WHOLE, Condition
from buildkit.data.status.look import due_in, in_words, look_now, newer
from buildkit.data.status.verify import Verification, require_whole, verify
from buildkit.data.volume import claims, deleting, disk, lease
from buildkit.doors import clock, locks
from buildkit.errors import DataError
from buildkit.model import Action, Outcome
from buildkit.runtime import state
from buildkit.runtime.data_gate import refresh_and_log

Say = Callable[[str], None]
Command = Callable[[Pipeline, Mapping[str, str], Say], None]

DUE = "buildkit.data-due/1"

_BESIDE, _LEAST = 10, 19
"""Niceness of work beside the service: of a refresh, and of reading all data, which nothing waits for."""

_MOST_LINES = 20


def status(pipeline: Pipeline, environment: Mapping[str, str], _: Say) -> None:
    """Print the state of the data and of each stage; data that is complete but due is no error.

    Raises:
        DataError: the data is missing or damaged, or a newer version wrote it.
    """
    cache = digests.beside(pipeline.folder)
    seen = look_now(pipeline, environment, cache)
    for step in seen.steps:
        _print(f"{step.subject}: {'fresh' if step.action is Action.LEAVE else 'due'} ({step.reason})")
    if seen.condition is Condition.NEWER:
        raise newer(seen.detail)
    if seen.condition not in WHOLE:
        detail = f" ({seen.detail})" if seen.detail else ""
        raise DataError(
            f"data in {pipeline.folder}: {seen.condition.value}{detail}",
            hint="python -m buildkit.runtime --renew makes it",
        )
    if seen.manifest is not None:
        due = due_in(pipeline, seen.manifest, clock.now())
        when = "never due by age" if due is None else f"due by age in {in_words(due)}"
        _print(f"{seen.condition.value}: generation {seen.manifest.generation}, {seen.manifest.size:,} bytes, {when}")


def due(pipeline: Pipeline, environment: Mapping[str, str], _: Say) -> None:
    """Print as JSON what a start of this image would make of the data; changes nothing, and nothing is an error."""
    seen = look_now(pipeline, environment, digests.beside(pipeline.folder))
    stages = [step.subject for step in seen.steps if step.action is not Action.LEAVE]
    whole = seen.condition in WHOLE
    about = {"condition": seen.condition.value, "whole": whole, "policy": pipeline.policy, "due": stages}
    _print(json.dumps({"schema": DUE, **about, "artifact": bool(pipeline.artifact)}))


def verify_quickly(pipeline: Pipeline, _: Mapping[str, str], say: Say) -> None:
    """Compare size and time of every file with the manifest.

    Raises:
        DataError: files are missing or damaged.
    """
    _verify(pipeline, say, deep=False)


def verify_deeply(pipeline: Pipeline, _: Mapping[str, str], say: Say) -> None:
    """Compare every byte with the manifest, at a low priority beside the service.

    Raises:
        DataError: files are missing or damaged.
    """
    os.nice(_BESIDE)
    _verify(pipeline, say, deep=True)


def verify_and_repair(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> None:
    """Compare every byte with the manifest, and make damaged stages again; one process at a time.

    Raises:
        DataError: files are missing or damaged, and they cannot be made or, by policy `fail`, may not be made here.
        StageError: a stage failed.
    """
    os.nice(_LEAST)
    try:
        with locks.held(pipeline.folder / "read.lock", wait=0):
            verdict = _compared(pipeline, say, deep=True)
    except locks.Busy:
        say("data: somebody else reads it now")
        return
    if verdict.damage:
        for line in verdict.damage[:_MOST_LINES]:
            say(f"data: {line}")
        state.write(environment, state.State(state.DEGRADED, verdict.damage[0]), pipeline.folder)
        if pipeline.policy == "fail":
            require_whole(verdict)
        refresh_and_log(pipeline, environment, say)


def refresh(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> None:
    """Bring the data up to date, at a low priority beside the service.

    Raises:
        DataError: the data cannot be made.
        StageError: a stage failed.
    """
    os.nice(_BESIDE)
    refresh_and_log(pipeline, environment, say)


def clear(pipeline: Pipeline, _: Mapping[str, str], say: Say) -> None:
    """Delete every generation.

    Raises:
        DataError: another process is making data, or the folder cannot be written.
    """
    try:
        with lease.held(pipeline.folder, wait=0):
            for name in deleting.remove_all(pipeline.folder):
                say(f"data: {name}: removed")
    except locks.Busy:
        raise DataError(
            f"data: {claims.describe(pipeline.folder)} is making it now", hint="wait for it, or end it, and clear again"
        ) from None
    except OSError as error:
        raise disk.as_error(error, pipeline.folder) from error


def push(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> None:
    """Publish the current generation.

    Raises:
        DataError: there is no generation, or the registry refuses.
    """
    done = push_artifact(pipeline.folder, layers.published(pipeline), environment, _teller(say))
    _print(done.digest)


def pull(pipeline: Pipeline, environment: Mapping[str, str], say: Say) -> None:
    """Make the published generation the current one.

    Raises:
        DataError: there is no published generation, or the registry refuses.
        StageError: the volume is full.
    """
    done = pull_artifact(pipeline.folder, layers.published(pipeline), environment, say, _teller(say))
    _print(done.digest)


COMMANDS: dict[tuple[str, ...], tuple[Command, str]] = {
    ("--renew",): (refresh, "bring the data up to date"),
    ("--due",): (due, "what a start would make of it, as JSON"),
    ("--status",): (status, "exit code 0 if the data is whole, 30 if not"),
    ("--verify",): (verify_quickly, "compare size and time of every file"),
    ("--verify", "--deep"): (verify_deeply, "compare every byte"),
    ("--verify", "--deep", "--renew"): (verify_and_repair, "compare every byte, and make anew what is damaged"),
    ("--pull",): (pull, "fetch the published data"),
    ("--push",): (push, "publish the data"),
    ("--clear",): (clear, "delete the data"),
}
"""The commands by their arguments, each with its description."""


def _verify(pipeline: Pipeline, say: Say, *, deep: bool) -> None:
    verdict = _compared(pipeline, say, deep=deep)
    require_whole(verdict)
    _print(f"whole: generation {verdict.manifest.generation}, {verdict.manifest.size:,} bytes")


def _compared(pipeline: Pipeline, say: Say, *, deep: bool) -> Verification:
    verdict = verify(pipeline, deep=deep)
    for row in verdict.outcomes:
        say(f"data: stage {row.subject}: {row.result} ({row.reason}, {row.seconds:.2f} s)")
    return verdict


def _teller(say: Say) -> Callable[[Outcome], None]:
    return lambda row: say(f"data: stage {row.subject}: {row.result} ({row.reason})")


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a result
