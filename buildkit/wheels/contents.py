"""Decides what a wheel contains by the names of its files alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from buildkit.model import LIBRARY

NATIVE = (".so", ".pyd")
SOURCE = (".py", ".pyx")
_OF_ONE_PYTHON = re.compile(r"\.(?:cpython-\d+\w*(?:-[\w-]+)?\.so|cp\d+\w*-[\w-]+\.pyd)$")


def natives_of_the_checkout(names: Collection[str]) -> list[str]:
    """Return the extensions that the backend copied from the source tree.

    They are native files beside a source of the same module name. What was compiled in the tree may be of another
    Python or another profile; a library that a package ships (`libfoo.so`) has no source beside it and stays. One that
    mypyc's modules load has the name of a module or package.
    """
    sources = {_without_suffix(name) for name in names if name.endswith(SOURCE)}
    packages = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    stems = {name: _without_suffix(name) for name in names if name.endswith(NATIVE)}
    shared = {name for name, stem in stems.items() if stem.endswith(LIBRARY) and stem[: -len(LIBRARY)] in packages}
    return sorted(name for name, stem in stems.items() if stem.removesuffix(LIBRARY) in sources or name in shared)


def fits(wheel: str, tag: str) -> bool:
    """Return whether the extensions of a wheel, as its name tells, are for the Python of `tag`.

    Args:
        wheel: its file's name; what it says of the platform is left aside.
        tag: that Python's, such as `cp312-cp312-linux_x86_64`.

    See https://packaging.python.org/specifications/binary-distribution-format#file-name-convention.
    """
    pythons, abis, _ = wheel.removesuffix(".whl").split("-")[-3:]
    wanted = tag.split("-")
    if {"none", "abi3"} & {*abis.split(".")}:
        return True  # no extension of Python, or one for all of them
    return wanted[0] in pythons.split(".") and wanted[1] in abis.split(".")


def natives_of_other_pythons(names: Iterable[str], suffix: str) -> list[str]:
    """Return the extensions that bear the name of another Python than the one with the ending `suffix`."""
    return sorted(name for name in names if _OF_ONE_PYTHON.search(name) and not name.endswith(suffix))


def modules(names: Iterable[str], packages: Collection[str] = ()) -> dict[str, bool]:
    """Return every module that can be imported, by its dotted name, with whether an extension provides it.

    Args:
        names: the files of the wheel.
        packages: the top-level names to consider; empty for all.
    """
    found: dict[str, bool] = {}
    for name in names:
        path = PurePosixPath(name)
        parts = (*path.parts[:-1], path.name.partition(".")[0])
        if not name.endswith((".py", *NATIVE)) or not all(part.isidentifier() for part in parts):
            continue
        if parts[-1].endswith(LIBRARY):
            continue
        if parts[-1] == "__main__" or (packages and parts[0] not in packages):
            continue  # to import a __main__ is to run it
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[module] = found.get(module, False) or name.endswith(NATIVE)
    return dict(sorted(found.items()))


def retag(text: str, tag: str) -> str:
    """Return the WHEEL file `text` of a pure wheel as one with extensions of `tag`."""
    kept = [line for line in text.splitlines() if line and not line.startswith(("Tag:", "Root-Is-Purelib:"))]
    return "\n".join([*kept, "Root-Is-Purelib: false", f"Tag: {tag}", ""])


def _without_suffix(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0]))
