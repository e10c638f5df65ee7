"""The service's part of an image: the project's files, its extensions, its settings, and the suite's runtime."""

from __future__ import annotations

import json
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.doors.statcache import StatCache
from buildkit.errors import ImageError
from buildkit.image.assemble import RUNTIME, USER, distribution_files, mode_of
from buildkit.image.context import Context
from buildkit.image.gathering import BUILD_ONLY, Absent, gathered
from buildkit.image.oci import nodes
from buildkit.image.oci.ground import Ground
from buildkit.image.oci.nodes import FILE, Node

PROJECT = "app"
SUITE = "opt/buildkit"
"""The folders of an image for the project and for the suite's runtime; the Dockerfile says them too."""

_CONTENTS = "contents/contents.json"
_APP = "contents/app/"
_STAGED_SUITE = "suite/buildkit/"


def files_of(context: Context) -> dict[str, Path]:
    """Return the files of a build context by their names, those that links in it lead to as well.

    A link that leads out of the context, or to what ignore rules keep out, has nothing to bring along. An empty folder
    has a slash at its end.
    """
    plain = {each.path: context.root / each.path for each in context.entries if stat.S_ISREG(each.mode)}
    links = [each.path for each in context.entries if stat.S_ISLNK(each.mode)]
    found = dict(plain)
    for path in links:
        target = os.path.realpath(context.root / path)
        inside = os.path.relpath(target, os.path.realpath(context.root))
        if inside in plain:
            found[path] = plain[inside]
        elif not inside.startswith(".."):
            within = f"{inside}/"
            found.update(
                {path + name[len(inside) :]: place for name, place in plain.items() if name.startswith(within)}
            )
    full = {posixpath.dirname(name) for name in [each.path for each in context.entries]}
    for each in context.entries:
        if stat.S_ISDIR(each.mode) and each.path not in full:
            found[f"{each.path}/"] = context.root / each.path
    return found


def project(
    staged: Mapping[str, bytes], there: Mapping[str, Path], extensions: Mapping[str, Path], cache: StatCache
) -> dict[str, Node]:
    """Return the project's files in an image.

    Args:
        staged: the result of `staging.staged_files`.
        there: the project's files by name.
        extensions: its extensions by the names that they have beside their sources.
        cache: keeps digests of files.

    Raises:
        ImageError: something that the image is to get is not in the build context.
    """
    wanted = json.loads(staged[_CONTENTS])
    places = {**there, **extensions}
    try:
        names = gathered(wanted, places)
    except Absent as absent:
        raise ImageError(str(absent), hint="see which rule keeps it out: invoke image.context") from None
    found: dict[str, Node] = {}
    for name in names:
        if name.endswith("/"):
            found[f"{PROJECT}/{name[:-1]}"] = nodes.folder()
            continue
        place = places[name]
        content = nodes.of_file(place, cache.digest(str(place)))
        found[f"{PROJECT}/{name}"] = nodes.file(content, mode_of(place.stat().st_mode))
    root = posixpath.normpath(posixpath.join(PROJECT, wanted["source_root"]))
    for name, text in distribution_files(wanted["distribution"]).items():
        found[f"{root}/{name}"] = nodes.text(text)
    for name, content_ in staged.items():
        if name.startswith(_APP):
            found[f"{PROJECT}/{name.removeprefix(_APP)}"] = nodes.text(content_)
    return found


def suite(staged: Mapping[str, bytes]) -> dict[str, Node]:
    """Return the part of the suite that runs in a container."""
    return {
        f"{SUITE}/buildkit/{name}": nodes.text(staged[f"{_STAGED_SUITE}{name}"])
        for name in runtime_names(each.removeprefix(_STAGED_SUITE) for each in staged if each.startswith(_STAGED_SUITE))
    }


def runtime_names(names: Iterable[str]) -> Iterator[str]:
    """Yield those of the suite's files that run in a container."""
    endings = tuple(pattern[1:] for pattern in BUILD_ONLY if pattern.startswith("*."))
    for name in names:
        if (name in RUNTIME or name.partition("/")[0] in RUNTIME) and not name.endswith(endings):
            yield name


def writable(staged: Mapping[str, bytes], data: str, ground: Ground) -> list[str]:
    """Return the folders that the service may write, as paths in the image without a slash at the front.

    Args:
        staged: the result of `staging.staged_files`.
        data: where the data's volume is mounted.
        ground: the base, whose links are followed.
    """
    folders = [*json.loads(staged[_CONTENTS])["writable"], data]
    return sorted({ground.resolved(folder.lstrip("/")) for folder in folders})


def owned(tree: Mapping[str, Node], folders: Iterable[str]) -> dict[str, Node]:
    """Return a tree with the folders that the service may write, and what is in them given to its user.

    Raises:
        ImageError: there is a file of that name.
    """
    places = [*folders]
    found = dict(tree)
    for place in places:
        if place in found and found[place].kind == FILE:
            raise ImageError(f"writable: /{place} is a file", hint="name a folder")
        found[place] = nodes.folder()
    return {path: replace(node, user=USER) if belongs(path, places) else node for path, node in found.items()}


def belongs(path: str, folders: Iterable[str]) -> bool:
    """Return whether a path is one of these folders or lies in one."""
    return any(path == each or path.startswith(f"{each}/") for each in folders)
