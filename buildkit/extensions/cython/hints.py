"""What to do about some of Cython's words, which name the symptom alone."""

from __future__ import annotations

import re

from buildkit.compile.module import Module
from buildkit.extensions.native.refusals import say_plus_plus, table_of

_OF_PLUS_PLUS = re.compile(r"only allowed in c\+\+|C\+\+ (?:class must have|r?v?a?l?u?e?-?reference)")
_PLAIN_PYTHON = "plain Python keeps its meaning in C alone"
_NO_DECLARATION = re.compile(r"'([^'\s]+)\.pxd' not found")


def hinted(words: str, module: Module, language: str) -> str:
    """Return Cython's words about a module that it refuses, with a hint where there is one.

    Args:
        words: its own.
        module: what was translated.
        language: to what, `c` or `c++`.
    """
    if language == "c" and _OF_PLUS_PLUS.search(words):
        return f"{words.rstrip()}\n{say_plus_plus(module.name)}"
    if _PLAIN_PYTHON in words:
        why = "take the line out, or let it mean what Cython makes of it"
        return f"{words.rstrip()}\n" + table_of(module.name, why, ['semantics = "cython"'])
    found = _NO_DECLARATION.search(words)
    if found:
        return f"{words.rstrip()}\n{_where(module, found[1])}"
    return words


def _where(module: Module, path: str) -> str:
    top = path.partition("/")[0]
    why = f"install what has {path}.pxd in this Python, also with pip install -e; or name the folder that has {top}/"
    return table_of(module.name, why, [f'include = ["…"]      # the folder in which {top}/ lies'])
