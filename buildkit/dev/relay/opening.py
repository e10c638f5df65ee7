"""What the head of a request tells who answers it here."""

from __future__ import annotations

import re

from buildkit.dev.relay.heads import LONGEST, may_begin

_HTML = re.compile(rb"\r?\naccept:[^\r\n]*text/html", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")


def is_request(data: bytes | bytearray) -> bool:
    """Return whether a request of HTTP/1 begins here."""
    return may_begin(bytes(data[:LONGEST]))


def wants_html(data: bytes | bytearray) -> bool:
    """Return whether who asks accepts a page."""
    end = _END.search(data)
    return _HTML.search(bytes(data[: end.start() if end else LONGEST])) is not None


def is_whole(data: bytes | bytearray) -> bool:
    """Return whether the head of the request is there, or is not worth waiting for."""
    return not is_request(data) or len(data) >= LONGEST or _END.search(data) is not None
