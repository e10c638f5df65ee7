"""The database that could not be brought to head, while the services go on with it as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection

from buildkit.core.changes import Need
from buildkit.errors import BuildkitError, DatabaseError, render

FAILED = "migrate failed"
AS_BEFORE = "migrate failed as before"


class BehindHead:
    """Whether the services go on with a database that is not at head, and what was said of it.

    Args:
        say: called once with what is wrong.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._words = ""

    def __bool__(self) -> bool:
        return bool(self._words)

    def is_bearable(self, error: BuildkitError, *, runs: bool) -> bool:
        """Return whether services may go on, or begin, although this happened: to begin they need one that answers."""
        return runs or not isinstance(error, DatabaseError)

    def note(self, error: BuildkitError, needs: Collection[Need], failed: str) -> str:
        """Note why it is so; say it unless it is known, and return a phrase for the cycle.

        Args:
            error: why.
            needs: what has changed needs: where it is the revisions, it is said anew.
            failed: what was said of the step that failed last.
        """
        words = render(error)
        known = words in {self._words, failed} and Need.MIGRATE not in needs
        self._words = words
        if known:
            return AS_BEFORE
        self._say(words)
        return FAILED

    def clear(self) -> bool:
        """Note that it is at head; return whether it was not before."""
        was, self._words = bool(self._words), ""
        return was


def comes_to_nothing(phrases: Collection[str]) -> bool:
    """Return whether a cycle has nothing to say but what is known."""
    return not {*phrases} - {AS_BEFORE}
