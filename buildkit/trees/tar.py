"""Reads and writes tar archives of plain files only; any other member is an error.

`tarfile` understands all dialects: links, devices, sparse files, names in any number of records before a file. Each is
a way to something outside the folder, or to much memory from few bytes. What the suite packs are ustar headers (POSIX
1003.1-1988) of regular files and, before a name that these cannot hold, one pax record (POSIX.1-2001) with the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd

BLOCK = 512
ENDING = bytes(2 * BLOCK)
"""What stands after the last file."""

RECORD = 20 * BLOCK
"""Bytes of a record of tar(1)."""

MOST_ENDING = 22 * BLOCK
"""Bytes that may stand there: most programs fill up to a record of twenty blocks."""

CHUNK = 1 << 20
_MOST_EXTENDED = 64 << 10
_KNOWN = frozenset({"path", "size", "hdrcharset"})
_REGULAR, _EXTENDED = (b"0", b"\0"), b"x"
_EMPTY = bytes(BLOCK)


class Cut(Odd):
    """The archive ends too early."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: its name, a path that stays below a folder; its bytes; its permission bits."""

    name: str
    size: int
    mode: int


def written(members: Iterable[tuple[Member, Iterable[bytes]]], record: int = 0) -> Iterator[bytes]:
    """Yield a tar of these files, which follows from names, modes and contents alone: no owner, no time.

    Args:
        members: each with its content, in the order of the archive.
        record: the whole is filled up to a multiple of so many bytes, where other programs are to read it as well.

    Raises:
        Odd: a content has another size than its member says.
    """
    total = 0
    for member, content in members:
        head = header(member.name, member.size, member.mode)
        yield head
        size = 0
        for block in content:
            size += len(block)
            if size > member.size:
                break
            yield block
        if size != member.size:
            raise Odd(f"{_shown(member.name)} has another size than the {member.size:,} bytes that it had")
        yield padding(size)
        total += len(head) + size + -size % BLOCK
    yield ENDING
    if record:
        yield bytes(-(total + len(ENDING)) % record)


def header(name: str, size: int, mode: int) -> bytes:
    """Return the header blocks of a file; equal arguments give equal bytes."""
    import tarfile  # noqa: PLC0415 - a start on fresh data never comes here

    head = tarfile.TarInfo(name)
    head.size, head.mode = size, mode
    return head.tobuf(tarfile.PAX_FORMAT)


def padding(size: int) -> bytes:
    """Return the zero bytes that pad a file of `size` bytes to whole blocks."""
    return bytes(-size % BLOCK)


class Reader:
    """The files of an archive in their order. Each member's content is to be taken before the next one is asked for.

    Args:
        read: returns the next n bytes of the archive, fewer at its end.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._names: set[str] = set()
        self._left = 0
        self._pad = 0

    def __iter__(self) -> Iterator[Member]:
        """Give each member; what is left of the content of the one before is passed over.

        Raises:
            Odd: it is no tar, or holds anything but plain files with names of their own.
        """
        while True:
            for _ in self.content():
                pass
            self._exactly(self._pad)
            block = self._exactly(BLOCK)
            if block == _EMPTY:
                self._end()
                return
            member = self._member(block)
            if member.name in self._names:
                raise Odd(f"{_shown(member.name)} twice")
            self._names.add(member.name)
            self._left, self._pad = member.size, -member.size % BLOCK
            yield member

    def content(self) -> Iterator[bytes]:
        """Give the content of the last member, in pieces.

        Raises:
            Cut: the archive ends before the size in the header.
        """
        while self._left:
            block = self._read(min(self._left, CHUNK))
            if not block:
                raise Cut("it is cut")
            self._left -= len(block)
            yield block

    def _member(self, block: bytes) -> Member:
        extended: dict[str, str] = {}
        if _kind(block) == _EXTENDED:
            size = _octal(block[124:136])
            if size > _MOST_EXTENDED:
                raise Odd(f"{size:,} bytes before a file that say more of it")
            extended = _records(self._exactly(size))
            self._exactly(-size % BLOCK)
            block = self._exactly(BLOCK)
        if _kind(block) not in _REGULAR:
            raise Odd(f"{_shown(_name(block))} is no plain file")
        name = untrusted.path(extended.get("path", _name(block)))
        size = untrusted.number(_decimal(extended["size"]) if "size" in extended else _octal(block[124:136]))
        return Member(name, size, _octal(block[100:108]) & 0o777)

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self._read(size - len(found))
            if not more:
                raise Cut("it is cut")
            found += more
        return found

    def _end(self) -> None:
        """Check that only zeros follow, and at most `MOST_ENDING` of them."""
        if self._exactly(BLOCK) != _EMPTY:
            raise Odd("something follows its end")
        left = 0
        while more := self._read(MOST_ENDING):
            left += len(more)
            if more.strip(b"\0") or left > MOST_ENDING:
                raise Odd("something follows its end")


def _kind(block: bytes) -> bytes:
    if block[257:265] != b"ustar\x0000":
        raise Odd("not a tar as the suite writes it")
    if _octal(block[148:156]) != sum(block[:148]) + sum(block[156:]) + 8 * ord(" "):
        raise Odd("the checksum of a header differs")
    return block[156:157]


def _name(block: bytes) -> str:
    name, before = _text(block[:100]), _text(block[345:500])
    return f"{before}/{name}" if before else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode(errors="surrogateescape")


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise Odd("a number of a header is none")
    return int(digits or b"0", 8)


def _decimal(digits: str) -> int:
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):  # noqa: PLR2004 - 64 bits
        raise Odd("a number of a header is none")
    return int(digits)


def _records(content: bytes) -> dict[str, str]:
    """Return the records of a pax header: each is its own length, a blank, `name=value`, a line feed."""
    found: dict[str, bytes] = {}
    while content:
        length, blank, _ = content[:8].partition(b" ")
        size = _decimal(length.decode("latin-1"))
        record, content = content[len(length) + 1 : size], content[size:]
        key, equals, value = record[:-1].partition(b"=")
        name = key.decode("latin-1")
        if not (blank and equals and record.endswith(b"\n")) or name not in _KNOWN or name in found:
            raise Odd("a record before a file is not one that the suite writes")
        found[name] = value
    return {name: value.decode(errors="surrogateescape") for name, value in found.items()}


def _shown(name: str) -> str:
    return untrusted.shown(repr(name))
