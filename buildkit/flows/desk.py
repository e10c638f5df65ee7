"""What the person at the terminal of `invoke dev` sees and presses, and what programs are told."""

from __future__ import annotations

import os
import sys

from buildkit.core.changes import Need, Reaction, with_consequences
from buildkit.dev.keys import Keys
from buildkit.dev.loop import Loop
from buildkit.dev.screen import Screen
from buildkit.dev.services import Services
from buildkit.dev.status import help_lines
from buildkit.flows.dev_project import SCHEMA, Project
from buildkit.model import Outcome, Reason
from buildkit.report.console import Console

_SUBJECTS = {"aside": "modules", "ended": "service"}
_NEEDS = {"r": Need.RESTART, "m": Need.MIGRATE, "d": Need.REFRESH}


class Desk:
    """What the person at the terminal sees, and presses.

    Args:
        project: the project.
        services: its services.
        screen: the terminal.
        console: says what is said.
    """

    def __init__(self, project: Project, services: Services, screen: Screen, console: Console) -> None:
        self._project = project
        self._services = services
        self._screen = screen
        self._console = console
        self.keys = Keys()

    def tell(self, event: str, outcome: Outcome) -> None:
        """Tell programs what happened."""
        facts = {_SUBJECTS.get(event, "cycle"): outcome.subject, "outcome": outcome.result}
        more = {"reason": str(outcome.reason), "seconds": round(outcome.seconds, 3), "detail": outcome.detail}
        self._console.event({"schema": SCHEMA, "event": event, **facts, **more})

    def show(self, doing: str, last: str, short: str) -> None:
        """Show what is being done, and the last cycle, in short where there is little room."""
        status = self._project.status
        status.doing, status.last, status.short = doing, last, short
        self._draw()

    def attend(self, loop: Loop) -> bool:
        """Show how things stand, and do what the keys say; return whether to go on."""
        self._draw()
        if self.keys.continued:
            self.keys.continued = False
            self._screen.redraw()
        for key in self.keys.pressed():
            if key == "q":
                return False
            self._obey(key, loop)
        return True

    def _obey(self, key: str, loop: Loop) -> None:
        reason = Reason("key", key)
        if key == "b":
            loop.begin(reason)
        elif key == "m" and not self._project.has_migrations():
            self._console.say("there are no migrations here: no alembic.ini, and no [tool.alembic] in pyproject.toml")
        elif key in _NEEDS:
            loop.react(Reaction(with_consequences([_NEEDS[key]]), reason, ()))
        elif key == "i":
            status = self._project.status
            self.show("install the dependencies …", status.last, status.short)
            installed = self._project.install()
            self.show("", status.last, status.short)
            if installed:
                loop.begin(Reason("installed the dependencies"))
        elif key == "o":
            self._open()
        elif key == "c":
            self._screen.clear()
        elif key == "?":
            self._console.say("\n".join(help_lines()))

    def _open(self) -> None:
        address = next((f"http://127.0.0.1:{port}/" for port in self._services.ports().values()), "")
        desktop = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if address and desktop:
            import webbrowser  # noqa: PLC0415 - on a key

            webbrowser.open(address)
        self._console.say(address or "no service has an address")

    def _draw(self) -> None:
        if self._screen.has_line:
            states, ports = self._services.states(), self._services.ports()
            self._screen.show(self._project.status.line(states, ports, self._screen.room))
