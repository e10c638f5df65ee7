"""Whether a compiler makes extensions that this interpreter imports: tried once with a tiny one, then remembered."""

from __future__ import annotations

import tempfile
from pathlib import Path

from buildkit.compile.compilers import Compiler
from buildkit.compile.interpreter import Interpreter
from buildkit.doors import process

_SOURCE = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "probe", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&definition); }
"""


def why_not(compiler: Compiler, interpreter: Interpreter) -> str:
    """Return why extensions of `compiler` cannot be used, in the words of the tool that failed; empty if they can."""
    with tempfile.TemporaryDirectory(prefix="buildkit-") as place:
        folder = Path(place)
        (folder / "probe.c").write_text(_SOURCE)
        output = f"probe{interpreter.suffix}"
        command = compiler.command("probe.c", output, "probe.d", (interpreter.include,), ())
        try:
            made = process.run(command, folder=folder, timeout=60)
            if not made.ok:
                return made.stderr.strip() or f"{compiler.program} ended with exit code {made.exit_code}"
            run = process.run(
                [interpreter.program, "-I", "-c", "import sys; sys.path.insert(0, '.'); import probe"],
                folder=folder,
                timeout=60,
            )
        except OSError as error:
            return str(error)
        return "" if run.ok else run.stderr.strip()
