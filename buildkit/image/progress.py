"""Reads the builder's progress: each step when it ends, the last output lines of one that fails, what it was sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

LAST_WORDS = 30
"""Lines kept of each step."""

_WIDTH = 110
_WORTH_A_LINE = 0.1
"""Seconds from which a step of the builder is shown."""

_LINE = re.compile(r"#(\d+) (.*)")
_STEP = re.compile(r"\[(?!internal\]|auth\]|context )[^]]*\] .+")
_DONE = re.compile(r"DONE (\d+(?:\.\d+)?)s")
_CONTEXT = "[internal] load build context"
_SENT = re.compile(r"transferring context: (\d+(?:\.\d+)?)([kMGTP]?)B\b.*")
_UNITS = {"": 1, **{letter: 1000**power for power, letter in enumerate("kMGTP", 1)}}
_OUTPUT = re.compile(r"\d+\.\d+ ?(.*)")


@dataclass(slots=True)
class Vertex:
    """One step of the build.

    Args:
        name: the builder's name for it: `[build 4/5] COPY . .`.
        result: `cached`, `done` or `failed`; empty while it runs.
        seconds: its time as measured by the builder.
        words: its last output lines.
    """

    name: str
    result: str = ""
    seconds: float = 0.0
    words: list[str] = field(default_factory=list)


def shown_lines(vertex: Vertex) -> list[str]:
    """Return the lines to show for a step: its time and name if it took long, and the compiled modules."""
    if vertex.result != "done" or vertex.seconds < _WORTH_A_LINE:
        return []
    compiled = [f"{'':20}{line}" for line in vertex.words if line.startswith("compile: ")]
    return [f"{vertex.seconds:16.2f} s  {vertex.name}"[:_WIDTH], *compiled]


class Progress:
    """Reads the builder's plain progress, line by line.

    Args:
        hear: called with each step when it begins and when it ends, except for the builder's internal steps.
    """

    def __init__(self, hear: Callable[[Vertex], None]) -> None:
        self._hear = hear
        self._vertices: dict[str, Vertex] = {}
        self._rest: list[str] = []
        self._sent: int | None = None

    @property
    def vertices(self) -> list[Vertex]:
        """The steps of the Dockerfile so far, in the order in which the builder began them."""
        return [vertex for vertex in self._vertices.values() if _STEP.match(vertex.name)]

    @property
    def sent(self) -> int | None:
        """Bytes of the context that were sent, as the builder rounds them: what it still has, it is not sent again.

        0 if it asked for nothing of the context; None if it did not say.
        """
        asked = any(vertex.name == _CONTEXT for vertex in self._vertices.values())
        return self._sent if asked else 0

    def feed(self, line: str) -> None:
        """Read one line."""
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            if line.strip():
                self._rest = [*self._rest, line.rstrip()][-LAST_WORDS:]
            return
        number, text = match.groups()
        vertex = self._vertices.get(number)
        if vertex is None:
            self._vertices[number] = begun = Vertex(text)
            if _STEP.match(text):
                self._hear(begun)
        elif text == "CACHED":
            self._end(vertex, "cached")
        elif done := _DONE.fullmatch(text):
            vertex.seconds = float(done[1])
            self._end(vertex, "done")
        elif text.startswith("ERROR"):
            self._end(vertex, "failed")
        elif vertex.name == _CONTEXT and (sent := _SENT.fullmatch(text)):
            self._sent = round(float(sent[1]) * _UNITS[sent[2]])
        elif output := _OUTPUT.fullmatch(text):
            vertex.words = [*vertex.words, output[1]][-LAST_WORDS:]

    def failure(self) -> tuple[str, list[str]]:
        """Return the name and the last output lines of the failed step; the builder's own if no step failed."""
        for vertex in self._vertices.values():
            if vertex.result == "failed" and (vertex.words or _STEP.match(vertex.name)):
                return vertex.name, vertex.words or self._errors()
        return "", self._errors()

    def _errors(self) -> list[str]:
        return [line for line in self._rest if line.startswith("ERROR")] or self._rest

    def _end(self, vertex: Vertex, result: str) -> None:
        again = bool(vertex.result)
        vertex.result = result
        if not again and _STEP.match(vertex.name):
            self._hear(vertex)
