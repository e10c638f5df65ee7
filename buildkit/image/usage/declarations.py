"""What a project declares that its image needs, each with the file and line that says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import BadNeed, Need, of_text
from buildkit.doors import reading

_NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*=|[\"']([A-Za-z0-9][\w.-]*)")
_VIA = re.compile(r"#\s*via\s+(.*)")
_OPTION = re.compile(r"\s+(--hash|--config-settings|--global-option)\b.*|\s+#.*")
_MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declared requirement.

    Args:
        need: the requirement; of several for one package the first, with the extras of all.
        place: the file and the line.
    """

    need: Need
    place: str


Holds = Callable[[str], bool]
"""Says whether a marker holds here."""


def declarations(
    needs: Iterable[Need], file: Path, others: Iterable[Path], root: Path, holds: Holds
) -> list[Declaration]:
    """Return the requirements that hold here with their places, each package once.

    Args:
        needs: the requirements.
        file: the pyproject.toml.
        others: further files that may have the line, such as a requirements.txt that a build backend reads.
        root: the project's folder, to which places are relative.
        holds: says whether a marker holds.
    """
    lines: dict[str, str] = {}
    for place in (*others, file):  # the last one counts
        lines |= {name: f"{_relative(place, root)}:{number}" for name, number in _lines_of(place).items()}
    found: dict[str, Declaration] = {}
    for need in (each for each in needs if holds(each.marker)):
        former = found.get(need.name)
        if former is None:
            found[need.name] = Declaration(need, lines.get(need.name, _relative(file, root)))
        else:
            extras = tuple(dict.fromkeys((*former.need.extras, *need.extras)))
            found[need.name] = Declaration(replace(former.need, extras=extras), former.place)
    return list(found.values())


def of_requirements(file: Path, root: Path, holds: Holds) -> list[Declaration]:
    """Return what a requirements file declares here, with the files that it names; not what it says others need.

    Args:
        file: the file.
        root: the project's folder.
        holds: says whether a marker holds.
    """
    found: dict[str, Declaration] = {}
    for need, place in _needs(file, root, set()):
        if holds(need.marker):
            found.setdefault(need.name, Declaration(need, place))
    return list(found.values())


def _needs(file: Path, root: Path, seen: set[Path]) -> Iterator[tuple[Need, str]]:
    if file in seen or len(seen) > _MOST_FILES or not reading.is_file(file):
        return
    seen.add(file)
    rows = reading.read_text(file, errors="replace").splitlines()
    for number, row in enumerate(rows, 1):
        line = row.strip().removesuffix("\\").strip()
        named = re.match(r"(?:-r|--requirement)[\s=]+(\S+)", line)
        if named:
            yield from _needs(file.parent / named[1], root, seen)
        if not line or line.startswith(("#", "-")) or _is_for_others(row, rows[number:]):
            continue
        try:
            yield of_text(_OPTION.sub("", line)), f"{_relative(file, root)}:{number}"
        except BadNeed:
            continue


def _is_for_others(row: str, below: list[str]) -> bool:
    """Return whether comments of pip-compile or uv say that a package is there for others alone."""
    said = []
    for line in [row, *below]:
        if line is not row and not line.strip().startswith(("#", "--hash")):
            break
        said += re.findall(r"#\s*(?:via\b)?\s*([^#]*)", line)
    via = [word for text in said for word in re.split(r"[,\s]+", text) if word]
    marked = any(_VIA.search(line) or line.strip() == "# via" for line in [row, *below[:3]])
    return marked and bool(via) and not any(word in {"-r", "-c"} or "(" in word for word in via)


def _lines_of(file: Path) -> Mapping[str, int]:
    """Return the first line of a file that begins a requirement of each package."""
    found: dict[str, int] = {}
    if not reading.is_file(file):
        return found
    plain = file.suffix != ".toml"
    for number, line in enumerate(reading.read_text(file, errors="replace").splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        names = re.findall(r"^\s*([A-Za-z0-9][\w.-]*)", line) if plain else map("".join, _NAME.findall(line))
        for name in names:
            found.setdefault(normalized(name), number)
    return found


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
