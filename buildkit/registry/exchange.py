"""Sends one request to a registry and reads its answer; nothing that comes over the network is trusted.

An answer has a limit of bytes, of time, and of redirects, which never lead from TLS to plain HTTP and never carry a
password along. A failure that another try may mend is a `TransientFailure`, any other a `PermanentFailure`.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from buildkit.registry import deadline
from buildkit.registry.deadline import Deadline
from buildkit.registry.patience import PermanentFailure, TransientFailure, seconds_of

MOST_REDIRECTS = 6
"""How often one request may be redirected."""

MOST_WORDS = 64 << 10
"""Bytes of an error's body that are read."""

_PIECE = 1 << 20
_BUSY = frozenset({http.client.TOO_MANY_REQUESTS, http.client.SERVICE_UNAVAILABLE})
_FOLLOWED = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _FOLLOWED
_PLAIN = "plain HTTP is spoken with localhost and 127.0.0.1 alone: give the registry a certificate"
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
_GZIP = 31


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    Args:
        method: the HTTP method.
        url: the URL.
        headers: headers besides those that every request has.
        body: returns the content to send, from its beginning.
        size: bytes of the body.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Iterable[bytes]] | None = None
    size: int = 0


class Answer:
    """An HTTP response.

    Args:
        url: the URL that answered, after redirects.
        response: the response, whose head has been read.
        watch: the deadline of the request.
    """

    def __init__(self, url: str, response: http.client.HTTPResponse, watch: Deadline) -> None:
        self.url = url
        self.status = response.status
        self.headers = response.headers
        self._response = response
        self._watch = watch

    def content(self, most: int) -> bytes:
        """Return the whole content, which may have `most` bytes."""
        return b"".join(self.blocks(most))

    def blocks(self, most: int) -> Iterator[bytes]:
        """Yield the content piece by piece.

        Raises:
            TransientFailure: it ended early, or took too long.
            PermanentFailure: it has more than `most` bytes.
        """
        self._watch.allow(min(most, self._response.length or most))  # what it says of itself counts, where it is less
        left = most
        for piece in self._decoded():
            left -= len(piece)
            if left < 0:
                raise PermanentFailure(f"more came than the {most:,} bytes that there may be")
            yield piece

    def _decoded(self) -> Iterator[bytes]:
        kind = self.headers.get("Content-Encoding", "").strip().lower()
        if kind in {"", "identity"}:
            yield from self._raw()
            return
        if kind not in {"gzip", "x-gzip"}:
            raise PermanentFailure("it answers in an encoding that nobody asked for")
        opened = zlib.decompressobj(_GZIP)
        for each in self._raw():
            rest = each
            while rest and not opened.eof:
                try:
                    yield opened.decompress(rest, _PIECE)
                except zlib.error as error:
                    raise TransientFailure(error) from None
                rest = opened.unconsumed_tail
        if not opened.eof:
            raise TransientFailure("the connection was cut")

    def _raw(self) -> Iterator[bytes]:
        while True:
            try:
                piece = self._response.read1(_PIECE)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._watch.failure(error) from error
            if not piece:
                break
            yield piece
        if self._watch.expired or self._response.length:
            raise self._watch.failure("the connection was cut")


@contextlib.contextmanager
def exchange(request: Request, authorize: Callable[[str], Mapping[str, str]]) -> Iterator[Answer]:
    """Send a request, follow its redirects, and yield the answer.

    Args:
        request: the request.
        authorize: returns the authorization headers that may go to a URL.

    Raises:
        TransientFailure: trying again may help.
        PermanentFailure: trying again does not help.
    """
    url = request.url
    for _ in range(MOST_REDIRECTS):
        parts = checked(url)
        with _sent(request, parts, authorize(url)) as (response, watch):
            if response.status in _REDIRECTS and (request.method in {"GET", "HEAD"} or response.status in _FOLLOWED):
                url = led_to(url, response.headers.get("Location"))
                continue
            if response.status in _BUSY or response.status >= http.client.INTERNAL_SERVER_ERROR:
                raise TransientFailure(f"status {response.status}", seconds_of(response.headers.get("Retry-After")))
            yield Answer(url, response, watch)
            return
    raise PermanentFailure("it leads in a circle")


def led_to(url: str, place: str | None) -> str:
    """Return the URL that a redirect from `url` leads to.

    Raises:
        PermanentFailure: it leads to no valid URL, or from TLS to plain HTTP.
    """
    if not place:
        raise PermanentFailure("it leads to another place and does not say where")
    try:
        found = urllib.parse.urljoin(url, place)
    except ValueError:
        raise PermanentFailure("it leads to a place that is none") from None
    parts = checked(found)
    if parts.scheme != "https" and not url.startswith("http:"):
        raise PermanentFailure(f"it leads from TLS to plain HTTP at {parts.hostname}")
    return found


def checked(url: str) -> urllib.parse.SplitResult:
    """Return the parts of a URL that a request can be sent to.

    Raises:
        PermanentFailure: the text is no such URL.
    """
    with contextlib.suppress(ValueError):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and url.isascii():
            return parts
    raise PermanentFailure("it leads to a place that is none")


@contextlib.contextmanager
def _sent(
    request: Request, parts: urllib.parse.SplitResult, authorized: Mapping[str, str]
) -> Iterator[tuple[http.client.HTTPResponse, Deadline]]:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=deadline.PATIENCE)
    watch = Deadline(connection, request.size)
    try:
        with _facts(parts, watch):
            connection.connect()
            watch.connected()
            headers = {"User-Agent": "invoke-buildkit", **request.headers, **authorized}
            target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            body: Any = None
            if request.body is not None:
                headers["Content-Length"] = str(request.size)
                body = _own(request.body())
            try:
                connection.request(request.method, target, body, headers)
            except (
                BrokenPipeError,
                ConnectionResetError,
            ) as error:  # it may have answered before it had received everything
                response = _answered(connection, error)
            else:
                watch.allow(0)
                response = connection.getresponse()
        yield response, watch
    finally:
        watch.end()
        connection.close()


class _Unread(Exception):  # noqa: N818
    """The file to be sent cannot be read, which is no failure of the network."""


def _own(blocks: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from blocks
    except OSError as error:
        raise _Unread from error


def _answered(connection: http.client.HTTPConnection, error: OSError) -> http.client.HTTPResponse:
    try:
        return connection.getresponse()
    except (OSError, http.client.HTTPException):
        raise error from None


@contextlib.contextmanager
def _facts(parts: urllib.parse.SplitResult, watch: Deadline) -> Iterator[None]:
    """Turn errors in the block into the one kind that may be tried again and the one that may not."""
    try:
        yield
    except _Unread as unread:
        raise (unread.__cause__ or unread) from None
    except ssl.SSLCertVerificationError as error:
        raise PermanentFailure(
            f"the certificate of {parts.netloc} is not trusted: {error.verify_message}",
            hint="where a CA of your own signed it, name the file of all that you trust: SSL_CERT_FILE=/ca.pem",
        ) from None
    except ssl.SSLError as error:
        if error.reason not in _NO_TLS:
            raise watch.failure(error) from error
        raise PermanentFailure(f"{parts.netloc} speaks no TLS", hint=_PLAIN) from None
    except (http.client.InvalidURL, UnicodeError):
        raise PermanentFailure("it leads to a place that is none") from None
    except (OSError, http.client.HTTPException) as error:
        raise watch.failure(error) from error
