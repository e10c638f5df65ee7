"""What users see: lines on a terminal, JSON on stdout. It knows only the nouns of `model`, and callers pass it in."""

from __future__ import annotations


class ReaderGone(Exception):  # noqa: N818 - a fact
    """The reader of standard output has gone away, as when a pipe is closed."""


class WriteFailed(Exception):  # noqa: N818 - a fact
    """The result cannot be written. The message says why."""
