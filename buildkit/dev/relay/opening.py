"""What the first bytes of a client tell. Nothing else of what passes is looked at."""

from __future__ import annotations

import re

LONGEST = 65536
"""Bytes of a head of HTTP that is looked at."""

_REQUEST = re.compile(rb"[A-Z]{3,20} [^\s\x00-\x1f]+ HTTP/1\.[01]\r?\n")
_BEGINS = re.compile(rb"[A-Z]{3,20} [^\s\x00-\x1f]{0,8192}")
_UPGRADE = re.compile(rb"\r?\nupgrade:", re.IGNORECASE)
_HTML = re.compile(rb"\r?\naccept:[^\r\n]*text/html", re.IGNORECASE)
_INTERIM = re.compile(rb"(?:HTTP/1\.[01] 1(?!01)\d\d[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n)+")
_END = re.compile(rb"\r?\n\r?\n")


def is_request(data: bytes | bytearray) -> bool:
    """Return whether a request of HTTP/1 begins here."""
    return _REQUEST.match(data) is not None or (b"\n" not in data[:8192] and _BEGINS.match(data) is not None)


def is_upgrade(data: bytes | bytearray) -> bool:
    """Return whether the request asks for another protocol, such as a websocket."""
    return _UPGRADE.search(_head(data)) is not None


def is_switched(answer: bytes) -> bool:
    """Return whether the answer to such a request begins with agreement."""
    return answer.startswith((b"HTTP/1.1 101", b"HTTP/1.0 101"))


def is_interim(answer: bytes) -> bool:
    """Return whether an answer says only that the request goes on, as `100 Continue` does."""
    return _INTERIM.fullmatch(answer) is not None


def wants_html(data: bytes | bytearray) -> bool:
    """Return whether who asks accepts a page."""
    return _HTML.search(_head(data)) is not None


def is_whole(data: bytes | bytearray) -> bool:
    """Return whether the head of the request is there, or is not worth waiting for."""
    return not is_request(data) or len(data) >= LONGEST or _END.search(data) is not None


def _head(data: bytes | bytearray) -> bytes:
    end = _END.search(data)
    return bytes(data[: end.start() if end else LONGEST])
