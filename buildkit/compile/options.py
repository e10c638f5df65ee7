"""What every translation is told. It enters each key."""

from __future__ import annotations

from typing import Any

SWITCHES: dict[str, bool] = {"error_on_unknown_names": False}
"""Cython's own switches for plain Python. A name that nothing defines (`_` of `gettext.install`, a module's global that
is set from outside) is looked up when it is used, as Python does; in `.pyx` it stays the error that Cython calls it."""

OPTIONS: dict[str, Any] = {"language_level": 3, "annotate": False, "include_path": ["."]}
"""Options of every translation. `annotate` is set, as otherwise a stray .html beside the source turns it on."""

DIRECTIVES: dict[str, Any] = {"emit_code_comments": False}
"""Directives of every translation: without the source's text in the C, a comment that moves no line changes nothing."""

CRASH = ("Compiler crash in ", "Internal compiler error: ")
"""What Cython says where it fails itself: it may be the source or a Cython that is half installed."""


def is_crash(words: str) -> bool:
    """Return whether Cython failed itself, so that its words are no refusal."""
    return any(crash in words for crash in CRASH)
