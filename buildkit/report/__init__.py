"""What users see: lines on a terminal, JSON on stdout. Knows the nouns alone and is handed in."""

from __future__ import annotations


class Unread(Exception):  # noqa: N818 - a fact
    """Nobody reads the result any more: the pipe that it went to was closed."""


class Unwritten(Exception):  # noqa: N818 - a fact
    """The result cannot be written. The message says why."""
