"""The worker process: keeps Cython loaded and translates one source after another to C.

It speaks JSON, one object a line: a job on stdin, its result on stdout. Its working directory is the source root, which
makes the C text the same in every checkout.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import platform
import sys
import threading
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from buildkit.compile.cython import quick_start
from buildkit.compile.cython.options import CRASH, DIRECTIVES, OPTIONS, SWITCHES, is_crash
from buildkit.compile.places import Places
from buildkit.compile.recorder import Recorder

if TYPE_CHECKING:
    from buildkit.compile.sameness.lifting import Lifting  # loads Cython

GARBAGE = 50_000
"""New objects between two collections of garbage. A tree of nodes is no garbage, and to search it again and again takes
a tenth of a translation."""

ROUNDS = 40
"""How often a module is tried: of some errors Cython names but the first, and sets aside what stands there."""

DEPTH, STACK = 4_000, 64 << 20
"""How deep calls may be, and the bytes of the stack for them: Cython goes through a tree by calls, several a node. A
sum of 500 texts is such a tree; what is deeper still stays Python. The system gives the memory when it is used."""

SHORT = ("MemoryError", "OSError")
"""Names in a crash's message that mean a lack of memory or disk space; the next try may succeed."""


def main() -> None:
    """Read jobs until stdin ends, with room for expressions as deep as Python takes them."""
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            _serve()
        except BaseException as error:  # noqa: BLE001 - of whatever kind, it is raised where a thread was started
            failures.append(error)

    threading.stack_size(STACK)
    sys.setrecursionlimit(DEPTH)
    thread = threading.Thread(target=serve, daemon=True)  # the stack of the first one is as large as the shell says
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _serve() -> None:
    gc.disable()  # nothing of what is loaded now is garbage, and to search it again and again is a third of the start
    jobs, results = sys.stdin, os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints must not end up among the results
    setup = json.loads(jobs.readline())
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in setup.items()}
    places = Places(**given)
    quick_start.prepare()
    cython = CythonInternals()
    platform.uname().processor  # noqa: B018 - Cython asks for it, which runs a program once in a process
    # what else lies on the path (an editable install, PYTHONPATH) is this machine's alone and would enter the keys
    others = [entry for entry in sys.path if entry not in places.site and entry.startswith(places.toolchain_folders)]
    # in the order in which the service finds its packages: that of Cython stood in front, so that it was loaded
    sys.path[:] = [*(site for site in places.site if site in sys.path), *others]
    recorder = Recorder(places)
    import_module("Cython.Compiler.ParseTreeTransforms")  # Cython itself does it at the first job
    lifting = import_module("buildkit.compile.sameness.lifting").Lifting(cython.pipeline)
    read_as_python = import_module("buildkit.compile.sameness.reading").read_as_python
    lifting.line = read_as_python(cython.main, lambda: lifting.is_wanted, lifting.read)
    gc.freeze()  # what it is made of stays
    gc.set_threshold(GARBAGE)
    gc.enable()
    _answer(results, {"ready": True})
    for line in jobs:
        _answer(results, _translate(json.loads(line), cython, lifting, recorder))


def _translate(job: dict[str, Any], cython: CythonInternals, lifting: Lifting, recorder: Recorder) -> dict[str, Any]:
    cython.utils.clear_function_caches()
    lifting.begin(is_wanted=job["keeps_python"], language=job["language"], given=job["given"])
    options = cython.main.CompilationOptions(
        **{**OPTIONS, "include_path": [*OPTIONS["include_path"], *job["include"]]},
        compiler_directives={**DIRECTIVES, **job["directives"]},
        output_file=job["output"],
        cplus=job["language"] == "c++",
    )
    for switch, value in SWITCHES.items():
        setattr(cython.options, switch, value if job["keeps_python"] else cython.switches[switch])
    with recorder.recording() as reading:
        failed, broken, words = True, False, ""
        for _ in range(ROUNDS):
            failed, broken, words = _tried(job, options, cython, lifting)
            if not failed or broken or not lifting.set_aside(words, job["source"]):
                break
    read, probes, steady = recorder.inputs(reading, job["output"])
    shadowed = recorder.shadowed(reading)
    failed, broken = failed or bool(shadowed), broken or bool(shadowed)
    if failed:
        Path(job["output"]).unlink(missing_ok=True)
    return {
        "ok": not failed,
        "read": read,
        "probes": probes,
        "steady": steady and not broken,
        "words": shadowed or words,
        "lifted": lifting.is_done,
    }


def _tried(
    job: dict[str, Any],
    options: Any,  # noqa: ANN401 - Cython's
    cython: CythonInternals,
    lifting: Lifting,
) -> tuple[bool, bool, str]:
    """Return whether Cython refuses a module, whether it might take it the next time, and its words."""
    failed, broken, words = True, False, io.StringIO()
    with contextlib.redirect_stderr(words):
        try:
            failed = cython.main.compile_single(job["source"], options, full_module_name=job["module"]).num_errors > 0
        except (OSError, MemoryError) as error:
            broken = True
            words.write(f"{_place(error) or job['source']}: {getattr(error, 'strerror', None) or error}\n")
        except Exception as error:  # noqa: BLE001 - a crash of the compiler is this module's failure, not the build's
            place = "" if lifting.is_parsed else f":{lifting.line()}:0"
            words.write(f"{job['source']}{place}: {CRASH[0]}translation: {type(error).__name__}: {error}\n")
    said = words.getvalue()
    return failed, broken or (is_crash(said) and any(word in said for word in SHORT)), said


def _place(error: OSError | MemoryError) -> str:
    """Return the path that the error names, relative to the source root (the working directory)."""
    name = getattr(error, "filename", None)
    return os.path.relpath(name) if isinstance(name, str) else ""


@dataclass(frozen=True)
class CythonInternals:
    """The modules of Cython that a translation needs, imported before reads are recorded."""

    main: Any = field(default_factory=lambda: import_module("Cython.Compiler.Main"))
    utils: Any = field(default_factory=lambda: import_module("Cython.Utils"))
    pipeline: Any = field(default_factory=lambda: import_module("Cython.Compiler.Pipeline"))
    options: Any = field(default_factory=lambda: import_module("Cython.Compiler.Options"))
    switches: dict[str, Any] = field(
        default_factory=lambda: {name: getattr(import_module("Cython.Compiler.Options"), name) for name in SWITCHES}
    )


def _answer(results: TextIO, value: dict[str, Any]) -> None:
    results.write(json.dumps(value) + "\n")
    results.flush()


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        sys.exit("the translator is out of memory")
