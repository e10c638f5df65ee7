"""The interpreter that extensions are built for: its headers, its extension suffix, and its identity by content."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from buildkit.compile.suffix import own_suffix
from buildkit.core.fingerprint import key_of
from buildkit.doors import process
from buildkit.errors import ToolchainError
from buildkit.model import Digest

_ASK = """
import _imp, json, sys, sysconfig
print(json.dumps([_imp.extension_suffixes()[0], sysconfig.get_path("include"), sys.version]))
"""
_ASK_NUMPY = "from importlib.util import find_spec; found = find_spec('numpy'); print(found.origin if found else '')"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One Python.

    Args:
        program: its executable.
        suffix: the ending of its extensions, such as `.cpython-311-x86_64-linux-gnu.so`.
        include: the folder of Python.h.
        version: `sys.version`.
    """

    program: str
    suffix: str
    include: str
    version: str

    @property
    def numbers(self) -> tuple[int, int]:
        """Its major and minor version."""
        major, minor, *_ = self.version.split(maxsplit=1)[0].split(".")
        return int(major), int(minor)

    def identity(self, digest: Callable[[str], Digest]) -> Digest:
        """Return the digest of what an extension depends on: its suffix, which names the ABI, and the headers.

        Raises:
            ToolchainError: there is no Python.h.
        """
        if not os.path.exists(f"{self.include}/Python.h"):  # noqa: PTH110
            raise ToolchainError(
                f"{self.program}: there is no Python.h in {self.include}",
                hint="install the headers of this Python: python3-dev (Debian, Ubuntu), python3-devel (Fedora),\n"
                "or use a Python from python.org, Homebrew, pyenv or uv, which bring them",
            )
        headers = {path[len(self.include) :]: digest(path) for path in _files(self.include)}
        return key_of({f"suffix {self.suffix}": Digest(""), **headers})


def find(program: Path | None, facts: dict[str, Any]) -> Interpreter:
    """Return the interpreter with this executable, or the running one if None.

    Args:
        program: its executable.
        facts: what earlier runs found out; answers of other interpreters are kept in it.

    Raises:
        ToolchainError: there is no such program, or it is no Python.
    """
    if program is None or os.path.realpath(program) == os.path.realpath(sys.executable):
        key = f"interpreter {sys.executable} {sys.base_prefix} {sys.version}"
        if key not in facts:
            import sysconfig  # noqa: PLC0415 - loads all that the interpreter was built with

            facts[key] = sysconfig.get_path("include")
        return Interpreter(sys.executable, own_suffix(), facts[key], sys.version)
    try:
        real = os.path.realpath(program)
        with open(real, "rb") as file:  # noqa: PTH123
            script = file.read(2) == b"#!"
        found = os.stat(real)  # noqa: PTH116
        key = f"interpreter {program} {real} {found.st_size} {found.st_mtime_ns}"
        # what a script (pyenv's, say) stands for may change with the environment
        if script or len(facts.get(key, ())) != len(fields(Interpreter)) - 1:
            facts[key] = json.loads(process.run([str(program), "-I", "-c", _ASK]).stdout)
        return Interpreter(str(program), *facts[key])
    except (OSError, ValueError, TypeError) as error:
        raise ToolchainError(f"{program}: not a working Python ({error})", hint="name the interpreter's file") from None


def numpy_headers(target: Interpreter) -> str:
    """Return the folder of the headers of the interpreter's numpy, empty if it has none; numpy is not imported."""
    if target.program == sys.executable:
        from importlib.util import find_spec  # noqa: PLC0415 - only where something was made

        spec = find_spec("numpy")
        origin = (spec.origin or "") if spec is not None else ""
    else:
        origin = process.run([target.program, "-I", "-c", _ASK_NUMPY]).stdout.strip()
    inner = (f"{os.path.dirname(origin)}/{core}/include" for core in ("_core", "core"))  # noqa: PTH120
    return next((folder for folder in inner if origin and os.path.isdir(folder)), "")  # noqa: PTH112


def _files(folder: str) -> list[str]:
    found = []
    for place, _, names in os.walk(folder):
        found += [f"{place}/{name}" for name in names if name.endswith(".h")]
    return sorted(found)
