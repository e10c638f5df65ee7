"""Asks whether the service is well, by its address, its file or a command: a HEALTHCHECK for an image without curl."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from buildkit.runtime.state import STARTING, State

_PATIENCE = 3.0
_FRESH = 60.0
"""Seconds to wait for an answer; the age at which a file no longer shows life."""


def answer(kind: str, words: Sequence[str], say: Callable[[str], None], state: State | None) -> int:
    """Return 0 if the service is well, otherwise log why and return 1. While a gate runs, the service is not asked.

    Args:
        kind: `--health`, `--health-file` or `--health-command`.
        words: the address; the file and the most seconds since it was touched; the command.
        say: called with each log line.
        state: the container's state.
    """
    if state is not None:
        say(f"health: {state}")
        if state.word == STARTING:
            return 1
    if kind == "--health-command":
        return _become(words, say)
    if kind == "--health-file":
        return _touched(words[0], float(words[1]) if words[1:] else _FRESH, say)
    return _ask(words[0], say)


def _ask(url: str, say: Callable[[str], None]) -> int:
    """Ask whether `url` answers with a status below 400. No proxy is used."""
    import http.client  # noqa: PLC0415 - the start of a service does not pay for it
    import urllib.parse  # noqa: PLC0415

    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        say(f"health: {url}: {error}")
        return 1
    finally:
        connection.close()
    if status >= http.client.BAD_REQUEST:
        say(f"health: {url}: status {status}")
        return 1
    return 0


def _touched(place: str, seconds: float, say: Callable[[str], None]) -> int:
    """Ask whether the file `place` was written or touched in the last `seconds`."""
    import os  # noqa: PLC0415 - as above
    import time  # noqa: PLC0415

    try:
        age = time.time() - os.stat(place).st_mtime  # noqa: PTH116 - a string
    except OSError as error:
        folder = os.path.dirname(place)  # noqa: PTH120
        closed = os.path.isdir(folder) and not os.access(folder, os.W_OK)  # noqa: PTH112
        say(f"health: {place}: {f'user {os.getuid()} cannot write to {folder}' if closed else error.strerror}")
        return 1
    if age > seconds:
        say(f"health: {place}: touched {age:.0f} s ago, to be within {seconds:g} s")
        return 1
    return 0


def _become(command: Sequence[str], say: Callable[[str], None]) -> int:
    """Become `command`, whose exit code is the answer."""
    import os  # noqa: PLC0415 - as above

    try:
        os.execvp(command[0], list(command))  # noqa: S606 - this process becomes the check
    except OSError as error:
        say(f"health: cannot start {command[0]}: {error.strerror}")
        return 1
