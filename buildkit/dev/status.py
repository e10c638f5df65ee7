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
        tests: what came of the tests; empty where they do not run.
    """

    revision: str = ""
    forms: Forms = field(default_factory=Forms)
    doing: str = ""
    last: str = ""
    tests: str = ""

    def line(self, states: Mapping[str, State], ports: Mapping[str, int]) -> str:
        """Return the line.

        Args:
            states: of each service, by its name.
            ports: where each is reached; 0 or nothing for nowhere.
        """
        services = " ".join(f"{_SIGNS[state]} {name}{_at(ports.get(name))}" for name, state in states.items())
        parts = (
            services,
            self.revision,
            self.forms.words(states.keys()),
            self.tests,
            self.doing or self.last,
            "? keys",
        )
        return _BETWEEN.join(part for part in parts if part)


def _at(port: int | None) -> str:
    return f" :{port}" if port else ""


def help_lines() -> list[str]:
    """Return the keys with what they do."""
    return [f"  {key}  {words}" for key, words in KEYS.items()]
