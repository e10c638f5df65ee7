"""What runs of a service on ECS, and why tasks of it ended; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from buildkit.core import untrusted
from buildkit.release import endings
from buildkit.release.aws.definitions import Definition, the_container
from buildkit.release.sight import FAILING, HEALTHY, STARTING, Image, Running

Task = Mapping[str, Any]

AHEAD = "PYBUILDKIT_MIGRATE_AHEAD"

_ENDED_BY_ITSELF = frozenset({"TaskFailedToStart", "EssentialContainerExited"})
_UNWELL = re.compile(r"fail|unhealthy", re.IGNORECASE)
_CHANGING = re.compile(r"arn:\S+|[0-9a-f]{32}|i-[0-9a-f]{8,}|\d+\.\d+\.\d+\.\d+|\(.*?\)")
"""What differs between two tasks that fail for the same reason."""


class Ending(NamedTuple):
    """The end of a task that was not asked for.

    Args:
        task: the task's id.
        words: why it ended.
        kind: equal for tasks that ended for the same reason.
    """

    task: str
    words: str
    kind: str


def id_of(task: Task) -> str:
    """Return the id of a task, as the console shows it."""
    return str(task.get("taskArn", "")).rpartition("/")[2]


def condition_of(task: Task) -> str:
    """Return how a task is: `healthy`, `starting` or `failing`."""
    if task.get("healthStatus") == "UNHEALTHY" or task.get("lastStatus") in {"DEACTIVATING", "STOPPING", "STOPPED"}:
        return FAILING
    return HEALTHY if task.get("lastStatus") == "RUNNING" else STARTING


def running(task: Task, definition: Definition, container: str, host: str, *, current: bool) -> Running:
    """Return what a plan knows of a task.

    Args:
        task: the task.
        definition: its task definition.
        container: the name of the container that has the image.
        host: the registry of releases; an image of another one is not looked up, and so is not known.
        current: whether the definition is as the settings have it, but for the image.
    """
    asked = the_container(definition, container)
    reference = str(asked.get("image", ""))
    seen: Task = next((each for each in task.get("containers") or () if each.get("name") == container), {})
    place, _, digest = reference.partition("@")
    digest = digest or str(seen.get("imageDigest") or "")
    image = Image(_untagged(place), digest) if digest and place.startswith(f"{host}/") else None
    variables = {each.get("name"): each.get("value") for each in asked.get("environment") or ()}
    ahead = str(variables.get(AHEAD) or "")
    return Running(f"task {id_of(task)}", digest, condition_of(task), image, ahead, reference, current)


def _untagged(place: str) -> str:
    """Return an image's name without a tag; a colon before a slash is that of a port."""
    head, colon, tag = place.rpartition(":")
    return head if colon and "/" not in tag else place


def ending(task: Task) -> Ending | None:
    """Return why a task ended; None where ECS took it away because it was no longer wanted."""
    reason, code = str(task.get("stoppedReason") or ""), str(task.get("stopCode") or "")
    parts = [part for each in task.get("containers") or () if (part := _of_container(each))]
    if code not in _ENDED_BY_ITSELF and not (code != "UserInitiated" and _UNWELL.search(reason)):
        return None
    words = "; ".join([*parts, *([reason] if reason and (not parts or code != "EssentialContainerExited") else [])])
    words = untrusted.shown(words or code or "it gives no reason", 400)
    return Ending(id_of(task), words, _CHANGING.sub("", words))


def _of_container(container: Mapping[str, Any]) -> str:
    """Return what became of a container; empty if it ended well, or was not started."""
    name, code, reason = container.get("name"), container.get("exitCode"), str(container.get("reason") or "")
    if isinstance(code, int) and code:
        return f"container {name} {endings.ended(code)}{f' ({reason})' if reason else ''}"
    return f"container {name}: {reason}" if reason else ""


def repeated(found: Iterable[Ending], times: int) -> Ending | None:
    """Return an ending that came as often as this; None if none did."""
    seen: dict[str, list[Ending]] = {}
    for each in found:
        same = seen.setdefault(each.kind, [])
        same.append(each)
        if len(same) >= times:
            return same[0]
    return None


def lines(found: Sequence[Ending], most: int = 5) -> list[str]:
    """Return a line for each ending, those that are the same together."""
    counts: dict[str, list[Ending]] = {}
    for each in found:
        counts.setdefault(each.kind, []).append(each)
    return [
        f"task {same[0].task}: {same[0].words}{f' ({len(same)} times)' if len(same) > 1 else ''}"
        for same in [*counts.values()][:most]
    ]
