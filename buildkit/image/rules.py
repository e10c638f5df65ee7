"""The ignore rules of an image build: the suite's, the project's, and again the suite's for secrets and data.

A project's rule that begins with `!` brings files back. `!src/**` is meant for the sources and not for a key among
them, so the rules for secrets, for the data and for the suite's own folder are repeated after it. A project that needs
such a file, a public certificate say, names it: `!src/app/ca.pem`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple

from buildkit.image.ignore.lines import parse
from buildkit.image.ignore.rules import Ignore
from buildkit.model import WORK

OWN = (f"**/{WORK}", f"**/{WORK}/**")
"""Keep out the suite's folder, which holds the data and the password of the development database."""

_SECRETS = "# secrets"


class Line(NamedTuple):
    """A line of the ignore file of a build.

    Args:
        text: the line.
        number: its number in the project's own file; 0 if it is the suite's.
    """

    text: str
    number: int = 0


def joined(suite: str, project: str, data: str, wanted: Iterable[str] = ()) -> str:
    """Return the text of the ignore file for the suite's Dockerfile; the arguments are those of `lines_of_suite`."""
    return as_text(lines_of_suite(suite, project, data, wanted))


def lines_of_suite(suite: str, project: str, data: str, wanted: Iterable[str] = ()) -> list[Line]:
    """Return the lines of the ignore file for the suite's Dockerfile.

    Args:
        suite: the suite's rules.
        project: the project's own `.dockerignore`.
        data: the data's folder, relative to the project; a folder outside of the project is not in the context.
        wanted: files and folders that the settings name; this counts like a rule that names them.
    """
    first, _, _ = suite.partition(_SECRETS)
    folder = posixpath.normpath(data)
    keeps = [*([] if folder.startswith((".", "/")) else [f"/{escaped(folder)}"]), *secrets(suite)]
    judge = parse("\n".join(keeps))
    lines = _numbered(project)
    asked = [*lines, *(Line(f"!{name}") for name in wanted)]
    named = [line for line in asked if _names(line.text, judge)]
    if any(line.text.strip().startswith("!") for line in lines):  # may bring back what is in a folder, not the folder
        keeps = [*keeps, *(f"{pattern}/**" for pattern in keeps)]
    before, between = [*first.rstrip().split("\n"), ""], ["", _SECRETS, *keeps]
    return [*map(Line, before), *lines, *map(Line, between), *named, *map(Line, OWN)]


def of_project(text: str) -> str:
    """Return the text of the ignore file for a project's own Dockerfile: its rules, and one for the suite's folder."""
    return as_text(lines_of_project(text))


def lines_of_project(text: str) -> list[Line]:
    """Return the lines of the ignore file for a project's own Dockerfile."""
    return [*_numbered(text.rstrip()), *map(Line, OWN)]


def as_text(lines: Iterable[Line]) -> str:
    """Return the text that consists of lines."""
    return "".join(f"{line.text}\n" for line in lines)


def _numbered(text: str) -> list[Line]:
    text = text.removeprefix("\ufeff").removesuffix("\n")
    return [Line(line, number) for number, line in enumerate(text.split("\n"), 1)] if text else []


def secrets(suite: str) -> list[str]:
    """Return the suite's rules for secrets, which are its last ones."""
    return suite.partition(_SECRETS)[2].splitlines()[1:]


def escaped(path: str) -> str:
    """Return the pattern that matches only this path."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", path)


def _names(line: str, keeps: Ignore) -> bool:
    """Whether a rule names a path that `keeps` keeps out, to bring it back: `!a/b.pem` does, `!a/**` does not."""
    text = line.strip()
    if not text.startswith("!"):
        return False
    pattern = posixpath.normpath(text[1:].strip().lstrip("/"))
    return keeps.explain(pattern).ignored
