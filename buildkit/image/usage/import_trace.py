"""What a run of the project's tests loaded: recorded in each of its processes, kept, and read as uses."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.core.untrusted import Odd, json_of
from buildkit.doors import files, reading

_SCRIPT = Path(__file__).with_name("import_trace_script.py")
_MOST = 64 << 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """One module that was loaded.

    Args:
        module: its name.
        by: the file whose code asked for it first: relative to the project where it lies there, else absolute.
        line: the line.
    """

    module: str
    by: str
    line: int


def variables(environment: Mapping[str, str], scratch: Path, record: Path) -> dict[str, str]:
    """Return the variables with which every Python that is started writes what it loads.

    Args:
        environment: the variables that it would have.
        scratch: a folder for the program that writes.
        record: the file that is written.
    """
    place = scratch / "trace"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_SCRIPT, place / "sitecustomize.py")
    path = [str(place), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    return {**environment, "PYTHONPATH": os.pathsep.join(path), "PYBUILDKIT_IMPORTS": str(record)}


def loaded(record: Path, root: Path) -> list[Loaded]:
    """Return what a record says, each module once.

    Args:
        record: the file that was written.
        root: the folder of the project whose tests ran.
    """
    found: dict[str, Loaded] = {}
    for row in _rows(reading.read(record, most=_MOST).decode("utf-8", "replace").splitlines()):
        by = Path(str(row["by"]))
        inner = by.relative_to(root).as_posix() if by.is_relative_to(root) else str(by)
        found.setdefault(str(row["module"]), Loaded(str(row["module"]), inner, int(str(row["line"]))))
    return list(found.values())


def _rows(lines: Iterable[str]) -> Iterator[Mapping[str, object]]:
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:  # a process was killed as it wrote
            continue
        if isinstance(row, dict) and {"module", "by", "line"} <= row.keys():
            yield row


def keep(file: Path, found: Iterable[Loaded]) -> None:
    """Keep what was loaded for the next look."""
    rows = [[each.module, each.by, each.line] for each in found]
    files.write(file, json.dumps({"loaded": rows}))


def kept(file: Path) -> list[Loaded]:
    """Return what was kept; nothing where there is none, or it cannot be read."""
    try:
        rows = json_of(reading.read(file, most=_MOST), _MOST)["loaded"]
        return [Loaded(str(module), str(by), int(line)) for module, by, line in rows]
    except (OSError, Odd, KeyError, TypeError, ValueError):
        return []
