"""Which files of a project its image gets: one plan for every builder, made from names alone.

A path in the project is the same path below /app in the image.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from buildkit.model import LIBRARY

BUILD_ONLY = (
    *(f"*.{ending}" for ending in ("c", "C", "cc", "cpp", "cxx", "c++", "h", "hh", "hpp", "hxx", "h++")),
    *("*.pxd", "*.pxi", "*.pyx", "__pycache__", ".*"),
)
"""Files that only a compiler reads. The Python sources stay, since tracebacks quote them."""


_MODULE = re.compile(r"(?P<folder>.*?)(__pycache__/)?(?P<name>[^/.]+)\.([^/]*\.)?(py|pyc|pyi|so)")


class Absent(FileNotFoundError):  # noqa: N818 - a fact: the builder words it
    """Something that the image is to get is not in the build context."""


def gathered(wanted: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the names of the files that the image gets, sorted.

    Args:
        wanted: `source_root`, `packages` and `files`, as `contents.json` has them.
        names: all files of the project after the compilation, relative to its folder; an empty folder has a slash at
            its end.

    Raises:
        Absent: something that `wanted` names is not there.
    """
    there = sorted(set(names))
    root = "" if wanted["source_root"] in {"", "."} else f"{wanted['source_root']}/"
    found: set[str] = set()
    for package in wanted["packages"]:
        found.update(_of_package(there, root, package))
    for pattern in wanted["files"]:
        matching = [*_matching(there, pattern.rstrip("/"))]
        if not matching:
            raise Absent(f"{pattern}: not in the build context: does an ignore rule keep it out?")
        found.update(matching)
    return sorted(found)


def module_of(path: str) -> str:
    """Return the path of a module without an ending, equal for source, extension and bytecode; empty for no module."""
    match = _MODULE.fullmatch(path)
    return match["folder"] + match["name"] if match else ""


def group_of(name: str, count: int) -> int:
    """Return the number of the group that a name belongs to, below `count`.

    It follows from the name alone, so that a module that comes or goes moves no other one.
    """
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "big") % count


def _of_package(there: list[str], root: str, package: str) -> Iterator[str]:
    place = root + package.replace(".", "/")
    library = root + package.partition(".")[0] + LIBRARY + "."
    yield from (name for name in there if name.startswith(library) and "/" not in name[len(library) :])
    inside = [name for name in there if name.startswith(f"{place}/")]
    if inside:
        yield from _kept(place, inside)
        return
    beside = [
        name
        for name in there
        if name.startswith(f"{place}.") and "/" not in name[len(place) :] and name.endswith((".py", ".so"))
    ]
    if not beside:
        raise Absent(f"package {package}: not in the build context: does an ignore rule keep it out?")
    yield from beside


def _kept(folder: str, names: Iterable[str]) -> Iterator[str]:
    """Yield those of the names in a folder that are of use when the service runs."""
    for name in names:
        parts = name[len(folder) + 1 :].split("/")
        if not any(fnmatchcase(part, pattern) for part in parts for pattern in BUILD_ONLY):
            yield name


def _matching(there: list[str], pattern: str) -> Iterator[str]:
    """Yield the files that a pattern names, and those in the folders that it names."""
    fits = re.compile(_translated(pattern)).fullmatch
    folders = {above for name in there for above in _above(name) if fits(above)}
    yield from (name for name in there if fits(name))
    for folder in folders:
        yield from _kept(folder, (name for name in there if name.startswith(f"{folder}/")))


def _above(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _translated(pattern: str) -> str:
    """Return the regular expression for a glob, as `pathlib` understands it: `**` is any number of folders."""
    parts = [part for part in pattern.split("/") if part not in {"", "."}]
    found = ""
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part == "**":
            found += ".*" if last else "(?:[^/]+/)*"
        else:
            found += _part(part) + ("" if last else "/")
    return found


def _part(part: str) -> str:
    found, at = "", 0
    while at < len(part):
        character = part[at]
        end = part.find("]", at + 2) if character == "[" else -1
        if character == "*":
            found += "[^/]*"
        elif character == "?":
            found += "[^/]"
        elif end > 0:
            inner = part[at + 1 : end].replace("\\", "\\\\")
            found += f"[{'^' + inner[1:] if inner.startswith('!') else inner}]"
            at = end
        else:
            found += re.escape(character)
        at += 1
    return found
