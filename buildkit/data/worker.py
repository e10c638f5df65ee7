"""Runs the callable of one stage in a process of its own; its arguments are SOURCE_ROOT and module:function.

Where its parent is killed, it ends itself and its group: nobody waits for the result any more.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

_PULSE = 0.5
"""Seconds between two looks at the parent."""


def main(source_root: str, target: str) -> None:
    """Import the callable from `source_root` and call it as `(source, out, **params)`."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    sys.path.insert(0, source_root)
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    function(
        Path(os.environ["PYBUILDKIT_DATA_IN"]),
        Path(os.environ["PYBUILDKIT_DATA_OUT"]),
        **json.loads(os.environ["PYBUILDKIT_DATA_PARAMS"]),
    )


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PULSE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
