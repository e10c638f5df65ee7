"""The wheel of the service for one Python, with its modules compiled."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.compile.suffix import own_suffix
from buildkit.config import Config
from buildkit.core import alembic
from buildkit.doors import files
from buildkit.doors.clock import Stopwatch
from buildkit.doors.locks import held
from buildkit.errors import ConfigurationError
from buildkit.flows.compile import compile_modules
from buildkit.model import Outcome, Reason
from buildkit.report.console import Console
from buildkit.wheels import backend, contents
from buildkit.wheels.target import Target, describe

EPOCH = "315532800"
"""1 January 1980 in seconds: the first moment that a zip file can express."""


def build_wheel(
    config: Config, console: Console, environment: Mapping[str, str], *, python: Path, folder: Path
) -> Path:
    """Build the service's wheel for the interpreter `python`; equal inputs give equal bytes.

    Args:
        config: the project.
        console: where progress goes.
        environment: the variables of the commands; SOURCE_DATE_EPOCH is the time of every file in the wheel.
        python: the interpreter to compile for.
        folder: where the wheel and intermediate files go; it is kept between builds.

    Returns:
        The wheel: `<name>-<version>-cp311-cp311-linux_x86_64.whl`, or the backend's own where nothing is compiled. No
        other one is left in the folder.

    Raises:
        CompileError: a module did not compile.
        ToolchainError: no compiler, or `python` does not run.
        ConfigurationError: the service's backend refused.
    """
    watch = Stopwatch()
    scratch = folder / "scratch"
    fixed_time = {"SOURCE_DATE_EPOCH": EPOCH, **environment}
    with held(folder / "lock", on_wait=lambda: console.say("waiting for another build of this wheel")) as lock:
        shutil.rmtree(scratch, ignore_errors=True)
        target = describe(python)
        _remove_wheels(folder, lambda name: not contents.fits(name, target.tag))
        try:
            compile_modules(release(config), console, environment, python=python, output=folder / "extensions")
            made = _of_backend(config, python, target, scratch, fixed_time)
            tree = backend.unpack(made, scratch / "tree", fixed_time)
            added = merge(tree, folder / "extensions", target, config.source)
            packed = backend.pack(tree, scratch / "packed", fixed_time)
            lock.require()
            wheel = packed.replace(folder / packed.name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        _remove_wheels(folder, lambda name: name != wheel.name)
    console.outcome(Outcome(wheel.name, "made", Reason(f"with {added} extensions"), watch.seconds))
    return wheel


def _of_backend(config: Config, python: Path, target: Target, scratch: Path, environment: Mapping[str, str]) -> Path:
    """Return the wheel that the service's backend makes: by the suite's Python, or if that does not fit, the target's.

    A backend that has nothing to compile makes the same wheel under each, and the suite's own is at hand.
    """
    is_ours = target.suffix == own_suffix()
    try:
        wheel = backend.make_wheel(config.service_folder, scratch / "pure", environment)
    except ConfigurationError:
        if is_ours:
            raise
    else:
        if contents.fits(wheel.name, target.tag):
            return wheel
    return backend.make_wheel_by(python, config.service_folder, scratch / "own", environment)


def _remove_wheels(folder: Path, chosen: Callable[[str], bool]) -> None:
    """Delete wheels that earlier builds left in a folder."""
    for wheel in folder.glob("*.whl"):
        if chosen(wheel.name):
            files.remove(wheel)


def release(config: Config) -> Config:
    """Return `config` with the profile `release`."""
    return replace(config, compile=replace(config.compile, profile="release"))


def merge(tree: Path, extensions: Path, target: Target, source: Path) -> int:
    """Put the extensions beside their modules in an unpacked wheel, in place of the checkout's; return how many.

    A module whose package the backend leaves out of the wheel is left out too. Of a package that has no file of Python
    the backend may have had nothing to put in.

    Args:
        tree: the unpacked wheel.
        extensions: a folder with what was compiled.
        target: the Python that it is for.
        source: the source root.

    Raises:
        ConfigurationError: an extension of the project's own is for another Python.
    """
    names = [path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()]
    for name in contents.natives_of_the_checkout(names):
        files.remove(tree / name)
    made = [path.relative_to(extensions) for path in sorted(extensions.rglob(f"*{target.suffix}"))]
    added = [path for path in made if (tree / path.parent).is_dir() or not any((source / path.parent).glob("*.py"))]
    for path in added:
        files.copy(extensions / path, tree / path, mode=0o755)
    _require_fit(tree, target)
    if added:
        label = next(tree.glob("*.dist-info")) / "WHEEL"
        files.write(label, contents.retag(label.read_text("utf-8"), target.tag))
    return len(added)


def _require_fit(tree: Path, target: Target) -> None:
    """Take what is for another Python out of an unpacked wheel, where there is the same for this one.

    Raises:
        ConfigurationError: there is none.
    """
    names = [path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()]
    for name in contents.natives_of_other_pythons(names, target.suffix):
        own = f"{name.rpartition('/')[0]}/{Path(name).name.partition('.')[0]}{target.suffix}".lstrip("/")
        if own not in names:
            raise ConfigurationError(
                f"{name}: the project's backend put it into the wheel, and it is not for {target.tag}",
                hint="see to it that the backend builds it, and does not copy it from the checkout",
            )
        files.remove(tree / name)


def modules_of(wheel: Path, config: Config) -> dict[str, bool]:
    """Return every module of the project's packages in `wheel`, with whether an extension provides it.

    What Alembic runs by its path is left out, since it is never imported.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        of_alembic = frozenset(
            name.rpartition("/")[0]
            for name in names
            if name.endswith(f"/{alembic.ENVIRONMENT}") and alembic.is_environment(archive.read(name))
        )
        imported = [name for name in names if not alembic.is_below(name.rpartition("/")[0], of_alembic)]
        return contents.modules(imported, config.packages)
