"""How a module of an installed package is run in a process of its own: with the `sys.path` that its program would have.

`python -m` puts the working directory first, before a single line of ours. That folder is the user's: a `types.py`,
`json.py` or `alembic/` in it would stand in for the standard library or for an installed package. `-P` and
PYTHONSAFEPATH would do, from Python 3.11 on.
"""

from __future__ import annotations

import sys

_LAUNCH = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
"""For `-c` Python puts an empty entry first. Those of PYTHONPATH are the user's: made absolute before, they stay."""


def running(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `module` as `python -m` does, without the working directory on its path.

    Args:
        module: its dotted name; a package's `__main__` for a package.
        arguments: what it finds in `sys.argv`.
    """
    return [sys.executable, "-c", _LAUNCH, module, *arguments]
