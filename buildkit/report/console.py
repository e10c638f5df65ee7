"""The terminal: messages go to stderr, results to stdout; plain without a terminal, or if `NO_COLOR` is set."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from buildkit.report import ReaderGone, WriteFailed

if TYPE_CHECKING:
    from buildkit.model import Outcome, Report

_PLAIN = str.maketrans({"─": "-", "…": "...", "→": "->"})
_USUAL_COLUMNS = 80
_CLEARED = "\r\033[K"
"""Brings the cursor to the beginning of its line, and clears that."""

_COLOURS = {
    "failed": "31",
    "warning": "33",
    "refused": "33",
    "error": "31",
    "compiled": "32",
    "made": "32",
    "restored": "36",
}


class Console:
    """Prints messages to stderr and the result to stdout.

    Args:
        environment: `NO_COLOR` and `TERM` are read from it.
        as_json: print the result as one JSON object instead of text.
        talk: the stream for messages; stderr if None.
        out: the stream for results; stdout if None.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        as_json: bool = False,
        talk: TextIO | None = None,
        out: TextIO | None = None,
    ) -> None:
        self._talk = talk or sys.stderr or _Nobody()
        self._out = out or sys.stdout or _Nobody()
        self._json = as_json
        self.coloured = "NO_COLOR" not in environment and environment.get("TERM") != "dumb" and self._talk.isatty()
        """Whether messages have colours."""
        self._turn = threading.Lock()
        self._has_bottom = environment.get("TERM") != "dumb" and self._talk.isatty()
        self._below = ""

    def say(self, text: str) -> None:
        """Print one line on stderr. If stderr cannot be written to, the command goes on silently."""
        with self._turn, contextlib.suppress(OSError):
            if self._below:
                text = f"{_CLEARED}{text}\n{self._below}"
                print(_writable(text, self._talk), end="", file=self._talk, flush=True)
            else:
                print(_writable(text, self._talk), file=self._talk, flush=True)

    def bottom(self, text: str) -> bool:
        """Show a line below all others, in the place of the one before; return whether there is a terminal for it.

        Args:
            text: the line, which is cut where it is too long; empty to show none.
        """
        if not self._has_bottom:
            return False
        with self._turn, contextlib.suppress(OSError):
            columns = self._columns()
            text = text if len(text) < columns else f"{text[: columns - 2]}…"
            if text != self._below:
                self._below = text
                print(_writable(f"{_CLEARED}{text}", self._talk), end="", file=self._talk, flush=True)
        return True

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._talk.fileno()).columns
        except (OSError, ValueError):
            return _USUAL_COLUMNS

    def warn(self, text: str) -> None:
        """Print a warning on stderr."""
        self.say(f"{self._paint('warning', 'warning')}: {text}")

    def outcome(self, row: Outcome) -> None:
        """Print one subject's outcome on stderr: its result, the time if work was done, the reason."""
        time = f"{row.seconds:7.2f} s" if row.seconds >= 0.005 else " " * 9  # noqa: PLR2004 - a hundredth when rounded
        pieces = "".join(f", {count:,} {result}" for result, count in row.pieces.items() if count)
        self.say(f"{self._paint(row.result, f'{row.result:<9}')}{time}  {row.subject}  ({row.reason}{pieces})")

    def news(self, row: Outcome) -> None:
        """Print one subject's outcome on stderr, unless there was nothing to do."""
        if row.result not in {"fresh", "kept"}:
            self.outcome(row)

    def talk_to(self, stream: TextIO) -> None:
        """Print messages there from now on; whoever gave the stream has the bottom of the terminal."""
        self._talk = stream
        self._has_bottom = False

    def event(self, facts: Mapping[str, object]) -> None:
        """Print what has just happened as a line of JSON on stdout, where the result is printed as JSON too."""
        if self._json:
            with self._turn, contextlib.suppress(OSError):
                print(json.dumps(facts), file=self._out, flush=True)

    def result(self, report: Report, lines: Sequence[str]) -> None:
        """Print the result of a command on stdout: `lines`, or the report as one JSON object.

        Raises:
            ReaderGone: the reader of stdout has gone away.
            WriteFailed: stdout cannot be written, as on a full disk.
        """
        text = json.dumps(as_json(report)) if self._json else "\n".join(lines)
        if not text:
            return
        try:
            print(_writable(text, self._out), file=self._out, flush=True)
        except BrokenPipeError:
            raise ReaderGone from None
        except OSError as error:
            raise WriteFailed(error.strerror) from None

    def _paint(self, role: str, text: str) -> str:
        code = _COLOURS.get(role.strip())
        return f"\033[{code}m{text}\033[0m" if self.coloured and code else text


class _Nobody(io.StringIO):
    """Stands in for a closed stream and discards what is written."""

    def write(self, text: str) -> int:
        """Discard `text`."""
        return len(text)


def _writable(text: str, stream: TextIO) -> str:
    """Return `text` as the stream can encode it: characters that it cannot encode are replaced or escaped."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def as_json(report: Report) -> dict[str, object]:
    """Return the JSON form of a report: schema, facts, seconds, rows, counts."""
    rows = [
        {
            report.row: row.subject,
            "outcome": row.result,
            "reason": str(row.reason),
            "seconds": round(row.seconds, 3),
            **({"pieces": dict(row.pieces)} if row.pieces else {}),
            **({"detail": row.detail} if row.detail else {}),
            **({"before": row.before, "after": row.after} if row.before or row.after else {}),
        }
        for row in report.outcomes
    ]
    return {
        "schema": report.schema,
        **report.facts,
        "seconds": round(report.seconds, 3),
        f"{report.row}s": rows,
        "counts": counts(report.outcomes),
    }


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how often each result occurs in `outcomes`, in the order of first appearance."""
    found: dict[str, int] = {}
    for row in outcomes:
        found[row.result] = found.get(row.result, 0) + 1
    return found


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return `rows` (the first is the heading) as lines with aligned columns."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    ruled = [rows[0], ["─" * width for width in widths], *rows[1:]]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in ruled]
