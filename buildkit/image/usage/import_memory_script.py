"""Imports packages and prints what memory each takes: `python import_memory_script.py '{"beside": [], "groups": {}}'`.

A program of its own: the standard library alone. Each package is imported in a process that is forked for it: once as
it is, and once where what the service imports is loaded already. What is counted is `Anonymous` of all mappings: unlike
what is shared or resident it does not change with what else runs on the machine.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys

_PATIENCE = 60.0


def main(asked: dict[str, object]) -> None:
    """Answer on the descriptor that stdout was."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what modules print is no answer
    groups: dict[str, list[str]] = asked["groups"]  # type: ignore[assignment]
    alone = {name: taken(modules) for name, modules in groups.items()}
    beside: list[str] = asked["beside"]  # type: ignore[assignment]
    load(beside)
    gc.collect()
    added = {name: taken(modules) for name, modules in groups.items() if alone[name] is not None}
    os.write(answer, json.dumps({"alone": alone, "added": added}).encode())
    os._exit(0)  # threads that they started end here


def taken(modules: list[str]) -> int | None:
    """Return the bytes that the import of some modules takes; None if none can be imported, or it does not end."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            before = anonymous()
            loaded = load(modules)
            gc.collect()
            os.write(write, str(max(0, anonymous() - before) if loaded else "none").encode())
        finally:
            os._exit(0)
    os.close(write)
    ready, _, _ = select.select([read], [], [], _PATIENCE)
    text = os.read(read, 100) if ready else b""
    os.close(read)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return int(text) if text.isdigit() else None


def load(modules: list[str]) -> int:
    """Import modules; return how many could be."""
    count = 0
    for name in modules:
        try:
            importlib.import_module(name)
            count += 1
        except BaseException:  # noqa: BLE001, PERF203, S112 - whatever it is, it is not loaded
            continue
    return count


def anonymous() -> int:
    """Return the bytes of this process's own memory."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
    raise OSError("the kernel does not say")


if __name__ == "__main__":
    sys.path[:] = sys.path[1:]  # not the folder of this program
    main(json.loads(sys.argv[1]))
