"""Says in an extension of tcc that it needs no executable stack: from glibc 2.41 on, the loader refuses it otherwise.

tcc marks no stack, and what is not marked is taken for code that needs an executable one. The mark is a program header.
tcc has no option for it and leaves no room, so it takes the place of one that is only advice: that pages may be made
read-only once the loader is done with them.
"""

from __future__ import annotations

import struct
from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"  # of 64 bits, the lowest byte first
_HEADERS_AT, _SIZE_AT, _COUNT_AT = 32, 54, 56
_STACK, _READ_ONLY_LATER = 0x6474E551, 0x6474E552
_READ_WRITE = 6
_HEADER = struct.Struct("<IIQQQQQQ")


def mark_stack(file: Path) -> bool:
    """Say in an extension that it needs no executable stack; return whether it says so now.

    Args:
        file: is changed in place. Anything but a 64-bit little-endian ELF file is left as it is.

    Raises:
        OSError: it cannot be read or written.
    """
    content = bytearray(file.read_bytes())
    if not content.startswith(_MAGIC):
        return False
    (start,) = struct.unpack_from("<Q", content, _HEADERS_AT)
    size, count = struct.unpack_from("<HH", content, _SIZE_AT)
    places = {struct.unpack_from("<I", content, at)[0]: at for at in range(start, start + size * count, size)}
    if _STACK in places:
        return True
    at = places.get(_READ_ONLY_LATER)
    if at is None:
        return False
    _HEADER.pack_into(content, at, _STACK, _READ_WRITE, 0, 0, 0, 0, 0, 16)
    file.write_bytes(content)
    return True
