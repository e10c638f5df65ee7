"""Folders beside the project whose packages this Python imports: PYTHONPATH, and what `pip install -e` left.

The service imports from there, so `cimport` finds declarations there too. An editable install leaves in site-packages a
`.pth` file with the folder (hatch, uv, setuptools where the sources lie in `src/`), a finder of setuptools that maps
each package to its folder, or a module of meson-python or scikit-build-core (`editables`). All are read, and nothing of
them is run.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from buildkit.compile.editables import editable_roots, is_editable
from buildkit.compile.places import Places
from buildkit.doors import reading

_FINDER = re.compile(r"__editable___\w+_finder\.py")
_MAPPING = re.compile(r"^MAPPING(?::[^=\n]*)? = (\{.*\})$", re.MULTILINE)
_CODE = ("#", "import ", "import\t")


def sibling_folders(
    places: Places, environment: Mapping[str, str], note: Callable[[str], object] = str
) -> tuple[str, ...]:
    """Return the folders that packages are imported from, in this order, whether they are there or not.

    Args:
        places: the project's own folders, those of installed packages and of tools are left out.
        environment: `PYTHONPATH` is read from it.
        note: is called with each file that is read.
    """
    given = [folder for folder in environment.get("PYTHONPATH", "").split(os.pathsep) if folder]
    found = [*given, *(folder for site in places.site for folder in _of_site(site, note))]
    own = {places.source, places.project, *places.site}
    real = {*map(os.path.realpath, filter(None, own))}
    plain = dict.fromkeys(map(os.path.abspath, found))
    return tuple(
        folder
        for folder in plain
        if folder not in own
        and os.path.realpath(folder) not in real
        and not f"{folder}{os.sep}".startswith(tuple(f"{tool}{os.sep}" for tool in places.toolchain_folders))
    )


def _of_site(site: str, note: Callable[[str], object]) -> Iterator[str]:
    """Yield the folders that the files of one site-packages name."""
    try:
        names = sorted(os.listdir(site))  # noqa: PTH208
    except OSError:
        return
    for name in names:
        if name.endswith(".pth"):
            yield from (os.path.join(site, line) for line in _folders(_text(f"{site}/{name}", note)))  # noqa: PTH118
        elif _FINDER.fullmatch(name):
            yield from _roots(_text(f"{site}/{name}", note))
        elif is_editable(name):
            yield from editable_roots(name, _text(f"{site}/{name}", note), lambda file: _text(file, note))


def _folders(text: str) -> Iterable[str]:
    """Return the lines of a `.pth` file that name folders; the others are code."""
    lines = (line.rstrip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(_CODE)]


def _roots(text: str) -> Iterator[str]:
    """Yield the folder that each package of a finder lies in; one that bears another name there has none."""
    found = _MAPPING.search(text)
    mapping: object = None
    if found:
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            mapping = ast.literal_eval(found[1])
    for package, place in mapping.items() if isinstance(mapping, dict) else ():
        if isinstance(package, str) and isinstance(place, str):
            inner = f"{os.sep}{package.replace('.', os.sep)}"
            for ending in ("", ".py"):
                if place.endswith(f"{inner}{ending}"):
                    yield place[: -len(inner + ending)]


def _text(file: str, note: Callable[[str], object]) -> str:
    note(file)
    try:
        return reading.read_text(file, errors="replace")
    except OSError:
        return ""
