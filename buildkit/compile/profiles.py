"""The flags that the suite passes to compilers and linkers in every call, and those of each profile.

A flag that is added here is in the keys by itself: what was made without it is made again.
"""

from __future__ import annotations

import os
import re
import sys

COMMON = ("-DNDEBUG", "-fwrapv", "-fPIC", "-w")
"""For every C file: no assertions, arithmetic that wraps as in Python's own build, no warnings of generated code."""

SHARED = ("-bundle", "-undefined", "dynamic_lookup") if sys.platform == "darwin" else ("-shared",)
"""For every extension: a shared library whose undefined symbols the interpreter provides."""

UNOPTIMIZED = ("-O0",)

OBJECT_CODE = ("-O1",)
"""For plain Python: as fast as -O3 at a third of the time, since the work is calls into the interpreter."""

LOOPS = (
    "-O1",
    "-finline-small-functions",
    "-ftree-vectorize",
    "-ftree-slp-vectorize",
    "-fgcse",
    "-fcrossjumping",
    "-foptimize-sibling-calls",
    "-freorder-blocks-and-partition",
    "-ftree-switch-conversion",
    "-ftree-tail-merge",
    "-fthread-jumps",
    "-falign-functions",
    "-falign-loops=64",
    "-fipa-icf",
)
"""For `.pyx`, which may have typed loops: -O1 with the passes of -O2 and -O3 that pay, at half the time of -O2.

A short loop that happens to lie across two lines of the cache takes up to twice as long, hence the 64.
"""

_GNU = re.compile(r"(.+-)?(gcc|g\+\+|cc|c\+\+)(-[0-9.]+)?")
"""Names of drivers that know all of `LOOPS`, also as `x86_64-linux-gnu-gcc-12`."""


def compile_flags(profile: str, source: str, program: str, *, tiny: bool) -> tuple[str, ...]:
    """Return the compiler flags of a profile for one kind of source.

    Args:
        profile: `dev` or `release`.
        source: the file that was translated: a `.py` or a `.pyx`.
        program: the driver's file, behind a launcher such as `ccache`.
        tiny: it is the fast development compiler, which optimizes nothing.
    """
    if tiny:
        return ()
    if profile == "dev":
        return UNOPTIMIZED
    if source.endswith(".py"):
        return OBJECT_CODE
    return LOOPS if _GNU.fullmatch(os.path.basename(program)) else ("-O2",)  # noqa: PTH119


def link_flags(profile: str, *, tiny: bool) -> tuple[str, ...]:
    """Return the linker flags of a profile; a release has no symbol table."""
    return ("-s",) if profile == "release" and not tiny and sys.platform != "darwin" else ()
