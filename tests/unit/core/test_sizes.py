from __future__ import annotations

import pytest

from buildkit.core.sizes import in_words


@pytest.mark.parametrize(("size", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (221_300_000, "221 MB")])
def test_sizes_read_like_sizes(size: int, words: str) -> None:
    assert in_words(size) == words
