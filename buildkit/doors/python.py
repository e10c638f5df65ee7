"""How a program of Python is started: a module as its package's program, a worker by itself, a script by itself.

A module of an installed package is run with the `sys.path` that its program would have.

`python -m` puts the working directory first, before a single line of ours. That folder is the user's: a `types.py`,
`json.py` or `alembic/` in it would stand in for the standard library or for an installed package. `-P` and
PYTHONSAFEPATH would do, from Python 3.11 on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

_LAUNCH = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
"""For `-c` Python puts an empty entry first. Those of PYTHONPATH are the user's: made absolute before, they stay."""

_ALONE = (
    "import sys; sys.path[:] = [*filter(None, sys.path), *sys.argv[2:]]; "
    "from importlib import import_module; import_module(sys.argv[1]).main()"
)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `module` as `python -m` does, without the working directory on its path.

    Args:
        module: its dotted name; a package's `__main__` for a package.
        arguments: its command-line arguments.
    """
    return [sys.executable, "-c", _LAUNCH, module, *arguments]


def isolated_command(module: str, folders: Sequence[str]) -> list[str]:
    """Return the command that runs `module` with nothing on its path but the standard library and `folders`.

    So neither `sitecustomize` nor a `.pth` file runs in it. The caller must remove PYTHONPATH from the environment.

    Args:
        module: its dotted name; it has a `main`.
        folders: where further modules are found.
    """
    return [sys.executable, "-s", "-S", "-c", _ALONE, module, *folders]


def script_command(file: Path, *arguments: str) -> list[str]:
    """Return the command that runs a script which knows the standard library alone, and finds nothing else.

    Args:
        file: the script.
        arguments: its command-line arguments.
    """
    return [sys.executable, "-I", "-S", str(file), *arguments]
