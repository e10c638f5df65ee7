"""One program in a process of its own: prints the CPU seconds of each run (for an import, its seconds) as JSON.

python benchmarks/program.py NAME RUNS LOOPS, with the compiled packages on PYTHONPATH. 0 loops asks for a number that
takes LEAST seconds; it is printed in place of the seconds.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

LEAST = 0.03

IMPORTED = ("docutils.core", "docutils.parsers.rst.states", "docutils.writers._html_base", "docutils.writers.manpage")
"""Modules that bring most of docutils along; a package's `__init__` stays Python."""


def _html() -> Callable[[], object]:
    core = _compiled("docutils.core")
    for name in ("docutils.nodes", "docutils.statemachine", "docutils.parsers.rst.states"):
        _compiled(name)
    text = Path(_compiled("docutils.nodes").__file__).parents[1].joinpath("manual.txt").read_text()
    settings = {"report_level": 5, "halt_level": 5, "_disable_config": True, "file_insertion_enabled": False}
    return lambda: core.publish_string(text, writer="html5", settings_overrides=settings)


def _difflib() -> Callable[[], object]:
    difflib = _compiled("suite.difflib")
    old = [f"line {at * 7919 % 101} of {at % 13}\n" for at in range(60)]
    new = [line.replace("7", "8") if at % 5 else f"{line}more\n" for at, line in enumerate(old)]
    return lambda: list(difflib.ndiff(old, new))


def _tokenize() -> Callable[[], object]:
    tokenize = _compiled("suite.tokenize")
    text = "def f(a, b=1):\n    return [x ** 2 for x in range(a) if x != b]  # words\n\n" * 60
    return lambda: sum(1 for _ in tokenize.generate_tokens(io.StringIO(text).readline))


def _pickle() -> Callable[[], object]:
    pickle = _compiled("suite.pickle")
    value = [{"name": f"n{at}", "values": list(range(at % 20)), "pair": (at, 1.5 * at)} for at in range(200)]
    return lambda: pickle._loads(pickle._dumps(value))  # noqa: SLF001 - the pure Python ones


def _fractions() -> Callable[[], object]:
    fractions = _compiled("suite.fractions")

    def run() -> object:
        total = fractions.Fraction(0)
        for at in range(1, 120):
            total += fractions.Fraction(1, at) * fractions.Fraction(at + 1, 3)
        return total

    return run


def _of(module: str, function: str = "run") -> Callable[[], Callable[[], object]]:
    def program() -> Callable[[], object]:
        found: Callable[[], object] = getattr(_compiled(f"suite.{module}"), function)
        return found

    return program


PROGRAMS: dict[str, Callable[[], Callable[[], object]]] = {
    "docutils: reST to HTML": _html,
    "difflib: strings": _difflib,
    "tokenize: lexer": _tokenize,
    "pickle: bytes and dispatch": _pickle,
    "fractions: numbers as objects": _fractions,
    "method calls": _of("methods"),
    "many objects": _of("objects"),
    "vtable calls": _of("vtable"),
    "nbody: structures": _of("nbody"),
    "matmul: memoryviews": _of("loops", "matmul"),
    "saxpy: memoryviews": _of("loops", "saxpy"),
    "strided sum: memoryviews": _of("loops", "column"),
}


def _compiled(name: str) -> Any:  # noqa: ANN401 - a module
    module = import_module(name)
    if not (module.__file__ or "").endswith(tuple(EXTENSION_SUFFIXES)):
        sys.exit(f"{name} comes from {module.__file__}, which is no extension")
    return module


def _import_time() -> float:
    start = time.perf_counter()
    for name in IMPORTED:
        import_module(name)
    taken = time.perf_counter() - start
    for name in IMPORTED:
        _compiled(name)
    return taken


def _seconds(run: Callable[[], object], loops: int) -> float:
    start = time.process_time()
    for _ in range(loops):
        run()
    return (time.process_time() - start) / loops


def main() -> None:
    name, runs, loops = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if name == "import":
        print(json.dumps([_import_time()] if loops else 1))
        return
    run = PROGRAMS[name]()
    run()
    if not loops:
        print(json.dumps(max(1, round(LEAST / _seconds(run, 1)))))
        return
    print(json.dumps([_seconds(run, loops) for _ in range(runs)]))


if __name__ == "__main__":
    main()
