"""How busy a build keeps the cores: the CPU time of its process tree, read from /proc while it runs.

The tree's time is that of its living processes and of the children that they have waited for. It is read five times a
second, which costs under 1 % of a core, and interpolated.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from bisect import bisect
from collections.abc import Mapping, Sequence
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PERIOD = 0.2
_MODULE = re.compile(r"(?:compiled|restored|failed) +(\d+\.\d+) s  ")
_STARTED = re.compile(r"compiling (?:one module|\d+ modules) ")


def busy(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], cores: int
) -> tuple[float, float] | None:
    """Return the seconds of an `invoke compile`, and which part of all cores it used until its last module started.

    The time counts from the line that says that compilation begins; a module started its own seconds before its line.
    None where there is no /proc, or fewer modules than cores.
    """
    if not Path("/proc/self/stat").exists():
        return None
    begin = time.perf_counter()
    environment = {**os.environ, **environment}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        samples: list[tuple[float, float]] = []
        ended = threading.Event()
        sampler = threading.Thread(target=_sample, args=(child.pid, samples, ended))
        sampler.start()
        lines = [(time.perf_counter(), line) for line in child.stderr]
        ended.set()
        sampler.join()
    taken = time.perf_counter() - begin
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{''.join(line for _, line in lines)[-2000:]}")
    starts = [at - float(found[1]) for at, line in lines if (found := _MODULE.match(line))]
    first = next((at for at, line in lines if _STARTED.match(line)), None)
    if first is None or len(starts) <= cores or max(starts) <= first:
        return None
    used = _at(samples, max(starts)) - _at(samples, first)
    return taken, used / ((max(starts) - first) * cores)


def _sample(root: int, samples: list[tuple[float, float]], ended: threading.Event) -> None:
    while not ended.wait(_PERIOD):
        samples.append((time.perf_counter(), _tree_seconds(root)))


def _tree_seconds(root: int) -> float:
    """Return the CPU seconds of a process and all its descendants, those that ended included."""
    parents, spent = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)], spent[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    inside = {root}
    for process in sorted(parents):
        if parents[process] in inside:
            inside.add(process)
    return sum(spent.get(process, 0) for process in inside) / _TICK


def _at(samples: Sequence[tuple[float, float]], moment: float) -> float:
    """Return the CPU seconds at a moment, between the two samples around it."""
    after = min(max(bisect(samples, (moment, 0.0)), 1), len(samples) - 1)
    (start, low), (end, high) = samples[after - 1], samples[after]
    return low + (high - low) * min(max((moment - start) / (end - start), 0.0), 1.0)
