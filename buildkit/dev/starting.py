"""What a process may have read while it started, although it is no longer there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

from buildkit.core.changes import Need, Reaction, with_consequences
from buildkit.dev.aside import Doubt
from buildkit.model import Reason

ALWAYS = 3
"""Starts in a row during which a file was written again; from the next one on the service is taken for its writer."""


class StartDoubt:
    """Whether a process that starts may have read files that changed again meanwhile.

    What the loop compares is what the files were at its last look, and what they are. A process imports in between: a
    branch that is taken up and left again while it does has changed nothing for the loop, but may have for the process,
    and for the bytecode that it wrote. So until it is ready, whatever was written counts as changed.

    A service may itself write a file whenever it starts. It would be started anew for ever, so what was written during
    several starts in a row without a difference does not count any more, until a start goes by without it.

    Once it is ready, a process may still import what it needs late. What was written and is back to what it was counts
    then if the bytecode shows that it was imported in between.

    Args:
        say: called with one line for each file that does not count any more.
        imported: returns those of the files written of which a process has imported another text.
    """

    def __init__(self, say: Callable[[str], None], imported: Callable[[Collection[str]], Collection[str]]) -> None:
        self._say = say
        self._imported = imported
        self._doubt = Doubt()
        self._starts: Counter[str] = Counter()  # in a row, during which each file was written
        self._written: set[str] = set()  # during this one

    def begin(self) -> None:
        """Note that a process starts."""
        for name in self._starts.keys() - self._written:
            del self._starts[name]
        self._written.clear()
        self._doubt.begin()

    def calm(self) -> None:
        """Note a look at the events that found none, while no process starts."""
        self._doubt.calm()

    def answer(self, reaction: Reaction, written: Collection[str]) -> Reaction:
        """Return the reaction to what differs, and to what a process that starts may have read meanwhile.

        Args:
            reaction: to what differs.
            written: the services' files that were written, whether they differ or not.
        """
        same = {*written}.difference(reaction.files)
        stale = sorted(name for name in same if self._counts(name)) if self else sorted(self._imported(same))
        if not stale:
            return reaction
        more = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
        kind = "changed while it started" if self else "changed for a moment, and imported"
        reason = reaction.reason if reaction.needs else Reason(kind, stale[0] + more)
        needs = with_consequences({*reaction.needs, Need.RESTART})
        return replace(reaction, needs=needs, reason=reason, files=(*reaction.files, *stale))

    def __bool__(self) -> bool:
        """Return whether a process may have read what is no longer there."""
        return bool(self._doubt)

    def _counts(self, name: str) -> bool:
        if name not in self._written:
            self._written.add(name)
            self._starts[name] += 1
            if self._starts[name] == ALWAYS + 1:
                self._say(f"{name} is written at each start of a service: from now on only another content counts")
        return self._starts[name] <= ALWAYS
