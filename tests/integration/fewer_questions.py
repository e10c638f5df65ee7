"""A part of a group's questions: what takes long to compile is asked for one part in CI, and all of it at night."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable

Function = ast.FunctionDef | ast.AsyncFunctionDef

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def part(text: str, of: int, number: int = 0) -> str:
    """Return a group's text with one question of so many, and of the functions beside them those that these need.

    What is left out leaves empty lines, so that all else stands where it stood.

    Args:
        text: of a module of `tests/questions`.
        of: how many parts there are.
        number: which of them, from 0.
    """
    if of == 1:
        return text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some ask what it means to write so
        body = ast.parse(text).body
    questions = [each for each in body if is_question(each)]
    kept = {each for each in body if not is_plain_function(each)} | {*questions[number::of]}
    while True:
        used = names({*kept})
        needed = {each for each in body if isinstance(each, Function) and not is_question(each) and each.name in used}
        if needed <= kept:
            break
        kept |= needed
    lines = LINE.findall(text)  # as Python counts them: str.splitlines ends one at a form feed too
    for each in body:
        if each not in kept:
            lines[each.lineno - 1 : each.end_lineno] = ["\n"] * ((each.end_lineno or 0) - each.lineno + 1)
    return "".join(lines)


def is_question(statement: ast.stmt) -> bool:
    return isinstance(statement, Function) and statement.name.startswith("q_")


def is_plain_function(statement: ast.stmt) -> bool:
    """Whether it does no more than give a function a name: a decorator may do anything."""
    return isinstance(statement, Function) and (is_question(statement) or not statement.decorator_list)


def names(statements: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements have in them, also in texts, for `getattr` and its kin."""
    found = set()
    for each in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            found.update(each.value.replace("(", " ").replace(".", " ").split())
    return found
