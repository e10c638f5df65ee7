"""A tree to which things happen, and what a build of it from nothing comes to."""

from __future__ import annotations

import io
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from buildkit.config import load
from buildkit.errors import CompileError
from buildkit.extensions.pool import WarmTranslators
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.flows.compile import compile_modules
from buildkit.model import Report
from buildkit.report.console import Console

NIGHTLY = settings.get_current_profile_name() == "nightly"

TEXTS = {
    "src/app/plain.py": "def answer() -> int:\n    return {number}\n",
    "src/app/word.py": "WORD = 'word {number}'\n",
    "src/app/fast.pyx": (
        "from app cimport shared\n"
        'cdef extern from "limit.h":\n    int LIMIT\n'
        "def twice(int value):\n    return shared.double(value) // 3 + LIMIT + {number}\n"
    ),
    "src/app/shared.pxd": "cdef inline int double(int value):\n    return value * {number}\n",
    "src/limit.h": "#ifndef EXTRA\n#define EXTRA 0\n#endif\n#define LIMIT ({number} + EXTRA)\n",
}

SHADOWS = {
    "src/app/plain.pxd": "cpdef long answer()  # {number}\n",
    "src/app/shared/__init__.pxd": "cdef inline int double(int value):\n    return value + {number}\n",
    "src/app/limit.h": "#define LIMIT (100 + {number})\n",
}
"""What stands in front of one of the others, or is read in addition to it, where it is there."""

SETTINGS = """\
[project]
name = "app"
[tool.buildkit]
packages = ["app"]
exclude = {exclude}
[tool.buildkit.compile]
jobs = 1
directives = {{ cdivision = {cdivision} }}
flags = {flags}
"""

MODULES = sorted(path for path in TEXTS if path.endswith((".py", ".pyx")))

WARM = st.booleans() if NIGHTLY else st.just(True)

PATHS = st.sampled_from(sorted({**TEXTS, **SHADOWS}))

NUMBERS = st.integers(0, 2 if NIGHTLY else 1)

BUILD = """
import contextlib, os, pathlib, signal, sys
from buildkit.config import load
from buildkit.errors import CompileError
from buildkit.flows.compile import compile_modules
from buildkit.report.console import Console
left = int(sys.argv[1])
def see(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event in {"os.rename", "os.remove", "os.mkdir", "subprocess.Popen"}:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(see)
with contextlib.suppress(CompileError):
    compile_modules(load(pathlib.Path.cwd(), {}), Console({}), os.environ)
"""
"""A build that is killed just before its n-th effect on the disk; never where n is 0."""


@dataclass(frozen=True)
class Built:
    """What a build came to: the extensions by path, and the modules that did not compile."""

    outputs: dict[str, bytes]
    failed: frozenset[str]


class Processes:
    """Counts the processes that this one starts; an audit hook cannot be taken away, so there is one for all."""

    def __init__(self) -> None:
        self.started: list[str] = []
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            self.started.append(" ".join(map(str, arguments[1])))


def build(root: Path, cache: Path, warm: WarmTranslators | None = None) -> tuple[Built, Report]:
    """Build as `invoke compile` does, or with translators that stay warm as `invoke dev` does.

    Where the quick check says that nothing changed, a whole look must agree.
    """
    check = UpToDateCheck(root, {**os.environ, "PYBUILDKIT_CACHE_DIR": str(cache)}, "")
    known = check.report()
    report = None
    try:
        report = compile_modules(
            load(root, check.environment),
            Console({}, talk=io.StringIO()),
            check.environment,
            dry_run=known is not None,
            check=check,
            warm=warm,
        )
    except CompileError as error:
        report = error.report
    assert report is not None
    assert known is None or known.outcomes == report.outcomes
    outputs = {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*.so")}
    return Built(outputs, frozenset(row.subject for row in report.outcomes if row.result == "failed")), report


class Oracle:
    """Builds trees from nothing; what was found out about the tools is all that it keeps, beside its answers.

    Args:
        place: an empty folder.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._tools = place / "tools"
        self._answers: dict[tuple[tuple[str, bytes], ...], Built] = {}

    def tell(self, cache: Path) -> None:
        """Write down in a new store what was found out about the tools: it has nothing to do with the tree."""
        if self._tools.exists():
            (cache / "v1").mkdir(parents=True, exist_ok=True)
            shutil.copy(self._tools, cache / "v1/tools")

    def ask(self, root: Path) -> Built:
        """Return what a build of the tree comes to that finds nothing made before."""
        tree = tuple(
            (str(file.relative_to(root)), file.read_bytes() if file.is_file() else b"/")
            for file in sorted([root / "pyproject.toml", *root.glob("src/**/*")])
            if file.suffix != ".so"
        )
        if tree not in self._answers:
            clean = self._place / "clean"
            shutil.copytree(root, clean / "tree", ignore=shutil.ignore_patterns(".buildkit", "*.so"))
            self.tell(clean / "cache")
            self._answers[tree], _ = build(clean / "tree", clean / "cache")
            shutil.copy(clean / "cache/v1/tools", self._tools)
            shutil.rmtree(clean)
        return self._answers[tree]
