"""What a build is thought to take: as long as the last time, else in proportion to the sources."""

from __future__ import annotations

import pytest

from buildkit.extensions.expected import estimated


def test_what_is_not_known_takes_its_share_by_its_source_on_a_machine_of_this_speed() -> None:
    usual = estimated(["a", "b"], {}, {"a": 1_000, "b": 100_000})
    slow = estimated(["a", "b"], {"a": usual["a"] * 3}, {"a": 1_000, "b": 100_000})

    assert usual == {"a": pytest.approx(0.283), "b": pytest.approx(5.53)}
    assert slow == {name: pytest.approx(seconds * 3) for name, seconds in usual.items()}
