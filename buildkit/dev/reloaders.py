"""Commands that reload a service by themselves, which is the loop's own work; and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WORDS = ("--reload", "--autoreload", "--auto-reload")


@dataclass(frozen=True, slots=True)
class Reloader:
    """What makes a command reload by itself.

    Args:
        word: the word of the command that does.
        instead: the command without it.
    """

    word: str
    instead: tuple[str, ...]


def reloader_of(command: Sequence[str]) -> Reloader | None:
    """Return what makes a command reload by itself; None if it does not."""
    names = [word.rpartition("/")[2] for word in command]
    for at, word in enumerate(command):
        if at and word.partition("=")[0] in _WORDS:
            return Reloader(word.partition("=")[0], (*command[:at], *command[at + 1 :]))
    if "manage.py" in names or "django-admin" in names:
        return _of_django(command)
    if {"flask", "run"} <= {*names} and "--debug" in command and "--no-reload" not in command:
        return Reloader("--debug", (*command, "--no-reload"))
    if {"fastapi", "dev"} <= {*names} and "--no-reload" not in command:
        return Reloader("dev", (*command, "--no-reload"))
    return None


def _of_django(command: Sequence[str]) -> Reloader | None:
    if "runserver" not in command or "--noreload" in command:
        return None
    at = command.index("runserver") + 1
    has_port = any("{port}" in word or word.rpartition(":")[2].isdecimal() for word in command[at:])
    return Reloader("runserver", (*command[:at], "--noreload", *command[at:], *(() if has_port else ("{port}",))))
