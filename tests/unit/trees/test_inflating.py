"""What is deflated, and how much may come of it."""

from __future__ import annotations

import zlib

import pytest

from buildkit.core.untrusted import Odd
from buildkit.trees.inflating import Allowance, inflated

BODY = b"content " * 1000


def pieces(content: bytes) -> list[bytes]:
    return [content[at : at + 7] for at in range(0, len(content), 7)]


def test_it_comes_out_as_it_went_in() -> None:
    assert b"".join(inflated(pieces(zlib.compress(BODY)), Allowance(10), len(BODY))) == BODY


def test_more_than_it_may_be_is_refused() -> None:
    with pytest.raises(Odd, match="more bytes than any has"):
        list(inflated(pieces(zlib.compress(BODY)), Allowance(10), len(BODY) - 1))
    with pytest.raises(Odd, match="far more than it holds"):
        list(inflated([zlib.compress(bytes(300 << 20))], Allowance(0), 1 << 40))


@pytest.mark.parametrize("content", [zlib.compress(BODY)[:-5], zlib.compress(BODY) + b"x"])
def test_a_cut_one_and_one_with_something_behind_are_refused(content: bytes) -> None:
    with pytest.raises(Odd):
        list(inflated(pieces(content), Allowance(10), len(BODY)))
