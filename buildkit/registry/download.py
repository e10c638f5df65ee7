"""Downloads a blob into a file; an interrupted download keeps what came, and the next one continues from there."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from buildkit.doors import files
from buildkit.registry import failure
from buildkit.registry.exchange import Answer, Request
from buildkit.registry.patience import Patience, PermanentFailure, TransientFailure
from buildkit.registry.session import Session
from buildkit.registry.upload import Hear, unheard


def download(session: Session, digest: str, size: int, target: Path, hear: Hear = unheard) -> int:
    """Download a blob into the file `target`, or the rest of what is there; return how many bytes came.

    Args:
        session: the session with the repository.
        digest: the digest of the whole blob, as `sha256:…`.
        size: bytes of the whole blob; a longer one is given up as soon as that shows.
        target: the file.
        hear: told how many of its bytes have come.

    Raises:
        Failure: the content does not have this digest or size, and the file is deleted; or the registry refuses.
    """
    came, patience = 0, Patience()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _part(target) as descriptor:
        while (have := os.fstat(descriptor).st_size) != size:
            if have > size:
                os.ftruncate(descriptor, 0)
                continue
            try:
                came += _rest(session, digest, have, size, descriptor, hear)
                if os.fstat(descriptor).st_size < size:
                    raise TransientFailure("it ended early")  # noqa: TRY301 - as if the network had cut it
            except TransientFailure as cut:
                session.again(patience, cut, progress=os.fstat(descriptor).st_size > have)
            except PermanentFailure as refused:
                target.unlink()
                raise session.failure(str(refused), refused.hint) from None
        os.lseek(descriptor, 0, os.SEEK_SET)
        found = hashlib.sha256()
        while block := os.read(descriptor, 1 << 20):
            found.update(block)
    if f"sha256:{found.hexdigest()}" != digest:
        target.unlink()
        raise failure.other_bytes(
            session.where,
            digest,
            "the registry or something before it gives other bytes; nothing of it was used. push it again",
        )
    return came


def _rest(session: Session, digest: str, have: int, size: int, descriptor: int, hear: Hear) -> int:
    """Write the content from byte `have` on, or all of it anew if the registry cannot continue there."""
    headers = {"Range": f"bytes={have}-"} if have else {}
    came = 0
    with session.opened(Request("GET", session.url(f"blobs/{digest}"), headers)) as answer:
        session.require(answer, (200, 206))
        if not (have and _goes_on(answer, have)):
            os.ftruncate(descriptor, 0)
            have = 0
            if answer.status != http.client.OK:
                raise TransientFailure("it goes on at another place than asked for")
        for block in answer.blocks(size - have):
            files.write_all(descriptor, block)
            came += len(block)
            hear(have + came)
    return came


def _goes_on(answer: Answer, have: int) -> bool:
    """Return whether an answer continues at byte `have`."""
    place = answer.headers.get("Content-Range", "").strip()
    return answer.status == http.client.PARTIAL_CONTENT and place.startswith((f"bytes {have}-", f"bytes={have}-"))


@contextlib.contextmanager
def _part(target: Path) -> Iterator[int]:
    """Open the file for a download; anything else in its place, such as a link, is deleted."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with contextlib.suppress(FileNotFoundError):
        found = target.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            target.unlink()
    descriptor = os.open(target, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
