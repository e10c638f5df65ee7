"""What lies in a registry is named by a reference, and content by its digest."""

from __future__ import annotations

import pytest

from buildkit.core.untrusted import Odd
from buildkit.registry.reference import Reference, digest_of, parse

HOST = "registry.example:5000"
DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{HOST}/team/data", Reference(HOST, "team/data", "latest", "")),
        (f"{HOST}/team/data:v1.2", Reference(HOST, "team/data", "v1.2", "")),
        (f"{HOST}/data@{DIGEST}", Reference(HOST, "data", "latest", DIGEST)),
        (f"localhost/data:x@{DIGEST}", Reference("localhost", "data", "x", DIGEST)),
    ],
)
def test_references(text: str, found: Reference) -> None:
    assert parse(text) == found
    assert found.wanted == (found.digest or found.tag)


@pytest.mark.parametrize(
    "text", ["data", "registry.example/", "registry.example/UPPER:x", "http://host/name", "h/n:\x1b[2J"]
)
def test_what_is_no_reference_is_odd(text: str) -> None:
    with pytest.raises(Odd, match="is no reference") as odd:
        parse(text)
    assert str(odd.value).isprintable()


@pytest.mark.parametrize("value", [f"sha512:{'a' * 128}", "sha256:abc", f"sha256:{'A' * 64}", "a" * 64, 5, None])
def test_a_digest_that_cannot_be_compared_is_odd(value: object) -> None:
    assert digest_of(DIGEST) == DIGEST
    with pytest.raises(Odd):
        digest_of(value)
