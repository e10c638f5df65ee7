"""The picture of what weighs what: rectangles as large as their shares, which fill the whole, and text that is safe."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.report.treemap import Box, laid, treemap

WHOLE = Box(10, 20, 300, 200)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 10**10), max_size=30))
def test_each_rectangle_is_as_large_as_its_share(weights: dict[str, int]) -> None:
    found = laid(weights, WHOLE)

    assert found.keys() == {name for name, weight in weights.items() if weight}
    total = sum(weights.values())
    for name, box in found.items():
        assert box.area == pytest.approx(WHOLE.area * weights[name] / total, rel=1e-3, abs=1e-3)
        assert box.x >= WHOLE.x - 1e-6
        assert box.y >= WHOLE.y - 1e-6
        assert box.x + box.width <= WHOLE.x + WHOLE.width + 1e-6
        assert box.y + box.height <= WHOLE.y + WHOLE.height + 1e-6


def test_equal_weights_are_nearly_squares() -> None:
    for box in laid(dict.fromkeys("abcdef", 5), WHOLE).values():
        assert 0.5 < box.width / box.height < 2


def test_a_picture_names_the_large_ones_and_tells_all_that_can_be_seen() -> None:
    weights = {"numpy": {"extension": 900, "code": 100}, "six": {"code": 100}, "nothing": {"code": 0}}
    text = treemap("image api", weights, "{} B".format)
    root = ET.fromstring(text)

    told = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    assert told == [
        "image api",
        "numpy: extension, 900 B of 1000 B",
        "numpy: code, 100 B of 1000 B",
        "six: code, 100 B of 100 B",
    ]
    labels = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert labels == ["image api: 1100 B", "extension 900 B", "code 200 B", "numpy", "1000 B", "six", "100 B"]


def test_names_cannot_break_out_of_their_places() -> None:
    text = treemap('a"<script>', {"</title><script>alert(1)</script>": {'k"': 5}}, "{} B".format)

    assert "<script>" not in text
    assert ET.fromstring(text) is not None


def test_nothing_makes_an_empty_picture() -> None:
    assert ET.fromstring(treemap("none", {}, "{} B".format)) is not None
