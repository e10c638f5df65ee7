"""A Python on this machine of the version that an image has: it compiles the image's bytecode and extensions."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from shutil import which

from buildkit.doors import process
from buildkit.errors import ImageError
from buildkit.image.oci.target import Target

_ASK = "import _imp, sys; print('%d.%d' % sys.version_info[:2], _imp.extension_suffixes()[0])"
_SYMBOL = re.compile(rb"\0GLIBC_2\.(\d+)(?:\.\d+)*(?=\0)")


def find(target: Target, environment: Mapping[str, str], run: process.Runner = process.run) -> tuple[Path, str] | None:
    """Return a Python of the image's version with the ending of its extensions; None if there is none.

    Args:
        target: the image's Python.
        environment: where `python3.13` is looked for.
        run: the function that asks it.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if target.python == here:
        return Path(sys.executable), EXTENSION_SUFFIXES[0]
    program = which(f"python{target.python}", path=environment.get("PATH"))
    if program is None:
        return None
    try:
        answer = run([program, "-I", "-S", "-c", _ASK], environment=environment)
    except (OSError, TimeoutError):
        return None
    words = answer.stdout.split()
    if not answer.ok or len(words) != 2 or words[0] != target.python.rstrip("t"):  # noqa: PLR2004 - as _ASK prints
        return None  # a shim for a Python that is not there
    return Path(program), words[1]


def require_runs_in(extensions: Mapping[str, Path], target: Target, read: Callable[[Path], bytes]) -> None:
    """Check that extensions ask for no newer C library than the image has.

    Args:
        extensions: the extensions by name.
        target: the image's Python.
        read: returns the content of one.

    Raises:
        ImageError: one asks for a newer one.
    """
    if target.libc != "glibc":
        return
    most = int(target.release.split(".")[1])
    for name, place in sorted(extensions.items()):
        wanted = max((int(found[1]) for found in _SYMBOL.finditer(read(place))), default=0)
        if wanted > most:
            raise ImageError(
                f"{name} is compiled for glibc 2.{wanted}, and the base has {target.release}: it would not load",
                hint="build on a machine as old as the base, take a newer base (engine.python-slim),\n"
                'or compile in the base: builder = "docker"',
            )
