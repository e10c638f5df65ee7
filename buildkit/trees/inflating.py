"""What is deflated, piece by piece, and how much may come of it: few bytes can say many."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from buildkit.core.untrusted import Odd
from buildkit.trees.tar import CHUNK

_SHARE = 100
_FREE = 256 << 20


class Allowance:
    """Limits how far an archive may expand, as a multiple of its own size. C and machine code stay far below.

    Args:
        size: bytes of the archive.
    """

    def __init__(self, size: int) -> None:
        self._left = _FREE + _SHARE * size

    def spend(self, content: bytes) -> bytes:
        """Count the bytes and return `content`; raise if the limit is exceeded.

        Raises:
            Odd: it may not.
        """
        self._left -= len(content)
        if self._left < 0:
            raise Odd("it unpacks to far more than it holds")
        return content


def inflated(deflated: Iterable[bytes], allowance: Allowance, most: int) -> Iterator[bytes]:
    """Give what is deflated (RFC 1950); no more than a piece of it is in memory.

    Args:
        deflated: in pieces; all of it is taken.
        allowance: pays for what comes of it.
        most: bytes that it may come to.

    Raises:
        Odd: there is more, or it is cut, or something follows its end.
        zlib.error: it is not deflated.
    """
    opened, size = zlib.decompressobj(), 0
    for each in deflated:
        rest = each
        while rest and not opened.eof:
            piece = allowance.spend(opened.decompress(rest, CHUNK))
            rest = opened.unconsumed_tail
            size += len(piece)
            if size > most:
                raise Odd("a text of more bytes than any has")
            yield piece
    yield allowance.spend(opened.flush())
    if not opened.eof or opened.unused_data:
        raise Odd("its content is not what its name says")
