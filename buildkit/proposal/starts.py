"""How a project is started today: the commands of its Procfile, Dockerfile and scripts, as far as they can be read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from buildkit.proposal.look import Look

SERVERS = frozenset({"daphne", "fastapi", "flask", "granian", "gunicorn", "hypercorn", "uvicorn", "waitress-serve"})
_WORKERS = frozenset({"arq", "celery", "dramatiq", "huey_consumer", "rq", "saq", "taskiq"})
_RUNNERS = ("uv", "poetry", "pipenv", "pdm", "hatch", "rye")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*")
_TARGET = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)(?:\(.*\))?")


@dataclass(frozen=True, slots=True)
class Start:
    """A command that starts a process of the project.

    Args:
        words: program and arguments.
        place: where it stands.
        name: what the file calls the process; empty where it says no name.
    """

    words: tuple[str, ...]
    place: str
    name: str = ""

    @property
    def program(self) -> str:
        """The name of its program, of `python -m` that of the module."""
        if PurePosixPath(self.words[0]).name.startswith("python") and "-m" in self.words[:-1]:
            return self.words[self.words.index("-m") + 1]
        return PurePosixPath(self.words[0]).name

    @property
    def is_server(self) -> bool:
        """Whether it is a server of HTTP that is known."""
        return self.program in SERVERS

    @property
    def is_worker(self) -> bool:
        """Whether it is a program that works off a queue."""
        return self.program in _WORKERS

    @property
    def target(self) -> tuple[str, str]:
        """Module and attribute of the application that it is told to serve; two empty texts for none."""
        for word in self.words[1:]:
            found = _TARGET.fullmatch(word)
            if found:
                return found[1], found[2]
        return "", ""


def starts_of(look: Look, of_images: Sequence[tuple[str, str]] = ()) -> list[Start]:
    """Return the commands that start processes of a project, those of its images first.

    Args:
        look: the project.
        of_images: the commands of its Dockerfiles as texts for a shell, each with its place.
    """
    found: list[Start] = []
    for text, place in of_images:
        found += _of_text(text, place)
        found += [start for script in _scripts(text, look) for start in _of_text(look.texts[script], script)]
    for number, line in enumerate(look.texts.get("Procfile", "").splitlines(), 1):
        name, colon, text = line.partition(":")
        if colon and name.strip().isidentifier():
            found += _of_text(text, f"Procfile:{number}", name.strip())
    for name, text in look.texts.items():
        if name.endswith(".sh") and name.count("/") <= 1:
            found += [each for each in _of_text(text, name) if each.is_server or each.is_worker]
    return found


def _scripts(text: str, look: Look) -> Iterator[str]:
    """Yield the shell scripts of the project that a command names."""
    for word in re.findall(r"[\w./-]+\.sh", text):
        last = PurePosixPath(word).name
        yield from (name for name in look.texts if name == last or name.endswith(f"/{last}"))


def _of_text(text: str, place: str, name: str = "") -> Iterator[Start]:
    """Yield the commands in a text of the shell that start something which stays, as far as their words are plain."""
    for line in text.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\|\||;", line.partition(" #")[0]):
            words = _words(part)
            start = Start(words, place, name) if words else None
            if start is not None and (start.is_server or start.is_worker or name or start.words[0] == "python"):
                yield start


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a simple command, from its program on; none where the shell would have to make them."""
    try:
        words = shlex.split(text)
    except ValueError:
        return ()
    while words and (words[0] in {"exec", "env", "nohup", "time"} or _VARIABLE.fullmatch(words[0])):
        words.pop(0)
    if len(words) > 2 and words[0] in _RUNNERS and words[1] == "run":  # noqa: PLR2004 - a program and its run
        words = words[2:]
        while words and words[0].startswith("-"):
            words.pop(0)
    return tuple(words)
