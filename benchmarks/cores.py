"""How busy a build keeps the cores: the CPU time of its process tree, read from /proc while it runs.

The tree's time is that of its living processes and of the children that they have waited for. It is read five times a
second, which costs under 1 % of a core, and interpolated. So is the time that the cores were idle: where others use the
machine too, that alone tells whether the build left a core unused.
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
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PERIOD = 0.2
_MODULE = re.compile(r"(?:compiled|restored|failed) +(\d+\.\d+) s  ")
_STARTED = re.compile(r"compiling (?:one module|\d+ modules) ")


@dataclass(frozen=True)
class Busy:
    """One build.

    Args:
        seconds: of the whole process.
        used: the part of all cores that it used until its last module started.
        idle: the part that nobody used meanwhile.
    """

    seconds: float
    used: float
    idle: float


@dataclass(frozen=True)
class _Sample:
    at: float
    used: float
    idle: float


def busy(command: Sequence[str], folder: Path, environment: Mapping[str, str], cores: int) -> Busy | None:
    """Run an `invoke compile` and return how busy it kept the cores until its last module started.

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
        samples: list[_Sample] = []
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
    if first is None or len(starts) <= cores or max(starts) <= first or len(samples) < 2:
        return None
    start, end = _at(samples, first), _at(samples, max(starts))
    whole = (max(starts) - first) * cores
    return Busy(taken, (end.used - start.used) / whole, (end.idle - start.idle) / whole)


def _sample(root: int, samples: list[_Sample], ended: threading.Event) -> None:
    while not ended.wait(_PERIOD):
        samples.append(_Sample(time.perf_counter(), _tree_seconds(root), _idle_seconds()))


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


def _idle_seconds() -> float:
    """Return the seconds that all cores together have had nothing to do since the machine started."""
    return int(Path("/proc/stat").read_text().split(maxsplit=5)[4]) / _TICK


def _at(samples: Sequence[_Sample], moment: float) -> _Sample:
    """Return what it was at a moment, between the two samples around it."""
    after = min(max(bisect([sample.at for sample in samples], moment), 1), len(samples) - 1)
    low, high = samples[after - 1], samples[after]
    part = min(max((moment - low.at) / (high.at - low.at), 0.0), 1.0)
    return _Sample(moment, low.used + (high.used - low.used) * part, low.idle + (high.idle - low.idle) * part)
