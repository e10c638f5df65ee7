"""Finds out about a project what its checks in CI depend on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from buildkit.config import Config
from buildkit.dependencies import declared, lockfile, naming
from buildkit.doors import process, python, reading
from buildkit.errors import ConfigurationError
from buildkit.release.workflows.facts import Facts, Session, Suite

SUITE = "invoke-buildkit"

_ANSWER = 60.0
"""Seconds that Nox has to list its sessions."""

_FROM_GIT = frozenset({"setuptools-scm", "hatch-vcs", "versioningit", "poetry-dynamic-versioning", "pdm-backend"})
"""Build requirements that make a version from what Git knows."""


def look(config: Config, environment: Mapping[str, str]) -> Facts:
    """Return the facts.

    Raises:
        ConfigurationError: there are no sessions of the suite, or pyproject.toml or noxfile.py cannot be read.
    """
    from buildkit.flows.migrate import migration_settings  # noqa: PLC0415

    tables = declared.tables_of(config.service_folder)
    sessions = _sessions(config.root, environment)
    builds = _named("build", sessions)
    if not builds:
        raise ConfigurationError(
            f"{config.root / 'noxfile.py'}: it has no session `build`, so CI would check nothing",
            hint="write into it:\nfrom buildkit.sessions import register\n\nregister()",
        )
    migrations = _named("migrations", sessions) if migration_settings(config) is not None else ()
    lint = [session for session in sessions if session.name.partition("-")[0] == "lint"]
    locks = lockfile.found(config.service_folder, config.root)
    return Facts(
        branch=config.release.branch,
        python=_python(config.root, builds),
        lock=locks[0].relative_to(config.root).as_posix() if locks else "",
        suite=_suite(config, tables),
        builds=builds,
        lint=lint[0] if lint else None,
        migrations=migrations[0] if migrations else None,
        images=bool(config.image),
        folder=_folder(config.root),
        history=_is_from_git(tables),
    )


def _sessions(root: Path, environment: Mapping[str, str]) -> tuple[Session, ...]:
    """Return the sessions of the project as Nox itself lists them; those that are not run by default come too."""
    file = root / "noxfile.py"
    if not file.is_file():
        raise ConfigurationError(
            f"{root}: there is no noxfile.py, so there are no sessions that CI could run",
            hint="write noxfile.py:\nfrom buildkit.sessions import register\n\nregister()",
        )
    command = [*python.module_command("nox", "--list", "--json"), "--noxfile", str(file)]
    done = process.run(command, folder=root, environment={**environment, "NOXSESSION": ""}, timeout=_ANSWER)
    try:
        rows: Any = json.loads(done.stdout) if done.ok else None
        return tuple(Session(str(row["session"]), str(row["python"] or "")) for row in rows)
    except (ValueError, TypeError, KeyError):
        raise ConfigurationError(
            f"{file}: nox cannot list its sessions",
            details=(done.stderr or done.stdout).splitlines()[-10:],
            hint="mend it until `nox --list` works",
        ) from None


def _named(name: str, sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Return the sessions of the suite with a name, whatever prefix the project gave it."""
    return tuple(
        session
        for session in sessions
        if re.fullmatch(rf"(.*\W)?{name}", session.name.removesuffix(f"-{session.python}" if session.python else ""))
    )


def _python(root: Path, builds: Iterable[Session]) -> str:
    """Return the version of the Python that runs Invoke and Nox: its own choice, else the newest of `builds`."""
    file = root / ".python-version"
    if file.is_file():
        found = re.match(r"\s*(?:cpython-)?(\d+\.\d+)", reading.read_text(file))
        if found:
            return found[1]
    pythons = [build.python for build in builds if re.fullmatch(r"\d+\.\d+", build.python)]
    return max(pythons, key=lambda each: [*map(int, each.split("."))], default="3.13")


def _suite(config: Config, tables: Mapping[str, Any]) -> Suite:
    """Return what brings the suite where the project is installed from its lock."""
    running = version(SUITE)
    place = naming.place_of(SUITE, tables)
    if place is not None:
        extra, group = (place.name if place.kind == kind else "" for kind in ("extra", "group"))
        return Suite(extra, group, main=place.kind == "main", version=running)
    for file in sorted([*config.root.glob("requirements*.txt"), *config.root.glob("requirements/*.txt")]):
        if SUITE in naming.names_in(reading.read_text(file).splitlines()):
            return Suite(file=file.relative_to(config.root).as_posix(), version=running)
    return Suite(version=running)


def _folder(root: Path) -> str:
    """Return the project's folder within its repository."""
    for place in (root, *root.parents):
        if (place / ".git").exists():
            return "" if place == root else root.relative_to(place).as_posix()
    return ""


def _is_from_git(tables: Mapping[str, Any]) -> bool:
    if "version" not in tables.get("project", {}).get("dynamic", ()):
        return False
    return not _FROM_GIT.isdisjoint(naming.names_in(tables.get("build-system", {}).get("requires", ())))
