"""The Invoke door: `from buildkit.tasks import ns` in a project's tasks.py.

Each task parses its flags, calls one flow and turns an error into an exit code. Flows are imported inside the tasks, so
that `invoke --list` loads none of them. A collection of tasks is a file.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from typing import Any

# Invoke turns bytecode off for the whole process, to keep it out of the folders with tasks; the tasks and flows, which
# are imported after this, would be compiled anew at every call.
sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ

from invoke.collection import Collection

from buildkit.tasks import (
    cache,
    compile,  # noqa: A004 - the collection of that name
    data,
    db,
    first,
    image,
    migrate,
    project,
    release,
)
from buildkit.tasks.exits import prepare_exit
from buildkit.tasks.teaching import teach

ns = Collection(
    project.build,
    project.dev,
    first.init,
    first.doctor,
    compile.ns,
    image.ns,
    cache.ns,
    data.ns,
    migrate.ns,
    db.ns,
    release.ns,
)

teach()
prepare_exit({*ns.task_names} | {*ns.collections})


def add_to(names: Mapping[str, Any]) -> Collection:
    """Return the tasks of a tasks.py together with the suite's, which its last line binds to `ns`.

    That is `ns = add_to(globals())`. A task keeps its name where the suite has one of that name too; the
    suite's is then `buildkit.NAME`.

    Args:
        names: those of the file, with its tasks or its `ns`.
    """
    from buildkit.tasks.joining import joined  # noqa: PLC0415 - for a tasks.py with tasks of its own

    return joined(names, ns)


gc.freeze()  # what is loaded by now stays; to search it for garbage, once more at the end, is a fifth of a short run
