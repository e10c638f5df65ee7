"""Imports modules and reports which fail: a script for a clean environment in which only the wheel is installed.

    python -I probe.py '{"app.fast": true, "app.names": false}'

True means that an extension must provide the module. `-I` keeps the checkout off the path. Standard library only,
and nothing of the suite.
"""

import importlib
import importlib.machinery
import json
import sys
import traceback


def complaint(module: str, native: bool) -> str:
    """Import `module` and return what is wrong with it; empty if nothing is."""
    try:
        found = importlib.import_module(module)
    except BaseException:  # noqa: BLE001 - a module may raise anything, SystemExit included
        return traceback.format_exc(limit=-1).strip().splitlines()[-1]
    file = str(getattr(found, "__file__", ""))
    if not file.startswith(sys.prefix):
        return f"comes from {file}, not from the installed wheel"
    if native and not file.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)):
        return f"is not an extension: {file}"
    return ""


def main() -> int:
    """Print one line for each module that fails; return the exit code."""
    wanted = json.loads(sys.argv[1])
    complaints = {module: complaint(module, native) for module, native in wanted.items()}
    for module, words in complaints.items():
        if words:
            print(f"{module}: {words}", file=sys.stderr)
    print(f"{len(wanted)} modules imported, {sum(wanted.values())} of them extensions")
    return int(any(complaints.values()))


if __name__ == "__main__":
    sys.exit(main())
