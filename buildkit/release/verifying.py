"""Asks a service by HTTP whether it serves, after its rollout."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http.client import HTTPException

from buildkit.core import untrusted
from buildkit.doors.clock import Stopwatch

PATIENCE = 30.0
"""Seconds within which a service that is healthy answers from outside too."""

_ONCE = 10.0
_LOOK = 0.5


def ask(address: str, seconds: float = PATIENCE) -> str:
    """Ask an address until it answers with 2xx; return what is wrong if it does not, empty if it does.

    Args:
        address: an address of HTTP.
        seconds: how long it is asked.
    """
    watch = Stopwatch()
    while True:
        words = _once(address)
        if not words or watch.seconds > seconds:
            return words
        time.sleep(_LOOK)


def _once(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=_ONCE):  # noqa: S310 - its form was checked
            return ""
    except urllib.error.HTTPError as error:
        return f"{address} answers with status {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return f"{address} does not answer: {untrusted.shown(getattr(error, 'reason', error))}"
