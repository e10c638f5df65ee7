"""Makes a program that differs small: leaves out, one after another, what it still differs without."""

from __future__ import annotations

import ast
import re
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator

LETTERS = 40_000
"""Of programs that are tried at once, as one module."""

Judge = Callable[[list[str]], list[bool]]


def program(text: str, number: int) -> str:
    """Return one program of a module.

    Args:
        text: of the module.
        number: of the program.
    """
    own = re.compile(rf"(_|\bG|\bN){number}(_sub)?\b")
    parts = [ast.unparse(each) for each in ast.parse(text).body]
    return "\n".join(each for each in parts if own.search(each))


def reduced(text: str, differs: Judge, seconds: float) -> str:
    """Return a program that still differs and of which nothing more can be left out in this time.

    Args:
        text: a program that differs.
        differs: tells of programs which do.
        seconds: after which the smallest so far will do.
    """
    text = ast.unparse(ast.parse(text))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        left = sorted({each for each in _smaller(text) if 0 < len(each) < len(text) and _is_python(each)}, key=len)
        good: list[str] = []
        while left and not good:
            count = max(1, LETTERS // len(left[0]))
            tried, left = left[:count], left[count:]
            good = [each for each, does in zip(tried, differs(tried), strict=True) if does]
        if not good:
            break
        text = good[0]
    return text


def _is_python(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "program", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _smaller(text: str) -> Iterator[str]:
    """Yield programs from which one thing is left out."""
    lines = text.encode().splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            yield from _without_statement(lines, node)
        elif isinstance(node, ast.ExceptHandler):
            yield _cut(lines, node.lineno, node.end_lineno or 0, [])
        elif isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            yield from _without_expression(lines, node)


def _without_statement(lines: list[bytes], node: ast.stmt) -> Iterator[str]:
    first, last = node.lineno, node.end_lineno or node.lineno
    first = min([first, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    yield _cut(lines, first, last, [])
    yield _cut(lines, first, last, [b" " * node.col_offset + b"pass"])
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if block:
            start, end = block[0].lineno, block[-1].end_lineno
            inner = textwrap.dedent(b"\n".join(lines[start - 1 : end]).decode())
            yield _cut(lines, first, last, textwrap.indent(inner, " " * node.col_offset).encode().splitlines())
            if name != "body":
                yield _cut(lines, start - 1, end, [])  # with the line of `else:` or `finally:`


def _without_expression(lines: list[bytes], node: ast.expr) -> Iterator[str]:
    """Yield programs in which a part of an expression stands for it, or a number."""
    parts = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
    parts += [each.value for each in getattr(node, "keywords", ())]
    for part in parts:
        yield _put(lines, node, lines[part.lineno - 1][part.col_offset : part.end_col_offset])
    if not isinstance(node, (ast.Constant, ast.Name)):
        yield _put(lines, node, b"1")
    if isinstance(node, (ast.Tuple, ast.List, ast.Set, ast.Call)):
        for part in getattr(node, "elts", None) or [*getattr(node, "args", ()), *getattr(node, "keywords", ())]:
            line = lines[part.lineno - 1]
            behind = line[part.end_col_offset :]
            without = line[: part.col_offset] + behind.removeprefix(b", ")
            yield _cut(lines, part.lineno, part.lineno, [without])


def _put(lines: list[bytes], node: ast.expr, text: bytes) -> str:
    line = lines[node.lineno - 1]
    return _cut(lines, node.lineno, node.lineno, [line[: node.col_offset] + text + line[node.end_col_offset :]])


def _cut(lines: list[bytes], first: int, last: int, others: list[bytes]) -> str:
    return b"\n".join([*lines[: first - 1], *others, *lines[last:]]).decode(errors="replace")
