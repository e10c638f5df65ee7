"""`python -m buildkit.runtime -- COMMAND…`, the entrypoint of an image."""

import sys

# Python puts a folder first that is not the suite's: for `-m` the working directory, whose `types.py` or `json.py` must
# not stand in for the standard library's; for this file by its name the folder it lies in.
if sys.path and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]

import os

from buildkit.runtime import signals

signals.end_children_first()  # before the other modules load: process 1 can be stopped from its first moment

from buildkit.runtime.entrypoint import main  # noqa: E402

sys.exit(main(sys.argv[1:], os.environ))
