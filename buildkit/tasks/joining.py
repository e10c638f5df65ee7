"""The suite's tasks beside those that a project has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invoke.collection import Collection
from invoke.tasks import Task

_OWN = "buildkit"


def joined(names: Mapping[str, Any], ours: Collection) -> Collection:
    """Return the tasks of a file together with the suite's; where a name is taken, the suite's is below `buildkit`.

    Args:
        names: those of the file.
        ours: the suite's collection.
    """
    theirs = next((names[name] for name in ("ns", "namespace") if isinstance(names.get(name), Collection)), None)
    found = Collection()
    for each in (theirs.tasks.values(), theirs.collections.values()) if theirs is not None else (names.values(),):
        for thing in {id(one): one for one in each}.values():
            if isinstance(thing, Task):
                found.add_task(thing, default=(theirs is not None and theirs.default == thing.name) or None)
            elif isinstance(thing, Collection) and thing is not ours:
                found.add_collection(thing)
    if theirs is not None:
        found.configure(theirs.configuration())
    taken = {name.partition(".")[0] for name in found.task_names} | {*found.collections}
    aside = Collection(_OWN)
    for task in ours.tasks.values():
        (aside if found.transform(task.name) in taken else found).add_task(task)
    for name, collection in ours.collections.items():
        (aside if name in taken else found).add_collection(collection)
    if aside.task_names or aside.collections:
        found.add_collection(aside)
    return found
