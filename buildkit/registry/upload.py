"""Uploads a blob: announces it and sends it in one stream, which every registry accepts.

ECR drops pieces after the first, and others limit their size. Only if the connection breaks before the stream has
ended, and the registry proves to keep pieces, the blob is sent in pieces.
"""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from buildkit.registry.exchange import Request, led_to
from buildkit.registry.patience import Patience, PermanentFailure, TransientFailure
from buildkit.registry.session import Response, Session

PIECE = 8 << 20
"""Bytes of a piece."""

Reader = Callable[[int], Iterable[bytes]]
"""Returns the bytes of a blob from an offset on."""

Hear = Callable[[int], None]
"""Told how many bytes of a blob have gone or come; fewer than before where a connection broke."""

_CONTENT = {"Content-Type": "application/octet-stream"}


def unheard(_bytes: int) -> None:
    """Tell nobody."""


def upload(session: Session, digest: str, size: int, read: Reader, hear: Hear = unheard) -> int:
    """Send a blob; return how many bytes were sent, which are more than its size if the connection broke.

    Args:
        session: the session with the repository.
        digest: the digest of the whole blob, as `sha256:…`.
        size: bytes of the whole blob.
        read: returns the blob's bytes from an offset on.
        hear: told how many of its bytes have gone.

    Raises:
        Failure: the registry refuses, or the network keeps failing.
    """
    patience, sent = Patience(), 0
    read = partial(_told, read, hear)
    while True:
        place = _finished(_begin(session), digest)
        try:
            response = session.once(Request("PUT", place, _CONTENT, lambda: read(0), size), good=(201, 202, 204))
        except TransientFailure as cut:
            sent += size
            session.again(patience, cut)
            if size > PIECE:
                more, whole = _in_pieces(session, digest, size, read)
                sent += more
                if whole:
                    return sent
            continue
        if response.status != http.client.CREATED and not has_blob(session, digest):
            raise session.failure("it took a blob and does not have it")
        return sent + size


def _told(read: Reader, hear: Hear, offset: int) -> Iterator[bytes]:
    for block in read(offset):
        yield block
        offset += len(block)  # who asks for the next one has sent this one
        hear(offset)


def has_blob(session: Session, digest: str) -> bool:
    """Return whether the repository has the blob."""
    return session.ask(Request("HEAD", session.url(f"blobs/{digest}")), good=(200, 404)).status == http.client.OK


def _begin(session: Session) -> str:
    """Begin an upload; return its URL."""
    return _place(session, session.ask(Request("POST", session.url("blobs/uploads/"), {}, list, 0), good=(202,)))


def _place(session: Session, response: Response) -> str:
    """Return the URL at which an upload continues; parts that the registry leaves out stay as they were."""
    try:
        return led_to(response.url, response.headers.get("Location"))
    except PermanentFailure as refused:
        raise session.failure(f"an upload has no place to go to: {refused}", refused.hint) from None


def _finished(place: str, digest: str) -> str:
    separator = "&" if urllib.parse.urlsplit(place).query else "?"
    return f"{place}{separator}digest={urllib.parse.quote(digest)}"


def _in_pieces(session: Session, digest: str, size: int, read: Reader) -> tuple[int, bool]:
    """Upload a blob piece by piece, for a connection that breaks; return the bytes sent, and whether all are kept.

    A piece counts once the registry's `Range` confirms everything up to its end. A registry that does not confirm it
    (ECR keeps only the first piece) gets no further one.
    """
    place, done, sent, patience = _begin(session), 0, 0, Patience()
    while done < size:
        piece = _take(read(done), min(PIECE, size - done))
        headers = {**_CONTENT, "Content-Range": f"{done}-{done + len(piece) - 1}"}
        request = Request("PATCH", place, headers, lambda piece=piece: [piece], len(piece))  # type: ignore[misc]
        sent += len(piece)
        try:
            response = session.once(request, good=None)
        except TransientFailure as cut:
            session.again(patience, cut)
            place, before, done = *_how_far(session, place), done
            if done > before:
                patience = Patience()
            continue
        done += len(piece)
        kept = response.headers.get("Range", "").removeprefix("bytes=")
        if response.status != http.client.ACCEPTED or kept != f"0-{done - 1}":
            return sent, False
        place, patience = _place(session, response), Patience()
    session.ask(Request("PUT", _finished(place, digest), {}, list, 0), good=(201,))
    return sent, True


def _how_far(session: Session, place: str) -> tuple[str, int]:
    """Ask how far an upload got; return the URL and the offset at which it continues."""
    response = session.ask(Request("GET", place), good=(204, 404, 416))
    if response.status != http.client.NO_CONTENT:  # some registries, Docker's own among them, cannot go on in a chunk
        return _begin(session), 0
    last = response.headers.get("Range", "0--1").partition("-")[2]
    # an upload that has got nothing answers `0-0`; one byte is never sent alone
    known = last.isascii() and last.isdecimal() and len(last) < 20  # noqa: PLR2004 - 64 bits
    done = int(last) + 1 if known and int(last) > 0 else 0
    return (_place(session, response) if response.headers.get("Location") else place), done


def _take(blocks: Iterable[bytes], size: int) -> bytes:
    """Return the first `size` bytes."""
    taken = bytearray()
    for block in blocks:
        taken += block
        if len(taken) >= size:
            break
    return bytes(taken[:size])
