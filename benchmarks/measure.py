"""What the benchmarks share: a corpus from its source archive, whole processes timed in turns, a table of ratios."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import results

_figures: list[dict[str, Any]] = []
"""Of the rows made since the last table."""

PYTHON = Path(sys.executable)
REPOSITORY = Path(__file__).resolve().parents[1]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have bytecode, ours and the peers'
INVOKE = [str(PYTHON), "-m", "invoke"]
EMPTY_TASKS = "from invoke import task\n\n\n@task\ndef hi(c):\n    print('hi')\n"
OUR_TASKS = "from buildkit.tasks import ns\n"

RECORD = "BUILDKIT_BENCHMARK_TABLES"
"""Variable with the file to which each table that is printed is added, as a line of JSON; see `runner.py`."""

RATIOS = ("what", "ours (s)", "peer (s)", "ratio", "target")


def archive(name: str, version: str, folder: Path) -> Path:
    """Return the unpacked source archive of a distribution, fetched once into `folder`."""
    target = folder / f"{name}-{version}"
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [str(PYTHON), "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name, f"{name}=={version}"]
        if not list(folder.glob(f"{name}-{version}.tar*")):
            subprocess.run(pip, cwd=folder, check=True, stderr=subprocess.DEVNULL)
        with tarfile.open(next(folder.glob(f"{name}-{version}.tar*"))) as tar:
            tar.extractall(folder, filter="data")
    return target


def seconds(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, codes: tuple[int, ...] = (0,)
) -> float:
    """Return the wall time of a whole process; its output goes nowhere."""
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - start
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return taken


def in_turns(rounds: int, **measures: Callable[[], float]) -> dict[str, list[float]]:
    """Return the times of each measure, run in turns so that all meet the same machine."""
    for measure in measures.values():
        measure()  # caches of the operating system
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def row(what: str, ours: Sequence[float], peer: Sequence[float], target: str) -> tuple[str, str, str, str, str]:
    """Return one line of the table: medians with their spread, and the ratio."""
    figure = results.figure(what, list(ours), list(peer))
    _figures.append(figure)
    return what, spread(ours), spread(peer), f"{figure['ratio']:.2f}", target


def table(rows: Sequence[Sequence[str]], heading: Sequence[str] = RATIOS) -> None:
    """Print the table, and record it with the times behind its rows where a runner wants it."""
    widths = [max(len(line[at]) for line in (heading, *rows)) for at in range(len(heading))]
    for line in (heading, tuple("─" * width for width in widths), *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), flush=True)
    if RECORD in os.environ:
        found = {"heading": heading, "rows": rows, "figures": _figures}
        with Path(os.environ[RECORD]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
    _figures.clear()


def spread(times: Sequence[float]) -> str:
    """Return the median with the smallest and the largest; a single time as it is."""
    if len(times) == 1:
        return f"{times[0]:.2f}"
    return f"{statistics.median(times):.3f} ({min(times):.3f} to {max(times):.3f})"
