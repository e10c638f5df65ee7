"""Runs the callable of one stage in a process of its own; its arguments are SOURCE_ROOT, module:function, DESCRIPTOR.

It writes a byte into the descriptor once the callable has returned. If its parent is killed, it ends itself and its
process group.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from buildkit.data.processes import stage_function

_PULSE = 0.5
"""Seconds between two looks at the parent."""


def main(source_root: str, target: str, returned: int) -> None:
    """Import the callable from `source_root` and call it as `(source, out, **params)`."""
    os.set_inheritable(returned, False)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    stage_function.call(
        stage_function.load(source_root, target),
        Path(os.environ["PYBUILDKIT_DATA_IN"]),
        Path(os.environ["PYBUILDKIT_DATA_OUT"]),
        **json.loads(os.environ["PYBUILDKIT_DATA_PARAMS"]),
    )
    os.write(returned, b".")


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PULSE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
