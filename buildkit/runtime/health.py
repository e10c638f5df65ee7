"""Asks the service's health address; small enough for a HEALTHCHECK in an image without curl."""

from __future__ import annotations

from collections.abc import Callable

from buildkit.runtime.state import STARTING, State

_PATIENCE = 3.0
"""Seconds to wait for an answer."""


def ask(url: str, say: Callable[[str], None], state: State | None) -> int:
    """Return 0 if `url` answers with a status below 400, otherwise log why and return 1. No proxy is used.

    Args:
        url: the service's health address.
        say: called with each log line.
        state: the container's state; while a gate runs, the service is not asked.
    """
    if state is not None:
        say(f"health: {state}")
        if state.word == STARTING:
            return 1
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
