"""Whether `latest` may be moved."""

from __future__ import annotations

import pytest

from buildkit.image.push.tags import difference, judge

ORDER = ["aaa", "bbb", "ccc"]


def is_ancestor(first: str, second: str) -> bool | None:
    if first not in (*ORDER, "side") or second not in (*ORDER, "side"):
        return None
    return "side" not in (first, second) and ORDER.index(first) <= ORDER.index(second)


@pytest.mark.parametrize(
    ("ours", "theirs", "moves", "words"),
    [
        ("bbb", None, True, "there was none"),
        ("bbb", "aaa", True, "it was at aaa"),
        ("bbb", "aaa-dirty", True, "it was at aaa"),
        ("bbb", "bbb", True, "another build of this commit"),
        ("bbb", "ccc", False, "it is at ccc, which is later"),
        ("bbb", "side", False, "on another branch"),
        ("bbb", "unknown", False, "not known here"),
        ("bbb", "", False, "says no commit"),
        ("bbb-dirty", "aaa", False, "of no commit"),
        ("", None, False, "of no commit"),
    ],
)
def test_latest_goes_forward_and_never_back(ours: str, theirs: str | None, moves: bool, words: str) -> None:
    verdict = judge("auto", ours, theirs, is_ancestor)
    assert verdict.moves is moves
    assert words in verdict.words


def test_what_is_asked_for_counts() -> None:
    assert judge("move", "", "ccc", is_ancestor).moves
    assert not judge("never", "bbb", "aaa", is_ancestor).moves


def test_why_an_image_under_a_tag_is_another_one() -> None:
    revision, base = "org.opencontainers.image.revision", "org.opencontainers.image.base.digest"
    ours = {revision: "aaa", base: "sha256:1"}
    assert difference(ours, {revision: "bbb"}) == "it is of commit bbb"
    assert difference(ours, {revision: "aaa", base: "sha256:2"}) == "it was built on another base"
    assert "something else" in difference(ours, {})
