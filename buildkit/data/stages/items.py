"""The items of a stage in pieces: the matches of `each`, with their digests; the stage runs once for each."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from buildkit.core.fingerprint import digest_value
from buildkit.data import names
from buildkit.data.stages import globs, inputs
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.inputs import InputError, Match
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.model import Digest
from buildkit.trees import entry


@dataclass(frozen=True, slots=True)
class Item:
    """One match of `each`.

    Args:
        name: its path relative to the project, to the folder its package is installed in, or to the generation.
        digest: of the file; of a folder, of the names and digests of all files under it.
        place: where it lies, relative to the generation if an earlier stage made it.
    """

    name: str
    digest: Digest
    place: Path


def items_of(
    stage: Stage, pipeline: Pipeline, made: Mapping[str, Mapping[str, Digest]], cache: Digests
) -> tuple[Item, ...]:
    """Return the stage's items sorted by name; none if they come from a stage that has not been made yet.

    Args:
        stage: a stage in pieces.
        pipeline: the pipeline that the stage belongs to.
        made: the outputs of the stages before it, by stage and path.
        cache: the digest cache.

    Raises:
        InputError: nothing matches, or the package is not there.
    """
    if stage.cut_from and stage.cut_from not in made:
        return ()
    scheme, _, rest = stage.each.partition(":")
    found: Iterable[Item]
    if stage.cut_from:
        found = _of_stage(stage, pipeline, made[stage.cut_from])
    elif scheme == "package":
        found = _of_package(stage, rest, cache)
    else:
        found = _of_project(stage, pipeline, cache)
    return tuple(sorted(found, key=lambda item: item.name))


def _of_project(stage: Stage, pipeline: Pipeline, cache: Digests) -> list[Item]:
    if not stage.each.endswith("/"):
        return _files(inputs.of_project(stage.each, pipeline, stage, cache, "each"))
    data_folder = globs.data_folder_of(pipeline.folder, names.owns)
    found = []
    for folder in globs.matching_folders(stage.each, pipeline.root, data_folder):
        inside = inputs.of_project(glob.escape(folder), pipeline, stage, cache, "each")
        digest = digest_value({match.name: match.state for match in inside})
        found.append(Item(folder, digest, pipeline.root / folder))
    if not found:
        raise inputs.no_match(stage.each, pipeline, stage, "each")
    return found


def _of_package(stage: Stage, rest: str, cache: Digests) -> list[Item]:
    matches = inputs.of_package(rest.rstrip("/"), stage.each, stage, cache, "each")
    if not rest.endswith("/"):
        return _files(matches)
    package, _, pattern = rest.partition("/")
    states = {match.name: match for match in matches}
    found = []
    for folder, paths in _folders(pattern, {name.partition("/")[2]: name for name in states}).items():
        inner, name = next(iter(paths.items()))
        above = states[name].place.parents[inner.count("/") - folder.count("/") - 1]
        digest = digest_value({name: states[name].state for name in paths.values()})
        found.append(Item(f"{package}/{folder}", digest, above))
    return found


def _files(matches: Iterable[Match]) -> list[Item]:
    return [Item(each.name, each.state, each.place) for each in matches if each.kind in {entry.FILE, entry.EXECUTABLE}]


def _of_stage(stage: Stage, pipeline: Pipeline, made: Mapping[str, Digest]) -> list[Item]:
    """Return the outputs of an earlier stage that `each` names, the glob relative to the folders it declares."""
    outputs = next(each.outputs for each in pipeline.stages if each.name == stage.cut_from)
    _, slash, pattern = stage.each.partition("/")
    inside = {_inside(path, outputs): path for path in made}
    if slash and pattern.endswith("/"):
        found = [
            Item(name, digest_value({path: made[path] for path in paths.values()}), Path(name))
            for folder, paths in _folders(pattern, inside).items()
            for name in [_above(folder, *next(iter(paths.items())))]
        ]
    else:
        parts = PurePosixPath(pattern).parts
        found = [
            Item(path, made[path], Path(path))
            for short, path in inside.items()
            if _matches(short.split("/"), parts, below=True)
        ]
    if not found:
        some = ", ".join(sorted(inside)[:3]) or "none"
        raise InputError(
            f'stage {stage.name}: each "{stage.each}" matches no output of stage {stage.cut_from}',
            hint=f"its outputs, relative to its output folders: {some}",
        )
    return found


def _inside(path: str, outputs: Iterable[str]) -> str:
    """Return `path` relative to the output folder that it lies in."""
    for output in outputs:
        folder = f"{PurePosixPath(output)}/"
        if path.startswith(folder):
            return path[len(folder) :]
    return path


def _above(folder: str, inner: str, path: str) -> str:
    """Return the whole path of `folder`, given one file under it by its path inside and by its whole path."""
    return f"{path[: len(path) - len(inner)]}{folder}"


def _folders(pattern: str, inside: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the files under each folder that `pattern` matches, by folder; both maps give the whole path of a file."""
    parts = PurePosixPath(pattern).parts
    found: dict[str, dict[str, str]] = {}
    for short, path in inside.items():
        for folder in map(str, list(PurePosixPath(short).parents)[:-1]):
            if _matches(folder.split("/"), parts, below=False):
                found.setdefault(folder, {})[short] = path
    return found


def _matches(path: Sequence[str], pattern: Sequence[str], *, below: bool) -> bool:
    """Return whether a relative path matches a glob, part by part, as `glob.glob(…, recursive=True)` would find it.

    Args:
        path: its parts.
        pattern: the parts of the glob.
        below: whether whatever lies under a matching folder matches too.
    """
    if not pattern:
        return below or not path
    head, rest = pattern[0], pattern[1:]
    if head == "**":
        visible = next((at for at, part in enumerate(path) if part.startswith(".")), len(path))
        return any(_matches(path[at:], rest, below=below) for at in range(visible + 1))
    if not path or (path[0].startswith(".") and not head.startswith(".")):
        return False
    return fnmatch.fnmatchcase(path[0], head) and _matches(path[1:], rest, below=below)
