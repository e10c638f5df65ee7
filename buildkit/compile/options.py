"""What every translation is told. It enters each key."""

from __future__ import annotations

from typing import Any

OPTIONS: dict[str, Any] = {"language_level": 3, "annotate": False, "include_path": ["."]}
"""Options of every translation. `annotate` is set, as otherwise a stray .html beside the source turns it on."""

DIRECTIVES: dict[str, Any] = {"emit_code_comments": False}
"""Directives of every translation: without the source's text in the C, a comment that moves no line changes nothing."""
