"""What becomes of a module that Cython refuses: where Python takes it, it may stay Python.

The refusal is recorded with a mark in front of Cython's words: a later look, which reads no source, says the same.
"""

from __future__ import annotations

import ast
import re
import warnings

from buildkit.model import Outcome, Reason

MARK = "Python takes it, Cython does not:\n"

_PLACE = re.compile(r"^\S+\.py:\d+:\d+: .*$", re.MULTILINE)
_MOST = 160


def marked(source: str, text: bytes, words: str) -> str:
    """Return Cython's words about a source, with the mark if Python takes it.

    Args:
        source: the file's name.
        text: its content.
        words: Cython's.
    """
    if not source.endswith(".py"):
        return words
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, source, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return words
    return f"{MARK}{words}"


def outcome(subject: str, reason: Reason, seconds: float, words: str, *, may_stay: bool) -> Outcome:
    """Return the outcome of a refused module: `refused` where it stays Python, else `failed`.

    Args:
        subject: the module.
        reason: why it was due.
        seconds: what it took.
        words: as `marked` gave them.
        may_stay: whether the settings let it stay Python.
    """
    plain = words.removeprefix(MARK)
    if not may_stay or words == plain:
        return Outcome(subject, "failed", reason, seconds, plain)
    found = _PLACE.search(plain)
    said = found.group() if found else plain.partition("\n")[0]
    return Outcome(subject, "refused", Reason("stays Python", said[:_MOST]), seconds, plain)
