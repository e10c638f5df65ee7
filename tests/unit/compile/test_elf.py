"""The mark for the stack: in the place of advice that the loader can do without."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from buildkit.compile.elf import mark_stack

STACK, RELRO, LOAD = 0x6474E551, 0x6474E552, 1


def extension(*kinds: int) -> bytes:
    """Return an ELF file that has program headers of these kinds and nothing else."""
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, len(kinds), 0, 0, 0
    )
    return head + b"".join(struct.pack("<IIQQQQQQ", kind, 5, 1, 2, 3, 4, 5, 8) for kind in kinds)


def headers(content: bytes) -> list[tuple[int, int]]:
    return [struct.unpack_from("<II", content, at) for at in range(64, len(content), 56)]


def test_the_mark_takes_the_place_of_advice(tmp_path: Path) -> None:
    file = tmp_path / "x.so"
    file.write_bytes(extension(LOAD, RELRO, LOAD))

    assert mark_stack(file)

    assert headers(file.read_bytes()) == [(LOAD, 5), (STACK, 6), (LOAD, 5)]
    assert len(file.read_bytes()) == len(extension(LOAD, RELRO, LOAD))


def test_one_that_is_marked_is_left(tmp_path: Path) -> None:
    file = tmp_path / "x.so"
    file.write_bytes(extension(LOAD, STACK, RELRO))

    assert mark_stack(file)

    assert file.read_bytes() == extension(LOAD, STACK, RELRO)


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x01\x01" + b"\0" * 60, b"\xcf\xfa\xed\xfe", extension(LOAD)])
def test_what_has_no_room_or_is_something_else_is_left(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.so"
    file.write_bytes(content)

    assert not mark_stack(file)

    assert file.read_bytes() == content
