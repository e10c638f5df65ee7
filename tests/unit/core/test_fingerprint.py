from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from buildkit.core.fingerprint import digest_bytes, digest_value, fingerprint, key_of
from buildkit.model import ABSENT, Digest

NAMES = st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]))
DIGESTS = st.just(ABSENT) | st.binary(max_size=2).map(digest_bytes)
PARTS = st.dictionaries(NAMES, DIGESTS, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(parts=PARTS, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_the_parts_does_not_matter(parts: dict[str, Digest], shuffle: object) -> None:
    names = list(parts)
    shuffle.shuffle(names)  # type: ignore[attr-defined]

    assert fingerprint({name: parts[name] for name in names}).key == fingerprint(parts).key


@given(one=PARTS, other=PARTS)
def test_keys_are_equal_exactly_where_the_parts_are(one: dict[str, Digest], other: dict[str, Digest]) -> None:
    assert (key_of(one) == key_of(other)) == (one == other)


@given(parts=PARTS, name=NAMES, digest=DIGESTS)
def test_one_part_more_or_another_digest_is_another_key(parts: dict[str, Digest], name: str, digest: Digest) -> None:
    changed = {**parts, name: digest}

    assert (key_of(changed) == key_of(parts)) == (changed == parts)


@given(value=VALUES)
def test_a_setting_has_one_digest_however_its_tables_are_ordered(value: object) -> None:
    assert digest_value(reversed_tables(value)) == digest_value(value)


def reversed_tables(value: object) -> object:
    if isinstance(value, dict):
        return {key: reversed_tables(value[key]) for key in reversed(value)}
    return [reversed_tables(item) for item in value] if isinstance(value, list) else value


def test_the_order_of_a_list_is_part_of_a_setting() -> None:
    assert digest_value(["-O1", "-O2"]) != digest_value(["-O2", "-O1"])
    assert digest_value({"wraparound": False}) != digest_value({"wraparound": 0})


def test_a_key_is_what_the_documentation_says() -> None:
    """The form is fixed: a store that was filled by one version must not be read wrongly by another."""
    parts = {"source b.py": ABSENT, "source a.py": digest_bytes(b"x")}
    text = b"source a.py\0" + digest_bytes(b"x").encode() + b"\nsource b.py\0absent"

    assert fingerprint(parts).key == hashlib.sha256(text).hexdigest()
    assert fingerprint(parts).parts == parts
