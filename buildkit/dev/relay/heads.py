"""What the head of a message of HTTP/1 says of what follows it (RFC 9112, sections 6 and 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 65536
"""Bytes of a head that is read."""

IN_CHUNKS = -1
"""A body in chunks."""

TO_THE_END = -2
"""A body that ends where the connection does."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}"
_BEGINS = re.compile(_TOKEN + rb"(?: [^\x00-\x1f]*)?\r?")
_REQUEST = re.compile(rb"(" + _TOKEN + rb") [^\s\x00-\x1f]+ HTTP/1\.([01])[ \t]*\r?\n")
_RESPONSE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?\r?\n")
_ANSWERS = b"HTTP/1."
_FIELD = re.compile(
    rb"\n(content-length|transfer-encoding|connection|upgrade|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE
)
_NO_BODY = frozenset({204, 304})
_SWITCHED, _FINE = 101, range(200, 300)


class NotUnderstood(Exception):  # noqa: N818 - no error: the end of what is followed
    """Raised where bytes are no message of HTTP/1."""


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request.

    Args:
        method: such as `GET`.
        body: bytes of its body, or `IN_CHUNKS`.
        switches: whether it asks to go on in another protocol.
        expects: whether its body waits for an interim answer.
        closes: whether the connection is to end behind the answer.
    """

    method: bytes
    body: int
    switches: bool
    expects: bool
    closes: bool

    @classmethod
    def read(cls, head: bytes) -> Request:
        """Return what a whole head says.

        Raises:
            NotUnderstood: it is none.
        """
        line = _REQUEST.match(head)
        if line is None:
            raise NotUnderstood
        fields = _fields(head)
        if b"transfer-encoding" not in fields:
            body = _length(fields) or 0
        elif _is_chunked(fields):
            body = IN_CHUNKS
        else:
            raise NotUnderstood
        expects = b"100-continue" in fields.get(b"expect", b"").lower()
        switches = line[1] == b"CONNECT" or b"upgrade" in fields
        return cls(line[1], body, switches, expects, _is_last(line[2], fields))


@dataclass(frozen=True, slots=True)
class Response:
    """The head of an answer.

    Args:
        body: bytes of its body, `IN_CHUNKS` or `TO_THE_END`.
        switched: whether both go on in another protocol.
        is_final: whether no other answer to the same request follows.
        closes: whether the connection ends behind it.
    """

    body: int
    switched: bool = False
    is_final: bool = True
    closes: bool = False

    @classmethod
    def read(cls, head: bytes, method: bytes) -> Response:
        """Return what a whole head says.

        Args:
            head: the bytes.
            method: of the request that it answers; empty where nothing was asked.

        Raises:
            NotUnderstood: it is none.
        """
        line = _RESPONSE.match(head)
        if line is None:
            raise NotUnderstood
        status = int(line[2])
        if status == _SWITCHED or (method == b"CONNECT" and status in _FINE):
            return cls(TO_THE_END, switched=True)
        if status < _FINE.start:
            return cls(0, is_final=False)
        fields = _fields(head)
        length = _length(fields)
        if method == b"HEAD" or status in _NO_BODY:
            body = 0
        elif b"transfer-encoding" in fields:
            body = IN_CHUNKS if _is_chunked(fields) else TO_THE_END
        else:
            body = TO_THE_END if length is None else length
        return cls(body, closes=_is_last(line[1], fields))


def may_begin(data: bytes) -> bool:
    """Return whether a request of HTTP/1 may begin so."""
    return _REQUEST.match(data) is not None or (len(data) < LONGEST and _BEGINS.fullmatch(data) is not None)


def may_answer(data: bytes) -> bool:
    """Return whether an answer may begin so."""
    return data.startswith(_ANSWERS) or _ANSWERS.startswith(data)


def _fields(head: bytes) -> dict[bytes, bytes]:
    """Return the fields that count, by their names in small letters; those of one name joined by commas."""
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(head):
        key = name.lower()
        fields[key] = fields[key] + b"," + value if key in fields else value
    return fields


def _is_chunked(fields: dict[bytes, bytes]) -> bool:
    return fields[b"transfer-encoding"].rpartition(b",")[2].strip().lower() == b"chunked"


def _length(fields: dict[bytes, bytes]) -> int | None:
    """Return the number of bytes of the body; None where it is not said."""
    if b"content-length" not in fields or b"transfer-encoding" in fields:
        return None
    said = {value.strip() for value in fields[b"content-length"].split(b",")}
    length = said.pop()
    if said or not length.isdigit():
        raise NotUnderstood
    return int(length)


def _is_last(version: bytes, fields: dict[bytes, bytes]) -> bool:
    """Return whether a message of HTTP 1.`version` says that the connection ends behind it."""
    options = {option.strip() for option in fields.get(b"connection", b"").lower().split(b",")}
    return b"close" in options or (version == b"0" and b"keep-alive" not in options)
