"""The Invoke door: `from buildkit.tasks import ns` in a project's tasks.py.

Each task parses its flags, calls one flow and turns an error into an exit code. Flows are imported inside the tasks, so
that `invoke --list` loads none of them. A collection of tasks is a file.
"""

from __future__ import annotations

import gc
import os
import sys

# Invoke turns bytecode off for the whole process, to keep it out of the folders with tasks; the tasks and flows, which
# are imported after this, would be compiled anew at every call.
sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ

from invoke.collection import Collection

from buildkit.tasks import cache, compile, data, db, image, migrate, project  # noqa: A004 - the collection of that name
from buildkit.tasks.exits import prepare_exit

ns = Collection(project.build, project.dev, compile.ns, image.ns, cache.ns, data.ns, migrate.ns, db.ns)

prepare_exit({*ns.task_names} | {*ns.collections})

gc.freeze()  # what is loaded by now stays; to search it for garbage, once more at the end, is a fifth of a short run
