"""The last step of the build stage: gathers the content of the runtime stage in one folder.

It runs inside the image build as `python -m buildkit.image.assemble CONTENTS PROJECT TARGET` and needs nothing but the
standard library. CONTENTS is a folder with

* `contents.json`: the source root, the packages and what else the service needs of the project, its entry points, and
  the folders that it may write,
* `app/`: files that go into the project as they are, such as the settings of the entrypoint.

In TARGET, `rest/app/` holds the project's files that are needed at run time, each at its place in the checkout,
`suite/` the part of the suite that the entrypoint needs, and a folder for each group of modules theirs, so that the
Dockerfile makes a layer of each.
"""

from __future__ import annotations

import compileall
import json
import os
import py_compile
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import buildkit
from buildkit.image.gathering import BUILD_ONLY, gathered, group_of, module_of

RUNTIME = ("__init__.py", "model.py", "errors.py", "core", "doors", "registry", "trees", "data", "migrate", "runtime")
"""The part of the suite that runs in a container: pure Python on the standard library."""

USER = 10001
"""The number of the user and group that the service runs as; the Dockerfile says it too."""

REST, SUITE, GROUPS = "rest", "suite", 8
"""The folders of the target, and how many more there are with modules; the Dockerfile says them too."""

_SUITE = "opt/buildkit"
_PROJECT = "app"
"""The folder of the target that holds the project."""


def assemble(contents: Path, project: Path, target: Path, user: int = USER) -> None:
    """Gather the content of the runtime stage in `target`.

    Args:
        contents: the folder described at the top of this file.
        project: the project's folder after the compilation.
        target: a folder that does not exist yet.
        user: the number of the user and group that own what the service may write.

    Raises:
        FileNotFoundError: something that `contents` names is not in the context.
    """
    wanted = json.loads((contents / "contents.json").read_text("utf-8"))
    app, suite = target / _PROJECT, target / "opt" / "buildkit"
    root = Path(wanted["source_root"])
    for name in gathered(wanted, _files_of(project)):
        place = app / name
        if name.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / name, place)
        place.chmod(mode_of((project / name).stat().st_mode))
    write_distribution(app / root, wanted["distribution"])
    shutil.copytree(contents / "app", app, dirs_exist_ok=True)
    for name in RUNTIME:
        _copy(Path(buildkit.__file__).parent / name, suite / "buildkit" / name)
    make_bytecode(target)
    for folder in wanted["writable"]:
        make_writable(target, folder, user)


def split(target: Path) -> None:
    """Give the suite and each group of modules a folder of its own beside `rest`, where all of it lies.

    The folders above a file are made with the mode and owner that they have in `rest`.

    Args:
        target: the folder with `rest`.
    """
    rest = target / REST
    for name in (SUITE, *map(str, range(GROUPS))):
        (target / name).mkdir()
    for folder, inner, names in os.walk(rest):
        inner.sort()
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), rest)  # noqa: PTH118
            if path.startswith(_SUITE):
                _move(rest, path, target / SUITE)
            elif module := module_of(path) if path.startswith(f"{_PROJECT}/") else "":
                _move(rest, path, target / str(group_of(module, GROUPS)))
    for folder, _, _ in os.walk(rest / _SUITE, topdown=False):
        Path(folder).rmdir()


def _move(rest: Path, path: str, group: Path) -> None:
    for above in [*Path(path).parents][-2::-1]:
        if not (group / above).exists():
            about = (rest / above).stat()
            (group / above).mkdir()
            (group / above).chmod(about.st_mode & 0o7777)
            os.chown(group / above, about.st_uid, about.st_gid)
    (rest / path).rename(group / path)


def make_writable(target: Path, folder: str, user: int) -> None:
    """Make `folder` in `target`, owned by `user` with all that is in it.

    A folder above it that the base has too, such as /tmp, keeps the mode and the owner that it has there.

    Args:
        target: what becomes the image's root.
        folder: an absolute path in the image.
        user: the number of the user and group.

    Raises:
        NotADirectoryError: there is a file of that name.
    """
    parent, name = os.path.split(folder)
    own = Path(folder).parts[1] == _PROJECT
    place = target / (parent if own else os.path.realpath(parent)).lstrip("/") / name  # /var/run is a link to /run
    above = [each for each in place.parents if each.is_relative_to(target) and not each.exists()]
    try:
        place.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(f"writable: {folder} is a file") from None
    for each in above:
        base = Path("/", each.relative_to(target))
        if not own and base.is_dir():
            each.chmod(base.stat().st_mode & 0o7777)
            os.chown(each, base.stat().st_uid, base.stat().st_gid)
    for each in (place, *place.rglob("*")):
        os.chown(each, user, user, follow_symlinks=False)


def mode_of(mode: int) -> int:
    """Return the permissions of a file in the image, whatever the umask was where its project was checked out."""
    return 0o755 if mode & 0o100 else 0o644


def _files_of(project: Path) -> Iterator[str]:
    """Yield the files of a folder and its empty folders; what links lead to counts as if it lay there."""
    seen = {os.path.realpath(project)}
    for folder, inner, names in os.walk(project, followlinks=True):
        for name in [*inner]:
            if os.path.islink(place := os.path.join(folder, name)):  # noqa: PTH114, PTH118 - a walk of all
                real = os.path.realpath(place)
                if real in seen or any(each.startswith(f"{real}/") for each in seen):
                    inner.remove(name)
                seen.add(real)
        place = os.path.relpath(folder, project)
        yield from (name if place == "." else f"{place}/{name}" for name in names)
        if not (inner or names):
            yield f"{place}/"


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns(*BUILD_ONLY))
    else:
        shutil.copy2(path, target)


def write_distribution(folder: Path, about: Mapping[str, Any]) -> None:
    """Write the metadata for `importlib.metadata`, since the service may ask for its version and entry points.

    Args:
        folder: a folder on the module search path.
        about: `name`, `version` and `entry_points`, a table of tables.
    """
    for name, text in distribution_files(about).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def distribution_files(about: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of that metadata by path; the argument is that of `write_distribution`."""
    information = f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {about['name']}", f"Version: {about['version']}", ""]
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in sorted(points.items()))
        for group, points in sorted(about["entry_points"].items())
    ]
    return {f"{information}/METADATA": "\n".join(lines), f"{information}/entry_points.txt": "\n".join(groups)}


def make_bytecode(target: Path) -> None:
    """Compile every `.py` to unchecked hash-based bytecode.

    The service may not write bytecode, and this kind holds no time stamp.
    """
    compileall.compile_dir(
        target,
        quiet=2,
        stripdir=str(target),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def main(arguments: Iterable[str]) -> int:
    """Run from the command line."""
    contents, project, target = map(Path, arguments)
    try:
        assemble(contents, project, target / REST)
        split(target)
    except (FileNotFoundError, NotADirectoryError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the builder's log
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
