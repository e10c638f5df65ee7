"""The wheel of the service for one Python, with its modules compiled."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from buildkit.config import Config
from buildkit.core import alembic
from buildkit.doors import files
from buildkit.doors.clock import Stopwatch
from buildkit.doors.locks import held
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
        The wheel: `<name>-<version>-cp311-cp311-linux_x86_64.whl`, or the backend's own where nothing is compiled.

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
        compile_modules(release(config), console, environment, python=python, output=folder / "extensions")
        pure = backend.make_wheel(config.service_folder, scratch / "pure", fixed_time)
        tree = backend.unpack(pure, scratch / "tree", fixed_time)
        added = merge(tree, folder / "extensions", target)
        packed = backend.pack(tree, scratch / "packed", fixed_time)
        lock.require()
        wheel = packed.replace(folder / packed.name)
        shutil.rmtree(scratch)
    console.outcome(Outcome(wheel.name, "made", Reason(f"with {added} extensions"), watch.seconds))
    return wheel


def release(config: Config) -> Config:
    """Return `config` with the profile `release`."""
    return replace(config, compile=replace(config.compile, profile="release"))


def merge(tree: Path, extensions: Path, target: Target) -> int:
    """Put the extensions beside their modules in an unpacked wheel, in place of the checkout's; return how many.

    A module whose package the backend leaves out of the wheel is left out too.
    """
    names = [path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()]
    for name in contents.natives_of_the_checkout(names):
        files.remove(tree / name)
    made = [path.relative_to(extensions) for path in sorted(extensions.rglob(f"*{target.suffix}"))]
    added = [path for path in made if (tree / path.parent).is_dir()]
    for path in added:
        files.copy(extensions / path, tree / path, mode=0o755)
    if added:
        label = next(tree.glob("*.dist-info")) / "WHEEL"
        files.write(label, contents.retag(label.read_text("utf-8"), target.tag))
    return len(added)


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
