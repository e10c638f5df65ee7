"""The line of status: services, revision, modules, and the last cycle with its reason and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from buildkit.dev.ending import State
from buildkit.dev.forms import Forms

KEYS = {
    "r": "restart",
    "b": "build everything",
    "m": "migrate",
    "d": "refresh the data",
    "i": "install the dependencies",
    "o": "open in the browser",
    "c": "clear",
    "q": "quit",
    "?": "these keys",
}
"""What can be pressed, and what it does."""

_SIGNS = {State.READY: "●", State.STARTING: "◐", State.ENDED: "✗", State.STOPPED: "○"}
_BETWEEN = " │ "


@dataclass(slots=True)
class Status:
    """What the line shows.

    Args:
        revision: the database's; empty if there is none.
        forms: which modules run compiled, and which as Python for now.
        doing: what is being done; empty while nothing is.
        last: the last cycle.
        short: the same with what came of it alone.
        tests: what came of the tests; empty where they do not run.
    """

    revision: str = ""
    forms: Forms = field(default_factory=Forms)
    doing: str = ""
    last: str = ""
    short: str = ""
    tests: str = ""

    def line(self, states: Mapping[str, State], ports: Mapping[str, int], room: int = 0) -> str:
        """Return the line.

        Args:
            states: of each service, by its name.
            ports: where each is reached; 0 or nothing for nowhere.
            room: how many columns it may have, so that the result is seen; 0 for any number.
        """
        services = " ".join(f"{_SIGNS[state]} {name}{_at(ports.get(name))}" for name, state in states.items())
        forms, short = self.forms.words(states.keys()), self.doing or self.short or self.last
        ways = (
            (services, self.revision, forms, self.tests, self.doing or self.last, "? keys"),
            (services, self.revision, forms, self.tests, self.doing or self.last),
            (services, self.revision, forms, self.tests, short),
            (services, forms, self.tests, short),
            (services, self.tests, short),
        )
        lines = [_BETWEEN.join(filter(None, parts)) for parts in ways]
        return next((line for line in lines if not room or len(line) <= room), lines[-1])


def _at(port: int | None) -> str:
    return f" :{port}" if port else ""


def help_lines() -> list[str]:
    """Return the keys with what they do."""
    return [f"  {key}  {words}" for key, words in KEYS.items()]
