"""What a revision takes away from code that is older than it, read from its text without running it.

Seen are the calls of Alembic and the SQL that stand there; what a revision computes is not seen. What only gives
(a table, a column that may be empty) is none of it, nor what costs time alone (an index).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from buildkit.core.syntax import tree_of

_DROPS = {"drop_column": "column", "drop_table": "table", "rename_table": "table"}
_WORDS = (b"drop", b"rename", b"alter", b"nullable", b"truncate")
_SQL = re.compile(
    r"\b(?:DROP\s+(?:TABLE|COLUMN|VIEW|MATERIALIZED\s+VIEW|SCHEMA|TYPE|FUNCTION|SEQUENCE)"
    r"|RENAME\s+(?:TO|COLUMN)"
    r"|RENAME\s+\w+\s+TO"
    r"|ALTER\s+(?:COLUMN\s+)?\S+\s+(?:SET\s+DATA\s+)?TYPE"
    r"|SET\s+NOT\s+NULL"
    r"|TRUNCATE)\b",
    re.IGNORECASE,
)
_BACK = "downgrade"


def taken_away(text: bytes) -> tuple[str, ...]:
    """Return what a revision takes away, such as `drops column users.name`; empty if nothing is seen.

    Args:
        text: the revision file.
    """
    if not any(word in text.lower() for word in _WORDS):
        return ()
    try:
        tree = tree_of(text)
    except SyntaxError:
        return ()
    return tuple(dict.fromkeys(_of(tree)))


def _of(tree: ast.AST) -> Iterator[str]:
    """Yield what the statements below a node take away, but for those of the way back."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and node.name == _BACK:
            continue
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_docstring(tree, node):
            found = _SQL.search(node.value)
            if found:
                yield f"runs {' '.join(found[0].split()).upper()}"
        yield from _of(node)


def _is_docstring(parent: ast.AST, node: ast.Constant) -> bool:
    return isinstance(parent, ast.Expr) and parent.value is node


def _of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    subject = ".".join(
        each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )
    if name in _DROPS:
        verb = "renames" if name.startswith("rename") else "drops"
        yield f"{verb} {_DROPS[name]} {subject}".rstrip()
    elif name == "alter_column":
        given = {each.arg: each.value for each in call.keywords}
        if "new_column_name" in given:
            yield f"renames column {subject}"
        if "type_" in given:
            yield f"changes the type of column {subject}"
        if _is(given.get("nullable"), False):
            yield f"lets column {subject} be empty no more"
    elif name == "add_column":
        yield from (f"adds column {subject} that older code leaves empty" for each in call.args if _must_be_given(each))


def _must_be_given(column: ast.expr) -> bool:
    """Return whether a column has to have a value, and the database gives none."""
    if not isinstance(column, ast.Call):
        return False
    given = {each.arg: each.value for each in column.keywords}
    return _is(given.get("nullable"), False) and "server_default" not in given and not _computed(column)


def _computed(column: ast.Call) -> bool:
    names = {
        each.func.attr for each in column.args if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)
    }
    return bool(names & {"Computed", "Identity", "Sequence"})


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
