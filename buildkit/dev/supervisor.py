"""Starts the service, reports its state, and stops it with everything it started.

The service runs under `launch`, which ends it and all its descendants as soon as its lifeline closes. The kernel closes
the lifeline however this process ends, so even SIGKILL leaves nothing behind.
"""

from __future__ import annotations

import http.client
import shutil
import sys
import time
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from buildkit.dev.service import Service
from buildkit.doors import process, python
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError

PAUSE = 0.02
"""Seconds between two looks at a service that starts."""

SETTLE = 1.0
"""Seconds after which a service without a health address counts as ready."""

REVIVALS = 3
"""How often a service that was ready and ended by itself is started again before the next change."""

_ANSWER = 0.5
_SERVER_ERROR = 500
_LAUNCH = Path(__file__).with_name("launch.py")


class State(Enum):
    """The state of the service."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    ENDED = "ended"


class Supervisor:
    """Runs one service at a time.

    Args:
        grace: seconds between asking the service to end and killing it.
    """

    def __init__(self, grace: float = process.GRACE) -> None:
        self._grace = grace
        self._child: process.Child | None = None
        self._service: Service | None = None
        self._since = Stopwatch()
        self._was_ready = False
        self._revivals = 0

    def start(self, service: Service) -> None:
        """Start `service` in place of the one that runs, and return at once.

        Raises:
            ConfigurationError: there is no such program; a running service is left alone.
        """
        program = shutil.which(service.command[0], path=service.environment.get("PATH"))
        if program is None and not (service.folder / service.command[0]).is_file():
            raise ConfigurationError(
                f"dev.command: there is no program {service.command[0]!r}",
                hint="install it into this environment, or correct `command` in [tool.buildkit.dev]",
            )
        self.stop()
        self._service, self._revivals = service, 0
        self._launch(service)

    def stop(self) -> None:
        """Stop the service with all its descendants and wait until they are gone. Interrupted, it does so at once."""
        child, self._child = self._child, None
        if child is None:
            return
        try:
            if child.stdin is not None:
                child.stdin.close()
            process.ended_within(child, self._grace + 1)
        finally:
            if child.poll() is None:
                process.end(child)  # the second request: the launcher kills what it has

    def await_ready(self, patience: float) -> State:
        """Return the state of the service, after waiting up to `patience` seconds for it to be ready or to end."""
        watch = Stopwatch()
        while (state := self.state()) is State.STARTING and watch.seconds < patience:
            time.sleep(PAUSE)
        return state

    def state(self) -> State:
        """Return the state of the service."""
        if self._child is None or self._service is None:
            return State.STOPPED
        if self._child.poll() is not None:
            return State.ENDED
        if not self._was_ready:
            ready = self._service.ready
            self._was_ready = answers(ready) if ready else self._since.seconds >= SETTLE
        return State.READY if self._was_ready else State.STARTING

    def revive(self) -> bool:
        """Start a service that ended by itself again; return whether that was done.

        One that never became ready would end again, and one that keeps ending needs a change: both are left alone.
        """
        if self._service is None or not self._was_ready or self._revivals >= REVIVALS:
            return False
        self.stop()
        self._revivals += 1
        self._launch(self._service)
        return True

    @property
    def exit_code(self) -> int | None:
        """The service's exit code, or 128 plus the signal that ended it; None while it runs."""
        return None if self._child is None else self._child.poll()

    def _launch(self, service: Service) -> None:
        self._was_ready, self._since = False, Stopwatch()
        self._child = process.start(
            python.script_command(_LAUNCH, str(self._grace), *service.command),
            folder=service.folder,
            environment=service.environment,
            stdin=process.PIPE,
            output=sys.__stderr__.fileno() if sys.__stderr__ else None,  # stdout is for the command's own result
        )


def require_free(service: Service) -> None:
    """Check that nothing answers yet at the address of the service.

    Raises:
        ConfigurationError: another process answers there.
    """
    if service.ready and answers(service.ready):
        raise ConfigurationError(
            f"dev.port: somebody else answers at {service.ready} already",
            hint="end that process, or choose another port: PYBUILDKIT_DEV_PORT=8001 invoke dev",
        )


def answers(address: str) -> bool:
    """Return whether the HTTP address answers with anything but a server's error."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=_ANSWER)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")
        return connection.getresponse().status < _SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
