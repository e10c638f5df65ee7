"""One program as several tools compiled it, call by call in turns: prints the CPU seconds of each tool's calls as JSON.

python benchmarks/race.py NAME SECONDS FOLDER…, each folder one tool's. What else happens on the machine meets all
alike, so that their medians can be compared where those of separate processes cannot. It takes a program whose module
imports no other compiled one.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Sequence

import program

LEAST = 5


def main() -> None:
    name, seconds, *folders = sys.argv[1], float(sys.argv[2]), *sys.argv[3:]
    print(json.dumps(in_turns([_loaded(name, folder) for folder in folders], seconds)))


def in_turns(calls: Sequence[Callable[[], object]], seconds: float) -> list[list[float]]:
    """Return the CPU seconds of each call, five at least, made in turns for so many seconds."""
    times: list[list[float]] = [[] for _ in calls]
    order = list(range(len(calls)))
    gc.disable()
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times[0]) < LEAST:
        order.append(order.pop(0))
        for at in order:
            start = time.process_time()
            calls[at]()
            times[at].append(time.process_time() - start)
        gc.collect()
    gc.enable()
    return times


def _loaded(name: str, folder: str) -> Callable[[], object]:
    """Return the program with the extension that lies in this folder."""
    for module in [module for module in sys.modules if module.partition(".")[0] == "suite"]:
        del sys.modules[module]
    sys.path.insert(0, folder)
    call = program.PROGRAMS[name]()
    sys.path.remove(folder)
    call()
    return call


if __name__ == "__main__":
    main()
