"""How many of a project's functions run C when it is compiled, and why the others stay Python.

    python benchmarks/shares.py FILE.py …

Prints JSON: `functions`, `compiled`, and `reasons` with how many functions each of them keeps. A module that Cython
refuses counts with all its functions as Python's.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

from buildkit.compile.cython import quick_start
from buildkit.compile.cython.options import DIRECTIVES, OPTIONS, SWITCHES

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Counted(Exception):  # noqa: N818 - no error: it ends a translation of which no more is wanted
    """Raised when a module's functions have been looked at."""


def main() -> None:
    quick_start.prepare()
    cython = import_module("Cython.Compiler.Main")
    options = import_module("Cython.Compiler.Options")
    for switch, value in SWITCHES.items():
        setattr(options, switch, value)
    lifting = import_module("buildkit.compile.sameness.lifting")
    lifter = lifting.Lifting(import_module("Cython.Compiler.Pipeline"))
    import_module("buildkit.compile.sameness.reading").read_as_python(cython, lambda: True)
    counts: Counter[str] = Counter()
    original = lifting.why_python

    def noted(definition: Any) -> str:  # noqa: ANN401
        reason = str(original(definition))
        counts[reason] += 1
        return reason

    def stopped(*_: object, **__: object) -> None:
        raise Counted

    lifting.why_python, lifting.Entries = noted, stopped
    for file in sys.argv[1:]:
        counts += _refused(file, cython, lifter, counts)
    compiled = counts.pop("", 0)
    print(json.dumps({"functions": compiled + counts.total(), "compiled": compiled, "reasons": counts.most_common()}))


def _refused(file: str, cython: Any, lifter: Any, counts: Counter[str]) -> Counter[str]:  # noqa: ANN401
    """Count the functions of a module; return them where it was not come to them."""
    before = counts.total()
    lifter.begin(is_wanted=True)
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as folder:  # Cython deletes the file of what it refuses
        given = cython.CompilationOptions(**OPTIONS, compiler_directives=DIRECTIVES, output_file=f"{folder}/made.c")
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(Exception):
            cython.compile_single(file, given, full_module_name=f"counted.{Path(file).stem}")
    if counts.total() > before:
        return Counter()
    own = sum(isinstance(node, _FUNCTIONS) for node in ast.walk(ast.parse(Path(file).read_bytes())))
    return Counter({"its module stays Python": own}) if own else Counter()


if __name__ == "__main__":
    main()
