"""Checks that a compiler's extensions can be loaded: once with a small trial extension, and for tcc with each one.

A linker leaves symbols that it does not know to the interpreter. tcc lacks some built-in functions of larger compilers,
which shows only when the extension is loaded; so each of its extensions is loaded once, without running anything of it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from buildkit.compile.compilers import Compiler
from buildkit.compile.interpreter import Interpreter
from buildkit.doors import process
from buildkit.errors import ToolchainError

_SOURCE = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "probe", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&definition); }
"""


_RESOLVE_NOW = 2
_LOAD = f"import _ctypes, sys; _ctypes.dlopen(sys.argv[1], {_RESOLVE_NOW})"


def unresolved(extension: Path, interpreter: Interpreter) -> str:
    """Return the loader's message on a symbol that `interpreter` does not provide; empty if the extension loads."""
    if interpreter.program == sys.executable:
        import _ctypes  # noqa: PLC0415 - only where something was made

        try:
            _ctypes.dlclose(_ctypes.dlopen(str(extension), _RESOLVE_NOW))
        except OSError as error:
            return str(error)
        return ""
    loaded = process.run([interpreter.program, "-I", "-c", _LOAD, str(extension)])
    return "" if loaded.ok else loaded.stderr.strip().rpartition("\n")[2]


def forbids_execution(folder: Path) -> bool:
    """Return whether a folder lies on a disk from which no program and no extension is loaded; see statvfs(3)."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_NOEXEC)
    except (OSError, AttributeError):
        return False


def _place(scratch: Path) -> Path:
    """Return a folder in which an extension can be made and loaded."""
    refused: list[str] = []
    for name in ("TMPDIR", ""):
        try:
            folder = Path(tempfile.gettempdir()) if name else scratch
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refused.append(error.strerror or str(error))
            continue
        if not forbids_execution(folder):
            return folder
        refused.append(f"{folder} is mounted noexec")
    raise ToolchainError(
        f"there is no folder to try a compiler in: {', '.join(refused)}",
        hint="let TMPDIR name a folder from which programs can be run",
    )


def problem(compiler: Compiler, interpreter: Interpreter, scratch: Path) -> str:
    """Return why extensions of `compiler` cannot be used, as the output of the tool that failed; empty if they can.

    Args:
        compiler: is tried.
        interpreter: loads what it makes.
        scratch: a folder to use where nothing in the system's temporary folder can be loaded; it is created if needed.

    Raises:
        ToolchainError: nothing can be loaded from either folder.
    """
    with tempfile.TemporaryDirectory(prefix="buildkit-", dir=_place(scratch)) as place:
        folder = Path(place)
        (folder / "probe.c").write_text(_SOURCE)
        output = f"probe{interpreter.suffix}"
        try:
            for command in (
                compiler.compile_command("probe.c", "probe.o", "probe.d", (interpreter.include,), ()),
                compiler.link_command(("probe.o",), output, ()),
            ):
                made = process.run(command, folder=folder, timeout=60)
                if not made.ok:
                    return made.stderr.strip() or f"{compiler.program} ended with exit code {made.exit_code}"
            compiler.finish(folder / output)
            run = process.run(
                [interpreter.program, "-I", "-c", "import sys; sys.path.insert(0, '.'); import probe"],
                folder=folder,
                timeout=60,
            )
        except OSError as error:
            return str(error)
        return "" if run.ok else run.stderr.strip()
