"""Parses Python sources; every other error, such as too deep nesting, becomes a `SyntaxError`."""

from __future__ import annotations

import ast


def tree_of(text: str | bytes, name: str = "<unknown>") -> ast.Module:
    """Return the tree of a Python source.

    Args:
        text: the source; bytes as Python reads them, with a byte order mark and a coding line.
        name: of its file, for the error.

    Raises:
        SyntaxError: the text is no Python, or is nested too deeply to be parsed.
    """
    try:
        return ast.parse(text, name)
    except (MemoryError, RecursionError):
        raise SyntaxError("nested too deeply") from None
    except SyntaxError:
        raise
    except ValueError as error:
        raise SyntaxError(str(error)) from None
