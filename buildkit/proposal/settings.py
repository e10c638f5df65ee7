"""The fewest settings with which the suite's commands work: none that is a default, none that is found anyway."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from buildkit.config.writing import Setting
from buildkit.proposal.applications import Application
from buildkit.proposal.commands import Commands
from buildkit.proposal.layout import Layout
from buildkit.proposal.look import Look
from buildkit.proposal.migrations import Migrations

_OWN = ("tool", "buildkit")
_PYTHON = "Programming Language :: Python :: "
_OLDEST, _NEWEST = 10, 14
"""Of the Pythons 3.x that the suite supports."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a project.

    Args:
        layout: where its packages are.
        application: what it serves; None for nothing.
        commands: how it is run; None if nothing says so.
        health: the path that says it is well, and where that stands; empty if none is sure.
        migrations: its revisions; None for none.
        image: the file by which it is known to run in a container; empty for a project that does not.
        worker: whether it serves no HTTP.
    """

    layout: Layout
    application: Application | None
    commands: Commands | None
    health: tuple[str, str]
    migrations: Migrations | None
    image: str
    worker: bool


def settings_of(look: Look, found: Found) -> list[Setting]:
    """Return the settings that a project lacks, each with its reason; none that it has, whatever its value."""
    wanted = [*_of_packages(found.layout), *_of_migrations(found), *_of_dev(found), *_of_nox(look)]
    if not look.table("tool", "buildkit", "image"):
        wanted += _of_image(found)
    lacking = [each for each in wanted if each.path[-1] not in look.table(*each.path[:-1])]
    if not wanted and "buildkit" not in look.table("tool"):
        lacking = [Setting((*_OWN, "packages"), list(found.layout.packages), "what is compiled")]
    return lacking


def _of_packages(layout: Layout) -> Iterator[Setting]:
    if not layout.usual_root:
        why = f"[{layout.declared_in}] says so" if layout.declared_in else "its packages are imported from there"
        yield Setting((*_OWN, "source-root"), layout.source_root, why)
    if layout.packages and layout.packages != layout.found_anyway:
        beside = sorted({*layout.found_anyway} - {*layout.packages})
        why = f"{', '.join(beside[:3])} {'are' if len(beside) > 1 else 'is'} beside the service" if beside else ""
        more = sorted({*layout.packages} - {*layout.found_anyway})
        why = why or f"{', '.join(more[:3])} {'are' if len(more) > 1 else 'is'} of it, without an __init__.py"
        yield Setting((*_OWN, "packages"), list(layout.packages), why)


def _of_migrations(found: Found) -> Iterator[Setting]:
    migrations = found.migrations
    if migrations is None:
        return
    table = (*_OWN, "migrate")
    if migrations.config:
        yield Setting((*table, "config"), migrations.config, "Alembic's, not in the project's folder")
    if migrations.wants_application and found.application is not None:
        yield Setting((*table, "app"), found.application.target, migrations.wants_application)
    if migrations.metadata:
        yield Setting((*table, "metadata"), migrations.metadata, f"{migrations.metadata_place}, for migrate.check")
    if migrations.url_variable:
        yield Setting((*table, "url-env"), migrations.url_variable, f"{migrations.url_place} reads it")


def _of_dev(found: Found) -> Iterator[Setting]:
    if found.commands is None:
        return
    table = (*_OWN, "dev")
    yield Setting((*table, "command"), list(found.commands.dev), found.commands.reason)
    path, place = found.health
    if found.commands.listens and path:
        yield Setting((*table, "ready"), f"http://127.0.0.1:{{port}}{path}", f"{place}: a path of its health")
    if not found.commands.listens:
        yield Setting((*table, "port"), 0, "it is not told a port to listen on")
        yield Setting((*table, "overlap"), value=False, reason="so two of it at once might be in each other's way")


def _of_image(found: Found) -> Iterator[Setting]:
    if found.commands is None or not found.image:
        return
    table = (*_OWN, "image", "worker" if found.worker else "api")
    yield Setting((*table, "command"), list(found.commands.image), f"{found.image}: it runs in a container")
    path, place = found.health
    if not found.commands.listens or path == "/health":
        return
    if path:
        yield Setting((*table, "health"), path, place)
    else:
        yield Setting((*table, "health"), "", "no path of its health is sure; name one")


def _of_nox(look: Look) -> Iterator[Setting]:
    """Yield the matrix where the classifiers name Pythons that the suite does not know."""
    classifiers = look.table("project").get("classifiers", [])
    named = [
        int(match[1])
        for each in (classifiers if isinstance(classifiers, list) else [])
        if isinstance(each, str) and (match := re.fullmatch(rf"{_PYTHON}3\.(\d+)", each))
    ]
    known = [minor for minor in named if _OLDEST <= minor <= _NEWEST]
    if known and len(known) < len(named):
        why = f"of the classifiers those from 3.{_OLDEST} to 3.{_NEWEST}"
        yield Setting((*_OWN, "nox", "pythons"), [f"3.{minor}" for minor in sorted(known)], why)


def packaging_of(look: Look, found: Found, *, name: str, python: str) -> list[Setting]:
    """Return what a project lacks for its build backend to make a wheel of it.

    Args:
        look: the project.
        found: what was found in it.
        name: what it is called where it has no name yet.
        python: the oldest Python that it is for where it does not say so.
    """
    if "project" not in look.tables and not look.table("tool", "poetry") and "setup.py" not in look.names:
        return list(_new_project(look, found.layout, name, python))
    backend = look.table("build-system").get("build-backend", "setuptools.build_meta")
    if "project" in look.tables and backend == "hatchling.build":
        return list(_of_hatchling(look, found.layout))
    if "project" in look.tables and str(backend).startswith("setuptools") and not _says_packages(look):
        return list(_of_setuptools(look, found.layout))
    return []


def _new_project(look: Look, layout: Layout, name: str, python: str) -> Iterator[Setting]:
    why = "there is no [project]: nox -s build makes a wheel of it"
    yield Setting(("build-system", "requires"), ["setuptools>=77"], why)
    yield Setting(("build-system", "build-backend"), "setuptools.build_meta", "what makes the wheel")
    yield Setting(("project", "name"), name, "the folder's name")
    yield Setting(("project", "version"), "0.1.0", "any will do for a service")
    yield Setting(("project", "requires-python"), f">={python}", "the Python that runs here")
    if "requirements.txt" in look.names:
        yield Setting(("project", "dynamic"), ["dependencies"], "requirements.txt has them")
        dynamic = ("tool", "setuptools", "dynamic")
        yield Setting((*dynamic, "dependencies"), {"file": ["requirements.txt"]}, "as it is")
    yield from _of_setuptools(look, layout, always=True)


def _says_packages(look: Look) -> bool:
    table = look.table("tool", "setuptools")
    said = {"packages", "py-modules", "package-dir"} & {*table}
    return bool(said) or "setup.py" in look.names or "[options" in look.texts.get("setup.cfg", "")


_RESERVED = re.compile(
    "ci|bin|debian|docs?|documentation|manpages|news|newsfragments|changelog|(?:unit_)?tests?|examples?|scripts|tools"
    "|utils?|python|build|benchmarks?|exercises?|htmlcov"
)
"""Folders that setuptools does not take for packages where it looks for them by itself."""


def _of_setuptools(look: Look, layout: Layout, *, always: bool = False) -> Iterator[Setting]:
    """Yield the packages of a flat layout, of which setuptools finds one at most by itself."""
    folders = {each for each in look.folders if "/" not in each and each.isidentifier()}
    alone = {each for each in folders if not _RESERVED.fullmatch(each)}
    packages = [each for each in layout.packages if each in look.folders]
    modules = [each for each in layout.packages if f"{each}.py" in look.names]
    if layout.source_root != "." or (alone == {*packages} and len(packages) == 1 and not modules and not always):
        return
    setuptools = ("tool", "setuptools")
    if packages:
        why = "of the folders these are the service"
        patterns = [pattern for each in packages for pattern in (each, f"{each}.*")]
        yield Setting((*setuptools, "packages", "find", "include"), patterns, why)
    if modules:
        yield Setting((*setuptools, "py-modules"), modules, "modules beside the packages")
    kept = {each: sorted(_data_folders(look, each)) for each in packages}
    for package, inner in kept.items():
        if inner:
            path = (*setuptools, "package-data", package)
            yield Setting(path, [f"{folder}/**/*" for folder in inner], "files that are no sources of Python")


def _data_folders(look: Look, package: str) -> Iterator[str]:
    """Yield the folders of a package whose files are no sources of Python."""
    for folder in {each.split("/")[1] for each in look.folders if each.startswith(f"{package}/")}:
        below = [name for name in look.names if name.startswith(f"{package}/{folder}/")]
        if below and not any(name.endswith((".py", ".pyx")) for name in below):
            yield folder


def _of_hatchling(look: Look, layout: Layout) -> Iterator[Setting]:
    """Yield what is in the wheel where hatchling finds no package of the project's own name."""
    hatch: Mapping[str, Any] = look.table("tool", "hatch", "build")
    targets = look.table("tool", "hatch", "build", "targets", "wheel")
    said = {"packages", "include", "only-include", "force-include", "sources"}
    own = re.sub(r"[-_.]+", "_", str(look.table("project").get("name", ""))).lower()
    usual = (f"{own}/__init__.py", f"src/{own}/__init__.py", f"{own}.py")
    if said & {*targets} or said & {*hatch} or {*usual} & {*look.names}:
        return
    prefix = "" if layout.source_root == "." else f"{layout.source_root}/"
    places = [f"{prefix}{each}" for each in layout.packages]
    places = [each if each in look.folders else f"{each}.py" for each in places]
    path = ("tool", "hatch", "build", "targets", "wheel")
    why = f"hatchling looks for {own} alone"
    if all(each in look.folders for each in places):
        yield Setting((*path, "packages"), places, why)
    else:
        yield Setting((*path, "only-include"), places, why)
        if prefix:
            yield Setting((*path, "sources"), [layout.source_root], "as it is imported")
