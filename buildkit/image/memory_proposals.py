"""Ways in which a service may take less memory: each is a start of its container that differs in one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_COUNT = re.compile(r"(--workers|-w|--processes)(?:=|)(\d+)?")
_BY_VARIABLE = "WEB_CONCURRENCY"
_FORKS = "gunicorn"
_ALONE = "--preload"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way.

    Args:
        name: what it is.
        advice: what to write so that it stays.
        command: the words that the container runs.
        environment: variables that are set for it.
        customized: whether the start of its Pythons is changed, by those variables.
    """

    name: str
    advice: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    customized: bool = False


def proposals(
    command: Sequence[str], variables: Mapping[str, str], packages: Sequence[str], switches: Mapping[str, str]
) -> Iterator[Proposal]:
    """Yield what can be tried.

    Args:
        command: the words that the container runs.
        variables: those of the image.
        packages: packages that may be loaded late, by the names under which they are imported.
        switches: variables by which features of the service are switched off, with the values that do so.
    """
    words = tuple(command)
    for name, value in switches.items():
        advice = f'environment = {{ {name} = "{value}" }}'
        yield Proposal(f"{name}={value}", f"{advice}, or where it is started", words, {name: value})
    count = workers_of(words, variables)
    if count > 1:
        fewer = max(1, count // 2)
        changed = with_workers(words, fewer)
        given = {} if changed != words else {_BY_VARIABLE: str(fewer)}
        yield Proposal(f"{fewer} of {count} workers", f"--workers {fewer}", changed, given)
        if (forked := preloaded(words)) is not None:
            yield Proposal(
                "preload and freeze",
                "gunicorn --preload, and in gunicorn.conf.py: def pre_fork(server, worker): gc.collect(); gc.freeze()",
                forked,
                {"PYBUILDKIT_TRY_FREEZE": "1"},
                customized=True,
            )
    for package in packages:
        yield Proposal(
            f"{package} loaded late",
            f"import {package} in the functions that need it",
            words,
            {"PYBUILDKIT_TRY_LAZY": package},
            customized=True,
        )


def workers_of(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Return how many workers a command starts as its words or variables say it; 0 if they do not."""
    for place, word in enumerate(command):
        found = _COUNT.fullmatch(word)
        if found is not None:
            text = found[2] or (command[place + 1] if place + 1 < len(command) else "")
            return int(text) if text.isdigit() else 0
    text = variables.get(_BY_VARIABLE, "")
    return int(text) if text.isdigit() else 0


def with_workers(command: Sequence[str], count: int) -> tuple[str, ...]:
    """Return a command with another number of workers; as it is where its words do not say one."""
    words = [*command]
    for place, word in enumerate(words):
        found = _COUNT.fullmatch(word)
        if found is not None and found[2]:
            words[place] = word[: found.start(2)] + str(count)
            return tuple(words)
        if found is not None and place + 1 < len(words) and words[place + 1].isdigit():
            words[place + 1] = str(count)
            return tuple(words)
    return tuple(words)


def preloaded(command: Sequence[str]) -> tuple[str, ...] | None:
    """Return the command of a server that forks its workers, so that it loads the service before; None for others."""
    for place, word in enumerate(command):
        if PurePosixPath(word).name == _FORKS:
            return None if _ALONE in command else (*command[: place + 1], _ALONE, *command[place + 1 :])
    return None
