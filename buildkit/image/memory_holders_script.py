"""Tells in a container which packages hold the memory that a service takes after its imports, and prints it as JSON.

It runs inside the image, whose Python finds nothing of the suite. So it uses the standard library alone, and its text
is passed to `python -c`. Each figure is the anonymous memory of a process of its own: one that imports all that the
service imported of installed packages, and for each of the largest one that imports all but it.

    module  what the service loads
    most    of how many packages that is asked
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

_PLACES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def main(module: str, most: int) -> dict[str, Any]:
    """Return the memory of all imports, and for the largest packages what goes without each."""
    names = asked(lambda: listed(module))
    counts: dict[str, int] = {}
    for name in names:
        top = name.partition(".")[0]
        counts[top] = counts.get(top, 0) + 1
    bare, whole = asked(lambda: loaded([])), asked(lambda: loaded(names))
    rows = []
    for top in sorted(counts, key=lambda top: -counts[top])[:most]:
        own = [name for name in names if name.partition(".")[0] == top]
        others = [name for name in names if name.partition(".")[0] != top]
        without, alone = asked(partial(loaded, others)), asked(partial(loaded, own))
        rows.append({"package": top, "alone": max(0, alone - bare), "freed": max(0, whole - without)})
    return {"packages": sorted(rows, key=lambda row: -int(row["freed"])), "whole": whole - bare}


def asked(answer: Callable[[], Any]) -> Any:  # noqa: ANN401 - what it returns
    """Return what a function returns in a process of its own, which has imported nothing before."""
    end, start = os.pipe()
    if not os.fork():
        try:
            os.dup2(2, 1)  # what imports print
            os.write(start, json.dumps(answer()).encode())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is said
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        finally:
            os._exit(0)  # no thread that an import started holds it up
    os.close(start)
    with open(end, "rb") as pipe:  # noqa: PTH123
        text = pipe.read()
    os.wait()
    if not text:
        sys.exit(1)  # it has said why
    return json.loads(text)


def listed(module: str) -> list[str]:
    """Return the modules of installed packages that a module brings, in the order in which they were loaded."""
    sys.path.insert(0, os.getcwd())  # noqa: PTH109
    importlib.import_module(module)
    return [
        name
        for name, each in list(sys.modules.items())
        if any(place in (getattr(each, "__file__", None) or "") for place in _PLACES)
    ]


def loaded(names: list[str]) -> int:
    """Import modules and return the anonymous memory of the process, in bytes."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123
        rows = [line.split() for line in file]
    return next(int(row[1]) * 1024 for row in rows if row[0] == "Anonymous:")


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))  # noqa: T201
