"""Recognizes a folder of Alembic without its configuration: its env.py imports `context` from `alembic`.

Alembic runs env.py and the revisions by their paths, inside of a migration and nowhere else. An extension of one would
never be used, and whoever imports one meets a `context` that is not there.
"""

from __future__ import annotations

import ast

from buildkit.core.syntax import tree_of

ENVIRONMENT = "env.py"


def is_environment(text: bytes) -> bool:
    """Return whether the text of an env.py is that of Alembic's environment."""
    if b"alembic" not in text:
        return False
    try:
        tree = tree_of(text)
    except SyntaxError:
        return False
    return any(_takes_context(node) for node in ast.walk(tree))


def _takes_context(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and node.module == "alembic" and any(name.name == "context" for name in node.names)
    if isinstance(node, ast.Import):
        return any(name.name == "alembic.context" for name in node.names)
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "context"
        and isinstance(node.value, ast.Name)
        and node.value.id == "alembic"
    )


def is_below(folder: str, folders: frozenset[str]) -> bool:
    """Return whether `folder`, written with slashes, is one of `folders` or lies in one."""
    return any(folder == each or folder.startswith(f"{each}/") for each in folders)
