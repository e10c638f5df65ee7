"""What a Dockerfile of the project says and an image of the suite does not have, each with the setting that says it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from buildkit.image.commands import program_words
from buildkit.image.review.build import Build, Step
from buildkit.image.review.burden import is_for_building, removed
from buildkit.image.review.installs import SYSTEM
from buildkit.image.review.secrets import is_secret_value

_OF_TOOLS = re.compile(
    r"(?:PIP|UV|POETRY|PDM|PIPENV|DEBIAN|PYTHON|PATH|LANG|LC_|VIRTUAL_ENV|VENV|HOME$|PORT$|DOCKER|APP_HOME|TZ$)\w*"
)
"""Variables about the building, which the suite's Dockerfile has no use for, or sets itself."""

_USUAL = frozenset(["apt-transport-https", "ca-certificates", "gnupg", "gnupg2", "software-properties-common", "wget"])
_MAKES = re.compile(
    r"\bmanage\.py (?:collectstatic|compilemessages|compress)\b|\b(?:npm|yarn|pnpm|bun) (?:run|build)\b|\bpybabel\b"
)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the settings of an image say.

    Args:
        command: the command.
        port: the port.
        environment: the variables.
        system: packages of the system.
        writable: folders that the service may write.
        assets: whether commands make files before the copy.
        health: whether the health check is said.
    """

    command: Sequence[str] = ()
    port: int = 8000
    environment: Mapping[str, object] = field(default_factory=dict)
    system: Sequence[str] = ()
    writable: Sequence[str] = ()
    assets: bool = False
    health: bool = False


def left_out(build: Build, declared: Declared) -> Iterator[tuple[int, str]]:
    """Yield what is not taken over of a Dockerfile: its line, and the words, with the setting that would say it."""
    last = {step.instruction.name: step for step in build.kept}
    for step in build.kept:
        yield from ((step.line, words) for words in _of_step(step, declared))
    for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        if name in last:
            yield from ((last[name].line, words) for words in _of_start(last[name], declared))


def _of_step(step: Step, declared: Declared) -> Iterator[str]:
    each = step.instruction
    if each.name == "RUN":
        yield from _of_run(step, declared)
    elif each.name == "ENV":
        for name, value in each.pairs:
            if not _OF_TOOLS.fullmatch(name) and name not in declared.environment and not is_secret_value(name, value):
                yield f"{name}: environment = {{ {name} = {json.dumps(value.strip(chr(34)))} }}"
    elif each.name == "EXPOSE":
        ports = [int(word.partition("/")[0]) for word in each.arguments if word.partition("/")[0].isdecimal()]
        if ports and declared.port not in ports:
            yield f"port {ports[0]}: port = {ports[0]}"
    elif each.name == "VOLUME":
        folders = [word for word in each.arguments if word not in declared.writable]
        if folders:
            yield f"folders that are written: writable = {json.dumps(folders)}"


def _of_run(step: Step, declared: Declared) -> Iterator[str]:
    named = [name for found in step.installs if found.tool in SYSTEM for name in found.packages if "$" not in name]
    plain = dict.fromkeys(re.split(r"[=:~]", name)[0] for name in named)
    known = {re.split(r"[=:~]", name)[0] for name in declared.system} | _USUAL | removed(step)
    missing = [name for name in plain if name not in known and not is_for_building(name)]
    if missing:
        yield f"packages of the system: system-packages = {json.dumps(missing)}"
    made = _MAKES.search(step.instruction.text)
    if made and not declared.assets:
        yield f"{made[0]}: assets = [...]"


def _of_start(step: Step, declared: Declared) -> Iterator[str]:
    each = step.instruction
    words = list(each.listed or ["/bin/sh", "-c", each.text])
    program = program_words(words)[:1]
    if each.name == "ENTRYPOINT" and program != program_words(declared.command)[:1] and program:
        yield f"{program[0]} does not run: what it does before the service starts is for a gate, or for the command"
    elif each.name == "CMD" and program and program != program_words(declared.command)[:1]:
        yield f"its command is {json.dumps(words)}, that of the image {json.dumps(list(declared.command))}"
    elif each.name == "HEALTHCHECK" and not declared.health and each.text.strip().upper() != "NONE":
        yield 'its check: health = "/path", a file or a command'
