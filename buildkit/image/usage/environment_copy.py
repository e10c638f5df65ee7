"""A copy of the service's environment in which some packages are missing, as in an image that is built without them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.doors import files, process
from buildkit.errors import ConfigurationError
from buildkit.image.usage.inventory import Distribution, Inventory

_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class EnvironmentCopy:
    """A virtual environment.

    Args:
        folder: where it lies.
    """

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def variables(self, environment: Mapping[str, str], source: Path) -> dict[str, str]:
        """Return the variables with which the project's code runs in it.

        Args:
            environment: the user's.
            source: the folder of the sources, which is on the path first.
        """
        search = [str(self.folder / "bin"), *environment.get("PATH", os.defpath).split(os.pathsep)]
        path = [str(source), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
        given = {name: value for name, value in environment.items() if name != "PYTHONHOME"}
        return {
            **given,
            "PATH": os.pathsep.join(dict.fromkeys(search)),
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
            "PYTHONHASHSEED": "0",
            "VIRTUAL_ENV": str(self.folder),
        }


def copied(
    inventory: Inventory, folder: Path, without: Collection[str], environment: Mapping[str, str]
) -> EnvironmentCopy:
    """Make a copy of an environment; its files are hard links where the disk can do that, as installers make them.

    Args:
        inventory: what is installed.
        folder: where the copy goes; what was there is deleted.
        without: the packages that it is not to have.
        environment: the variables of the interpreter that makes it.

    Raises:
        ConfigurationError: Python cannot make a virtual environment.
        OSError: the disk is full, or a file cannot be read.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    base = str(inventory.about["base"])
    made = process.run([base, "-m", "venv", "--without-pip", str(folder)], environment=environment, timeout=_PATIENCE)
    sites = [*folder.glob("lib/python*/site-packages")]
    if not made.ok or not sites:
        raise ConfigurationError(
            f"{base}: it makes no virtual environment",
            details=made.stderr.strip().splitlines()[-5:],
            hint="install the module venv for it: python3-venv on Debian and Ubuntu",
        )
    copy = EnvironmentCopy(folder)
    gone = [inventory.distributions[name] for name in without]
    left_out = {place for each in gone for place in _places(each)}
    for place in reversed([Path(each) for each in inventory.about["folders"]]):  # the first one on the path wins
        _link(place, sites[0], left_out)
    for each in inventory.distributions.values():
        if each.name not in without:
            for script in _scripts(each):
                _with_interpreter(script, folder / "bin" / script.name, copy.python)
    return copy


def _places(each: Distribution) -> Iterator[str]:
    for path in each.files:
        yield os.path.normpath(f"{each.folder}/{path}")
        if path.endswith(".py"):
            parent, _, name = os.path.normpath(f"{each.folder}/{path}").rpartition("/")
            yield f"{parent}/__pycache__/{name.removesuffix('.py')}"


def _link(source: Path, target: Path, left_out: Collection[str]) -> None:
    """Put all files of a folder into another one, without those that are left out and without their bytecode."""
    root = str(source)
    for place, _, names in os.walk(root):
        inner = target / os.path.relpath(place, root)
        cache = place.endswith("/__pycache__")
        kept = [
            name
            for name in names
            if f"{place}/{name}" not in left_out and not (cache and f"{place}/{name.partition('.')[0]}" in left_out)
        ]
        if not kept:
            continue
        inner.mkdir(parents=True, exist_ok=True)
        for name in kept:
            files.remove(inner / name)
            try:
                os.link(f"{place}/{name}", inner / name, follow_symlinks=False)
            except OSError:  # another disk, or none that can do it
                shutil.copy2(f"{place}/{name}", inner / name, follow_symlinks=False)


def _scripts(each: Distribution) -> Iterator[Path]:
    for path in each.files:
        place = Path(os.path.normpath(f"{each.folder}/{path}"))
        if path.startswith("..") and place.parent.name == "bin" and place.is_file():
            yield place


def _with_interpreter(script: Path, target: Path, python: Path) -> None:
    """Copy a program; one of Python is started by another interpreter then."""
    content = script.read_bytes()
    first, _, rest = content.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        content = b"#!" + str(python).encode() + b"\n" + rest
    target.write_bytes(content)
    target.chmod(0o755)
