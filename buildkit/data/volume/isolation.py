"""Hides from a running stage the outputs of all stages that it does not name.

A stage that read what it does not name would not run again when that changes, and one generation would hold parts that
do not belong together. So while it runs, the outputs of all other stages lie elsewhere, each moved by one rename, be
it large or small. Those that the stages it names were made from are among the others: they may change without a change
in what it is given.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from buildkit.core import untrusted
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.volume import outputs
from buildkit.doors import files, reading
from buildkit.errors import StageError
from buildkit.trees import folders

_PLACE = "hidden"
_LIST = "hidden.list"
_MOST = 1 << 24


@contextlib.contextmanager
def isolated(stage: Stage, pipeline: Pipeline, generation: Path) -> Iterator[None]:
    """Hide the outputs that `stage` does not name, within the block.

    Args:
        stage: the stage that runs.
        pipeline: all stages.
        generation: the generation that they write into.

    Raises:
        StageError: the stage failed, with a hint if it looked for a hidden output; or it wrote an output of another
            stage.
    """
    owners = {
        output: each.name
        for each in pipeline.stages
        if each.name != stage.name and each.name not in stage.upstream
        for output in each.outputs
    }
    _hide(owners, generation)
    try:
        yield
    except StageError as error:
        error.hint = _wanted(stage, owners, generation, error) or error.hint
        raise
    finally:
        written = put_back(generation)
    if written:
        raise StageError(
            f'stage {stage.name}: it wrote "{written[0]}", which is an output of stage {owners[written[0]]}',
            hint="give each stage files or folders of its own",
        )


def put_back(generation: Path) -> list[str]:
    """Move the hidden outputs back, also after a killed run; return those whose place was taken meanwhile."""
    place = outputs.sidecar_of(generation) / _PLACE
    written: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        for number, output in enumerate(_hidden(generation)):
            if _is_there(place / str(number)):
                target = folders.make_parents_within(generation, output.rstrip("/"))
                if not _is_empty(target):
                    written.append(output)
                folders.remove_tree(target)
                (place / str(number)).rename(target)
    return written


def _hidden(generation: Path) -> list[str]:
    """Return the outputs that are hidden; none if a link stands in the place of a folder that `_hide` made.

    Raises:
        ValueError: the list is not one that `_hide` wrote.
        OSError: there is no list, or it cannot be read.
    """
    aside = outputs.sidecar_of(generation)
    if aside.is_symlink() or (aside / _PLACE).is_symlink():
        return []
    found = untrusted.texts(untrusted.json_of(reading.read(aside / _LIST, most=_MOST)))
    for output in found:
        if untrusted.path(output.rstrip("/")).startswith("."):
            raise untrusted.Odd(output)
    return found


def _hide(owners: dict[str, str], generation: Path) -> None:
    hidden = [output for output in owners if _is_there(generation / output)]
    if not hidden:
        return
    aside = outputs.sidecar_of(generation)
    folders.make_deep_folder(aside / _PLACE)
    files.write(aside / _LIST, json.dumps(hidden))
    for number, output in enumerate(hidden):
        (generation / output).rename(aside / _PLACE / str(number))


def _wanted(stage: Stage, owners: dict[str, str], generation: Path, error: StageError) -> str:
    """Return a hint if a stage's last output lines name something that is hidden from it; empty if they do not."""
    text = "\n".join(error.details)
    for output, owner in owners.items():
        name = output.rstrip("/")
        if f"{generation}/{name}" in text or re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])[^\n]*: ", text):
            return (
                f'it reads "{output}" of stage {owner} without naming it, so it would not see it change:\n'
                f'add "stage:{owner}" to the `inputs` of stage {stage.name}'
            )
    return ""


def _is_there(place: Path) -> bool:
    return place.is_symlink() or place.exists()


def _is_empty(place: Path) -> bool:
    """Return whether nothing is there, or nothing but an empty folder."""
    if place.is_symlink() or not place.is_dir():
        return not _is_there(place)
    return not any(place.iterdir())
