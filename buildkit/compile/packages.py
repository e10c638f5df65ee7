"""The packages whose own file stays Python, and how many functions it has."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterator

from buildkit.compile.module import INIT
from buildkit.config import Config
from buildkit.doors import reading

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def with_functions(config: Config, names: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield the packages among modules that have functions in their own file, with the number of these.

    It reads and parses each, so it is for whoever asks.

    Args:
        config: the project.
        names: its modules.
    """
    above = {name.rpartition(".")[0] for name in names}
    while more := {name.rpartition(".")[0] for name in above} - above:
        above |= more
    for package in sorted(above - {"", *names}):
        file = config.source / package.replace(".", "/") / f"{INIT}.py"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(reading.read(str(file), most=reading.TEXT))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        count = sum(isinstance(node, _FUNCTIONS) for node in ast.walk(tree))
        if count:
            yield package, count
