"""The configuration of an image: what the last stage of its Dockerfile says, on top of what the base has.

Both ways of building follow one text, so an image has the same command, variables and user whoever built it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.errors import ImageError
from buildkit.image import dockerfile
from buildkit.image.dockerfile import Instruction
from buildkit.image.expansion import expanded

_USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What the builder takes for PATH where the base sets none."""

_SECOND = 1_000_000_000
_UNITS = {"ns": 1, "us": 1000, "ms": 1_000_000, "s": _SECOND, "m": 60 * _SECOND, "h": 3600 * _SECOND}
_TIMES = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
}
_COPIES = frozenset({"COPY"})
"""What is no configuration: the files that it brings are put in by other ways."""


def configured(
    text: str, arguments: Mapping[str, str], base: Mapping[str, Any], labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the member `config` of an image's configuration.

    Args:
        text: the Dockerfile.
        arguments: the build arguments.
        base: the same member of the base's configuration.
        labels: further labels.

    Raises:
        ImageError: the last stage has an instruction that needs an engine.
    """
    stage = dockerfile.read(text).stages[-1]
    given = {key: value for key, value in base.items() if value}
    variables = dict(str(row).partition("=")[::2] for row in given.get("Env", ()))
    variables.setdefault("PATH", _USUAL_PATH)
    values: dict[str, str] = {}
    for each in stage.instructions:
        if each.name == "ARG":
            name, _, default = each.text.partition("=")
            values[name] = arguments.get(name, _value(each, default, {**values, **variables}))
        elif each.name == "ENV":
            before = {**values, **variables}
            variables.update({name: _value(each, value, before) for name, value in each.pairs})
        elif each.name not in _COPIES:
            _apply(each, given, {**values, **variables})
    given["Env"] = [f"{name}={value}" for name, value in variables.items()]
    if {**given.get("Labels", {}), **labels}:
        given["Labels"] = {**given.get("Labels", {}), **labels}
    return given


def _apply(each: Instruction, given: dict[str, Any], known: Mapping[str, str]) -> None:
    if each.name == "WORKDIR":
        given["WorkingDir"] = _value(each, each.text, known)
    elif each.name == "USER":
        given["User"] = _value(each, each.text, known)
    elif each.name == "STOPSIGNAL":
        given["StopSignal"] = _value(each, each.text, known)
    elif each.name == "ENTRYPOINT":
        given["Entrypoint"] = _listed(each)
        given.pop("Cmd", None)  # that of the base is none for another entrypoint
    elif each.name == "CMD":
        given["Cmd"] = _listed(each)
    elif each.name == "EXPOSE":
        ports: dict[str, dict[str, str]] = {port if "/" in port else f"{port}/tcp": {} for port in each.arguments}
        given["ExposedPorts"] = {**given.get("ExposedPorts", {}), **ports}
    elif each.name == "HEALTHCHECK":
        given["Healthcheck"] = _health(each)
    else:
        raise ImageError(
            f"the image's last stage needs an engine: {each.written[:80]}",
            hint="packages of the system are installed by running apt or apk:\n"
            'use a base that has them, or builder = "docker"',
        )


def _health(each: Instruction) -> dict[str, Any]:
    found: dict[str, Any] = {"Test": ["CMD", *_listed(each, each.text.partition(" ")[2].strip())]}
    for name, key in _TIMES.items():
        for value in each.flag(name):
            found[key] = _nanoseconds(value)
    for value in each.flag("retries"):
        found["Retries"] = int(value)
    return found


def _nanoseconds(text: str) -> int:
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ns|us|ms|s|m|h)", text))


def _listed(each: Instruction, text: str = "") -> list[str]:
    from json import loads  # noqa: PLC0415 - the name says what it is for

    return [str(word) for word in loads(text or each.text)]


def _value(each: Instruction, text: str, known: Mapping[str, str]) -> str:
    return expanded(text, known, escape=each.escape) or ""


def created(seconds: int) -> str:
    """Return a moment as configurations write it."""
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def configuration(
    base: Mapping[str, Any],
    config: Mapping[str, Any],
    layers: Sequence[tuple[str, str]],
    time: int,
) -> dict[str, Any]:
    """Return an image's configuration.

    Args:
        base: the base's.
        config: the member `config`.
        layers: for each layer that is added, the digest of its tar and what it is.
        time: the image's time in seconds since 1970.
    """
    history = [*(base.get("history") or ())]
    known = [str(each) for each in base["rootfs"]["diff_ids"]]
    if sum(not each.get("empty_layer") for each in history) != len(known):
        history = [{"created_by": "base"} for _ in known]  # a base without one, or with one that does not fit
    history += [{"created": created(time), "created_by": "buildkit", "comment": words} for _, words in layers]
    kept = {key: base[key] for key in ("architecture", "os", "variant", "os.version", "os.features") if key in base}
    return {
        **kept,
        "created": created(time),
        "config": dict(config),
        "history": history,
        "rootfs": {"type": "layers", "diff_ids": [*known, *(digest for digest, _ in layers)]},
    }
