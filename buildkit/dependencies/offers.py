"""The files that a lock names for each of its packages, and which of them an installer takes for one Python."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from buildkit.dependencies.formats import tables as forms
from buildkit.dependencies.locked import Package
from buildkit.dependencies.names import normalized
from buildkit.doors import reading
from buildkit.errors import ConfigurationError

_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


class File(NamedTuple):
    """One file of a package.

    Args:
        name: its name, which of a wheel says where it runs.
        size: its bytes; 0 where the lock does not say them.
    """

    name: str
    size: int = 0


class Offer(NamedTuple):
    """What there is of one package for one Python.

    Args:
        package: its name.
        version: its version; empty where nothing fixes it.
        kind: `wheel` that is unpacked as it is, `source` that has to be built, `none`, or `unknown`.
        file: the wheel or archive that is taken; empty for the last two. Of one that is known by what is installed
            here, its tag.
        size: its bytes; 0 where the lock does not say them.
    """

    package: str
    version: str
    kind: Literal["wheel", "source", "none", "unknown"]
    file: str = ""
    size: int = 0


Files = Mapping[tuple[str, str], tuple[File, ...]]
"""The files of each package by its normalized name and version."""


def files_of(lock: Path) -> Files:
    """Return the files that a lock names; a requirements.txt names none.

    Raises:
        ConfigurationError: the lock cannot be read.
    """
    if lock.suffix not in {".toml", ".lock"}:
        return {}
    try:
        return _files(forms.parsed(reading.read_text(lock)))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{lock.name}: {error}", hint="lock anew") from None


def _files(tables: Mapping[str, Any]) -> Files:
    former = forms.mapping(forms.mapping(tables, "metadata"), "files")  # Poetry before 1.3
    found: dict[tuple[str, str], tuple[File, ...]] = {}
    for row in (*forms.rows(tables, "package"), *forms.rows(tables, "packages")):
        name, version = normalized(forms.text(row, "name")), forms.text(row, "version")
        listed = [*_listed(row, "wheels"), *_listed(row, "files")]
        listed += [each for key in ("sdist", "archive") if isinstance(each := row.get(key), Mapping)]
        if name in former and not listed:
            listed = _listed(former, name)
        files = tuple(file for each in listed if (file := _file(each)).name)
        found[name, version] = (*found.get((name, version), ()), *files)
    return found


def _listed(row: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return forms.rows(row, key) if key in row else []


def _file(row: Mapping[str, Any]) -> File:
    """Return a file, whatever a form calls its name: `file`, `filename`, `name`, or the end of `url` or `path`."""
    place = next((str(row[key]) for key in ("file", "filename", "name", "path", "url") if row.get(key)), "")
    name = unquote(posixpath.basename(urlsplit(place).path if "://" in place else place))
    size = row.get("size")
    return File(name, size if isinstance(size, int) and size > 0 else 0)


def offers(packages: Iterable[Package], files: Files, python: str, platforms: Sequence[str]) -> tuple[Offer, ...]:
    """Return what there is of each package.

    Args:
        packages: what is to be installed.
        files: what its lock names.
        python: the Python's version with one dot, such as `3.13`, or `3.13t`.
        platforms: the platform tags of wheels that run there, the best first.
    """
    ranks = {tag: rank for rank, tag in enumerate(_tags(python, platforms))}
    return tuple(_offer(package, files, ranks) for package in packages)


def of_installed(offer: Offer, tags: Iterable[str], python: str, platforms: Sequence[str]) -> Offer:
    """Return what a package that is installed somewhere shows of one whose files nobody names.

    The wheel that is installed is one that there is: what it fits is told. What it does not fit another one may.

    Args:
        offer: what is known of it.
        tags: the tags of the wheel that was installed, such as `py3-none-any`.
        python: the Python's version with one dot.
        platforms: the platform tags of wheels that run there, the best first.
    """
    from packaging.tags import parse_tag  # noqa: PLC0415 - no start-up pays for it

    ranks = set(_tags(python, platforms))
    fitting = [tag for tag in tags if not ranks.isdisjoint(parse_tag(tag))]
    return offer._replace(kind="wheel", file=fitting[0]) if fitting else offer


def _offer(package: Package, files: Files, ranks: Mapping[Any, int]) -> Offer:
    name, version = package.name, package.version
    if package.source.kind in {"git", "path"}:
        return Offer(name, version, "source", package.source.kind)
    known = files.get((normalized(name), version), ())
    if not known and package.source.kind == "url":
        known = (_file({"url": package.source.place}),)
    if not known:
        return Offer(name, version, "unknown")
    fitting = sorted((rank, file) for file in known if (rank := _rank(file.name, ranks)) is not None)
    if fitting:
        return Offer(name, version, "wheel", *fitting[0][1])
    archive = next((file for file in known if file.name.endswith(_ARCHIVES)), None)
    return Offer(name, version, "source", *archive) if archive else Offer(name, version, "none")


def _rank(name: str, ranks: Mapping[Any, int]) -> int | None:
    """Return how well a wheel fits, the least the best; None for what does not fit, or is no wheel."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename  # noqa: PLC0415 - no start-up pays for it

    if not name.endswith(".whl"):
        return None
    try:
        _, _, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename:
        return None
    return min((ranks[tag] for tag in tags if tag in ranks), default=None)


def _tags(python: str, platforms: Sequence[str]) -> Iterator[object]:
    """Yield the tags of wheels that run there, the best first; nothing is asked of the Python here."""
    from packaging.tags import compatible_tags, cpython_tags  # noqa: PLC0415 - as above

    major, minor = python.rstrip("t").split(".")
    version, name = (int(major), int(minor)), f"cp{major}{minor}"
    abi = f"{name}t" if python.endswith("t") else name
    yield from cpython_tags(version, abis=[abi], platforms=platforms)
    yield from compatible_tags(version, interpreter=name, platforms=platforms)


def admits(requires: str, version: str) -> bool:
    """Return whether `requires-python` of a project takes a Python; what cannot be read is not held against one."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - as above

    try:
        return SpecifierSet(requires).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True
