"""The options, switches and directives that Cython gets in addition to the project's directives.

What is added here is in the keys by itself: what was translated without it is translated again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SWITCHES: dict[str, bool] = {"error_on_unknown_names": False, "error_on_uninitialized": False}
"""Cython's own switches for plain Python. A name that nothing defines (`_` of `gettext.install`, a module's global that
is set from outside) is looked up when it is used, and one that is read before it has a value raises then, as in Python;
in `.pyx` both stay the errors that Cython calls them."""

OPTIONS: dict[str, Any] = {"language_level": 3, "annotate": False, "include_path": ["."]}
"""Options of every translation. `annotate` is set, as otherwise a stray .html beside the source turns it on. After the
source root, the folders of `include` and those beside the project are searched."""

DIRECTIVES: dict[str, Any] = {"emit_code_comments": False}
"""Directives of every translation: without the source's text in the C, a comment that moves no line changes nothing."""

PURE_PYTHON_DIRECTIVES: Mapping[str, Any] = {"annotation_typing": False}
"""Annotations of plain Python are documentation: they must not change what a compiled module accepts."""

CRASH = ("Compiler crash in ", "Internal compiler error: ")
"""How Cython's messages begin when Cython itself crashes; the cause may be the source or an incomplete installation."""


def is_crash(words: str) -> bool:
    """Return whether the message is that of a crash of Cython, not of an error in the source."""
    return any(crash in words for crash in CRASH)
