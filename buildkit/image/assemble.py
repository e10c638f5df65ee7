"""The last step of the build stage: gathers the content of the runtime stage in one folder.

It runs inside the image build as `python -m buildkit.image.assemble CONTENTS PROJECT TARGET` and needs nothing but the
standard library. CONTENTS is a folder with

* `contents.json`: the source root, the packages and what else the service needs of the project, its entry points, and
  the folders that it may write,
* `app/`: files that go into the project as they are, such as the settings of the entrypoint.

In TARGET, `app/` holds the project's files that are needed at run time, each at its place in the checkout, and
`opt/buildkit/` the part of the suite that the entrypoint needs.
"""

from __future__ import annotations

import compileall
import json
import os
import py_compile
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import buildkit
from buildkit.model import LIBRARY

RUNTIME = ("__init__.py", "model.py", "errors.py", "core", "doors", "registry", "trees", "data", "migrate", "runtime")
"""The part of the suite that runs in a container: pure Python on the standard library."""

_BUILD_ONLY = ("*.c", "*.cpp", "*.h", "*.pxd", "*.pxi", "*.pyx", "__pycache__", ".*")
"""Files that only a compiler reads. The Python sources stay, since tracebacks quote them."""


USER = 10001
"""The number of the user and group that the service runs as; the Dockerfile says it too."""

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
    for package in wanted["packages"]:
        _copy_package(project / root, package, app / root)
    for pattern in wanted["files"]:
        _copy_matching(project, pattern, app)
    write_distribution(app / root, wanted["distribution"])
    shutil.copytree(contents / "app", app, dirs_exist_ok=True)
    for name in RUNTIME:
        _copy(Path(buildkit.__file__).parent / name, suite / "buildkit" / name)
    make_bytecode(target)
    for folder in wanted["writable"]:
        make_writable(target, folder, user)


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


def _copy_package(source: Path, package: str, target: Path) -> None:
    place = package.replace(".", "/")
    for library in sorted(source.glob(f"{package.partition('.')[0]}{LIBRARY}.*")):
        _copy(library, target / library.name)
    if (source / place).is_dir():
        _copy(source / place, target / place)
        return
    found = [file for file in sorted(source.glob(f"{place}.*")) if file.suffix in {".py", ".so"}]
    if not found:
        raise FileNotFoundError(f"package {package}: not in the build context: does an ignore rule keep it out?")
    for file in found:
        _copy(file, target / file.relative_to(source))


def _copy_matching(project: Path, pattern: str, app: Path) -> None:
    found = sorted(project.glob(pattern.rstrip("/")))
    if not found:
        raise FileNotFoundError(f"{pattern}: not in the build context: does an ignore rule keep it out?")
    for path in found:
        _copy(path, app / path.relative_to(project))


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_BUILD_ONLY))
    else:
        shutil.copy2(path, target)


def write_distribution(folder: Path, about: Mapping[str, Any]) -> None:
    """Write the metadata for `importlib.metadata`, since the service may ask for its version and entry points.

    Args:
        folder: a folder on the module search path.
        about: `name`, `version` and `entry_points`, a table of tables.
    """
    information = folder / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    information.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {about['name']}", f"Version: {about['version']}", ""]
    (information / "METADATA").write_text("\n".join(lines), "utf-8")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in sorted(points.items()))
        for group, points in sorted(about["entry_points"].items())
    ]
    (information / "entry_points.txt").write_text("\n".join(groups), "utf-8")


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
        assemble(contents, project, target)
    except (FileNotFoundError, NotADirectoryError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the builder's log
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
