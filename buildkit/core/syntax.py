"""Python as a tree. Whatever a text is, it is one or it is a `SyntaxError`: also where it is nested without measure."""

from __future__ import annotations

import ast


def tree_of(text: str | bytes, name: str = "<unknown>") -> ast.Module:
    """Return the tree of a Python source.

    Args:
        text: the source; bytes as Python reads them, with a byte order mark and a coding line.
        name: of its file, for the error.

    Raises:
        SyntaxError: it is none, or is nested more deeply than Python takes.
    """
    try:
        return ast.parse(text, name)
    except (MemoryError, RecursionError):
        raise SyntaxError("nested too deeply") from None
    except SyntaxError:
        raise
    except ValueError as error:
        raise SyntaxError(str(error)) from None
