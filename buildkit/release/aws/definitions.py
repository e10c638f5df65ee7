"""A task definition with another image, and what differs between two of them; pure.

What is not changed stays as it is, empty values too: a field that is lost is a fault that shows in production.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd

Definition = Mapping[str, Any]

_UNITS = re.compile(r"(?P<number>\d*\.?\d+)\s*(?P<unit>vcpu|gb|mb)", re.IGNORECASE)
_DEFAULTS: Mapping[str, Any] = {
    "essential": True,
    "protocol": "tcp",
    "readOnly": False,
    "networkMode": "bridge",
    "hostPort": 0,
    "rootDirectory": "/",
    "interval": 30,
    "timeout": 5,
    "retries": 3,
    "cpu": 0,
}
"""What ECS fills in where nothing is said, and so is no difference, wherever the field stands."""

_KEYS = ("name", "key", "containerPath", "sourceContainer", "hostname", "containerName", "type", "hostPath")
"""What tells the members of a list apart whose order means nothing."""

_ORDERED = frozenset({"command", "entryPoint", "links", "dockerSecurityOptions"})
"""Lists whose order means something, or that are no lists of things."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What is changed in a task definition.

    Args:
        container: the container that gets the image.
        reference: the image, by digest.
        health: the command of its health check, where the definition has none; empty for none.
    """

    container: str
    reference: str
    health: tuple[str, ...] = ()


def container_of(definition: Definition, wanted: str) -> str:
    """Return the name of the container that gets the image.

    Args:
        definition: the task definition.
        wanted: the name in the settings; the only container where empty.

    Raises:
        Odd: there is none of this name, or none is named and there are several.
    """
    names = [str(each.get("name", "")) for each in definition.get("containerDefinitions") or ()]
    if wanted in names:
        return wanted
    if not wanted and len(names) == 1:
        return names[0]
    known = ", ".join(names) or "none"
    raise Odd(
        f"no container {wanted}; it has: {known}" if wanted else f"several containers, and none is named: {known}"
    )


def the_container(definition: Definition, name: str) -> Mapping[str, Any]:
    """Return a container of a task definition; an empty one if there is none of this name."""
    found = (each for each in definition.get("containerDefinitions") or () if each.get("name") == name)
    return next(found, {})


def edited(base: Definition, edit: Edit) -> dict[str, Any]:
    """Return a task definition with another image in one container, and nothing else changed.

    A container without a health check gets that of the image: ECS does not look at the one in the image.
    """
    made = {name: deepcopy(value) for name, value in base.items()}
    for each in made["containerDefinitions"]:
        if each.get("name") == edit.container:
            each["image"] = edit.reference
            if edit.health and "healthCheck" not in each:
                each["healthCheck"] = {"command": ["CMD", *edit.health], **_HEALTH}
    return made


_HEALTH: Mapping[str, int] = {"interval": 5, "timeout": 5, "retries": 3, "startPeriod": 300}
"""As in the images. The start period is as long as ECS allows and costs nothing: a success in it counts at once."""


def same(first: Definition, second: Definition) -> bool:
    """Return whether two task definitions mean the same; tags are no part of that."""
    return bool(_meant(first) == _meant(second))


def differences(before: Definition, after: Definition) -> list[str]:
    """Return the paths of what differs between two task definitions, without any value: they hold secrets."""
    return sorted({*_differing(_meant(before), _meant(after), "")})


def _meant(definition: Definition) -> Any:  # noqa: ANN401 - JSON
    made = {name: deepcopy(value) for name, value in definition.items() if name != "tags"}
    if made.get("networkMode") in {"awsvpc", "host"}:  # the port of the host is that of the container
        for container in made.get("containerDefinitions") or ():
            for port in container.get("portMappings") or ():
                port.pop("hostPort", None)
    return _normal(made)


def _normal(value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return a value as ECS would give it back, without what it fills in, and with lists of things by their names."""
    if isinstance(value, Mapping):
        inner = {key: _normal(each, key) for key, each in value.items()}
        return {
            key: each
            for key, each in inner.items()
            if each not in (None, {}, [], "") and not (key in _DEFAULTS and _DEFAULTS[key] == each)
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [_normal(each) for each in value]
        if name in _ORDERED or not all(isinstance(each, (dict, str)) for each in items):
            return items
        if all(isinstance(each, dict) and _key_of(each) for each in items):
            found = {_key_of(each): each for each in items}
            if len(found) == len(items):
                return found
        return sorted(items, key=lambda each: json.dumps(each, sort_keys=True))
    return _amount(value) if name in {"cpu", "memory"} else value


def _key_of(value: Mapping[str, Any]) -> str:
    if "containerPort" in value:
        return f"{value['containerPort']}/{value.get('protocol', 'tcp')}"
    return next((str(value[key]) for key in _KEYS if value.get(key)), "")


def _amount(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return units or MiB as a number: ECS takes `1 vCPU` and `2 GB` as well, and gives back `1024` and `2048`."""
    if not isinstance(value, str):
        return value
    found = _UNITS.fullmatch(value.strip())
    if found is None:
        return int(value) if value.strip().isdigit() else value
    factor = 1 if found["unit"].lower() == "mb" else 1024
    return math.floor(float(found["number"]) * factor)


def _differing(before: Any, after: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    if before == after:
        return
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield path
        return
    for name in {*before, *after}:
        at = f"{path} {name}".strip().removeprefix("containerDefinitions ")
        if name not in before or name not in after:
            yield at
        else:
            yield from _differing(before[name], after[name], at)


def platform_of(definition: Definition, *, fargate: bool) -> str:
    """Return what the images of a task definition have to be made for, `linux/arm64`; empty if it does not say.

    Args:
        definition: the task definition.
        fargate: whether its tasks run on Fargate, which is x86-64 where nothing is said.
    """
    about = definition.get("runtimePlatform") or {}
    processor = {"X86_64": "amd64", "ARM64": "arm64"}.get(str(about.get("cpuArchitecture", "")), "")
    processor = processor or ("amd64" if fargate else "")
    system = "windows" if str(about.get("operatingSystemFamily", "")).startswith("WINDOWS") else "linux"
    return f"{system}/{processor}" if processor else ""


def read(text: bytes) -> dict[str, Any]:
    """Return the task definition in a file, which may be what `aws ecs describe-task-definition` printed.

    Raises:
        Odd: it is none.
    """
    found = untrusted.table(untrusted.json_of(text))
    inner = untrusted.table(found["taskDefinition"]) if "taskDefinition" in found else found
    for each in untrusted.rows(inner.get("containerDefinitions")):
        untrusted.text(untrusted.table(each).get("name"))
    untrusted.text(inner.get("family"))
    return inner
