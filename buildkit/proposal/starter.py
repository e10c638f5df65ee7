"""The small service that a folder without a project gets: one copy, which is tested here and shipped in the wheel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import buildkit
from buildkit.doors import reading
from buildkit.errors import ConfigurationError
from buildkit.proposal.files import Change

_NAME = "starter"
_PACKAGE = Path(buildkit.__file__).parent
_OF_ALEMBIC = ("env.py", "script.py.mako")
_SKIPPED = frozenset({"__pycache__", ".buildkit", "data"})
_HIDDEN = {"gitignore": ".gitignore"}
"""Files that have another name in the wheel, where they must not count."""

_WITHOUT_NAME = (".git", ".venv", "venv")
"""What a new folder may have without being a project."""


def starter_of(root: Path, name: str) -> tuple[Change, ...]:
    """Return the files of the small service that a folder lacks; pyproject.toml comes last.

    Args:
        root: the folder.
        name: what the service is called.

    Raises:
        ConfigurationError: the folder has something else already.
        FileNotFoundError: the installation lacks the files.
    """
    wanted = {place: text.replace(_NAME, name) if place in _NAMED else text for place, text in _files()}
    mine = {entry.name for entry in root.iterdir() if entry.name not in _WITHOUT_NAME}
    strange = mine - {place.partition("/")[0] for place in wanted}
    changed = [place for place, text in wanted.items() if _text(root / place) not in {None, text}]
    if strange or changed:
        there = ", ".join(sorted([*strange, *changed])[:3])
        raise ConfigurationError(
            f"{root}: the folder is not empty: {there}",
            hint="make the service in a new folder; a project that is there is set up by init without --from-scratch",
        )
    lacking = sorted(place for place in wanted if _text(root / place) is None)
    ordered = sorted(lacking, key=lambda place: place == "pyproject.toml")
    return tuple(Change(place, "", wanted[place]) for place in ordered)


_NAMED = ("pyproject.toml", "README.md", "src/app/main.py")


def _files() -> Iterator[tuple[str, str]]:
    """Yield each file of the service with its text."""
    service = _folder(_PACKAGE / "templates" / _NAME, _PACKAGE.parent / "examples" / _NAME)
    for file in sorted(service.rglob("*")):
        place = file.relative_to(service)
        if file.is_file() and not _SKIPPED & {*place.parts} and file.suffix not in {".so", ".pyc"}:
            yield _HIDDEN.get(str(place), place.as_posix()), file.read_text("utf-8")
    alembic = _folder(_PACKAGE / "templates" / "migrations", _PACKAGE.parent / "migrations")
    yield from ((f"migrations/{name}", (alembic / name).read_text("utf-8")) for name in _OF_ALEMBIC)


def _folder(*places: Path) -> Path:
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{places[0]}: the suite is not installed completely")


def _text(file: Path) -> str | None:
    """Return the text of a file; None where there is none."""
    try:
        return reading.read_text(file)
    except FileNotFoundError:
        return None
