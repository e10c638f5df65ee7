"""Finds in settings and commands the words that may name a package: programs, modules, drivers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from buildkit.image import dockerfile
from buildkit.image.usage import texts
from buildkit.image.usage.project import File
from buildkit.image.usage.use import Kind, Use

_WORD = re.compile(r"(?<![\w./$-])[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*)*(?![\w-]*/)")
_COMMENT = re.compile(r"(^|\s)#.*|^\s*(;|//).*")
_INSTALLS = re.compile(
    r"\b(?:pip3?|pipx|conda|apk|apt|apt-get|npm|yarn|pnpm|brew)\s|\b(?:uv|poetry|pdm|pipenv|hatch)\s+(?!(?:-\S+\s+)*run\b)"
)
"""Commands that install what their words name; `poetry run` starts it."""
_DOCKERFILE = re.compile(r"(^|/|\.)(Dockerfile|Containerfile)", re.IGNORECASE)
_COMPOSE = re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$")
_STARTS = re.compile(r"(^|/)(Procfile[\w.-]*|entrypoint[\w.-]*)$|\.(sh|bash|service|fish)$")
_COMMAND = re.compile(r"^(\s*)(?:-\s+)?(command|entrypoint|test|args|exec|run|cmd|start\w*)\s*:", re.IGNORECASE)
_OF_TOOLS = frozenset(
    [
        "black",
        "build-system",
        "coverage",
        "cibuildwheel",
        "commitizen",
        "deptry",
        "flake8",
        "fawltydeps",
        "hatch",
        "importlinter",
        "isort",
        "mypy",
        "pdm",
        "pixi",
        "poe",
        "poetry",
        "pydocstyle",
        "pylint",
        "pyright",
        "pytest",
        "ruff",
        "semantic_release",
        "setuptools",
        "tox",
        "towncrier",
        "uv",
        "vulture",
    ]
)
_POINTS = ("scripts", "gui-scripts", "entry-points")
"""Tables of [project] whose values are modules that others load by name."""


def uses_in_settings(file: File) -> Iterator[Use]:
    """Yield what a file that is no source names: a program where it is started, a word elsewhere."""
    if _DOCKERFILE.search(file.path):
        yield from _of_dockerfile(file)
        return
    yield from _addresses(file)
    if _COMPOSE.search(file.path):
        yield from _of_commands(file)
        return
    starts = _STARTS.search(file.path) is not None
    for number, line in enumerate(file.text.splitlines(), 1):
        bare = _COMMENT.sub("", line)
        kind: Kind = "program" if starts or _COMMAND.match(bare) else "word"
        for part in _parts([bare]):
            if not _INSTALLS.search(part):
                yield from words(part, file.path, number, kind)


def words(text: str, file: str, line: int, kind: Kind) -> Iterator[Use]:
    """Yield the words of a text; dotted ones are paths."""
    for word in _WORD.findall(text):
        yield Use(word, "path" if "." in word else kind, file, line)


def of_command(command: Sequence[str], place: str) -> Iterator[Use]:
    """Yield the words of a command that settings name.

    Args:
        command: program and arguments.
        place: what names it, such as `pyproject.toml: image.api.command`.
    """
    for word in command:
        yield from words(word.rpartition("/")[2], place, 0, "program")
        yield from (Use(driver, kind, place, 0) for driver, kind in texts.drivers(word))


def of_tables(tables: Mapping[str, Any], file: str) -> Iterator[Use]:
    """Yield the words in the tables of pyproject.toml, without those that declare or that are for tools."""
    tools = tables.get("tool", {})
    rest = {name: each for name, each in tools.items() if name not in _OF_TOOLS} if isinstance(tools, Mapping) else {}
    project = tables.get("project", {})
    points = [project.get(each) for each in _POINTS] if isinstance(project, Mapping) else []
    for text in _strings([rest, *points]):
        if (word := texts.word(text)) is not None:
            yield Use(word, "path" if "." in word else "word", file, 0)
        yield from (Use(driver, kind, file, 0) for driver, kind in texts.drivers(text))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _addresses(file: File) -> Iterator[Use]:
    for number, line in enumerate(file.text.splitlines(), 1):
        yield from (Use(driver, kind, file.path, number) for driver, kind in texts.drivers(line))


def _of_dockerfile(file: File) -> Iterator[Use]:
    yield from _addresses(file)
    for each in dockerfile.read(file.text).instructions:
        if each.name in {"CMD", "ENTRYPOINT", "HEALTHCHECK", "RUN"}:
            texts_of = [each.text, *(heredoc.text for heredoc in each.heredocs)]
            for part in _parts(texts_of):
                if not _INSTALLS.search(part):
                    yield from words(part, file.path, each.line, "program")


def _parts(found: Iterable[str]) -> Iterator[str]:
    for text in found:
        yield from re.split(r"&&|\|\||;|\n|\|", text)


def _of_commands(file: File) -> Iterator[Use]:
    """Yield the words of the commands of a compose file: its keys and images are names of their own."""
    within: int | None = None
    for number, line in enumerate(file.text.splitlines(), 1):
        bare = _COMMENT.sub("", line)
        if not bare.strip():
            continue
        indent = len(bare) - len(bare.lstrip())
        found = _COMMAND.match(bare)
        if found is not None:
            within = len(found[1])
            yield from words(bare[found.end() :], file.path, number, "program")
        elif within is not None and (indent > within or (indent == within and bare.lstrip().startswith("-"))):
            yield from words(bare, file.path, number, "program")
        else:
            within = None
