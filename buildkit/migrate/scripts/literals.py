"""The values of module-level names in a Python file, as far as they can be evaluated without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_METHODS = frozenset(
    {"format", "join", "lower", "upper", "strip", "lstrip", "rstrip", "replace", "split", "rsplit", "partition"}
    | {"rpartition", "removeprefix", "removesuffix", "zfill"}
)
_CALLS: Mapping[str, Any] = {"str": str, "tuple": tuple, "list": list, "set": set, "frozenset": frozenset, "int": int}
_OPERATORS: Mapping[type, Any] = {ast.Add: lambda a, b: a + b, ast.Mod: lambda a, b: a % b}
_LONGEST = 10_000
_WIDE = re.compile(r"[0-9]{5,}|\*|\{[^}]*\{")
"""In a format: a width of five digits or more, or one that another value gives."""

_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be known without running the file; `line` is its line."""

    line: int


class _NotFollowed(Exception):  # noqa: N818 - a fact
    pass


def written(tree: ast.Module, file: Path, names: Collection[str]) -> dict[str, Any]:
    """Return the values of those of `names` that are assigned, from the last assignment, or `Unknown`.

    Statements are followed in their order, so that `down_revision = PREVIOUS` finds the value of PREVIOUS at that
    point. A name that may get its value from anything but a plain assignment is `Unknown` from there on.
    """
    values: dict[str, Any] = {"__file__": str(file), "__name__": file.stem}
    for node in tree.body:
        _follow(node, values)
    return {name: values[name] for name in names if name in values}


def _follow(node: ast.stmt, values: dict[str, Any]) -> None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        values[node.name] = Unknown(node.lineno)
    elif isinstance(node, ast.Assign):
        value = _value(node.value, values)
        for target in node.targets:
            _bind(target, value, values)
    elif isinstance(node, ast.AnnAssign):
        if node.value is not None:
            _bind(node.target, _value(node.value, values), values)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            values[(alias.asname or alias.name).partition(".")[0]] = Unknown(node.lineno)
    else:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, (ast.Store, ast.Del)):
                values[each.id] = Unknown(node.lineno)


def _bind(target: ast.expr, value: Any, values: dict[str, Any]) -> None:  # noqa: ANN401
    if isinstance(target, ast.Name):
        values[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        known = isinstance(value, (tuple, list)) and len(value) == len(target.elts)
        parts = value if known else [Unknown(target.lineno)] * len(target.elts)
        for inner, part in zip(target.elts, parts, strict=True):
            _bind(inner, part, values)


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    try:
        found = _followed(node, values)
    except (_NotFollowed, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return Unknown(node.lineno)
    return found


def _followed(node: ast.expr, values: Mapping[str, Any]) -> Any:  # noqa: ANN401, C901, PLR0911, PLR0912 - each kind
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        items = [_followed(each, values) for each in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items
    if isinstance(node, ast.Name) and not isinstance(values.get(node.id, Unknown(0)), Unknown):
        return values[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _followed(node.left, values), _followed(node.right, values)
        if isinstance(left, str) and isinstance(node.op, ast.Mod):
            _require_plain(left, *(right if isinstance(right, tuple) else (right,)))
        if isinstance(left, (str, tuple, list)):
            return _short(_OPERATORS[type(node.op)](left, right))
    if isinstance(node, ast.JoinedStr):
        return _short("".join(_formatted(each, values) for each in node.values))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Constant, ast.UnaryOp)):
        return _followed(node.value, values)[ast.literal_eval(node.slice)]
    if isinstance(node, ast.IfExp):
        return _followed(node.body if _followed(node.test, values) else node.orelse, values)
    if isinstance(node, ast.Call) and not node.keywords:
        arguments = [_followed(each, values) for each in node.args]
        if isinstance(node.func, ast.Name) and node.func.id in _CALLS and node.func.id not in values:
            if node.func.id not in {"tuple", "list"}:
                for each in arguments:
                    _require_plain("", *(each if isinstance(each, (tuple, list, set, frozenset)) else (each,)))
            return _CALLS[node.func.id](*arguments)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            subject = _followed(node.func.value, values)
            if isinstance(subject, str):
                if node.func.attr == "format":
                    _require_plain(subject, *arguments)
                elif any(isinstance(each, int) and each > _LONGEST for each in arguments):
                    raise _NotFollowed
                return _short(getattr(subject, node.func.attr)(*arguments))
    raise _NotFollowed


def _formatted(node: ast.expr, values: Mapping[str, Any]) -> str:
    if isinstance(node, ast.FormattedValue):
        if node.format_spec is not None or node.conversion not in {-1, ord("s")}:
            raise _NotFollowed
        node = node.value
    found = _followed(node, values)
    _require_plain("", found)
    return str(found)


def _require_plain(form: str, *values: Any) -> None:  # noqa: ANN401
    """Refuse a format with a large or computed width, and values whose text could be of any length."""
    if _WIDE.search(form) or not all(isinstance(value, _PLAIN) for value in values):
        raise _NotFollowed


def _short(value: Any) -> Any:  # noqa: ANN401
    if hasattr(value, "__len__") and len(value) > _LONGEST:
        raise _NotFollowed
    return value
