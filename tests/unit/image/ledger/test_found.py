"""Secrets in any layer and in the history, and tools of builds; and that what only looks like one is left alone."""

from __future__ import annotations

import pytest
from layered import Content, Given, image

from buildkit.image.ledger.found import build_tools, masked, secrets
from buildkit.image.ledger.growth import Grown, growth
from buildkit.image.ledger.tree import read_tree

KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"


def found(*layers: Content, steps: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    with image(*layers, given=Given(steps=steps)) as saved:
        return [(each.where, each.words) for each in secrets(saved, read_tree(saved))]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("app/.env", b"PASSWORD=x"),
        ("app/.env.production", b"PASSWORD=x"),
        ("root/.netrc", b"machine x"),
        ("root/.aws/credentials", b"[default]"),
        ("etc/pip.conf", b"[global]\nindex-url = https://me:token@index.example/simple\n"),
        ("root/deploy", KEY),
        ("root/.ssh/id_ed25519", b"anything"),
    ],
)
def test_a_secret_is_named_and_never_shown(path: str, content: bytes) -> None:
    ((where, words),) = found({path: content})
    assert where == path
    assert "in layer 1" in words
    assert "token" not in words


def test_a_secret_that_a_later_layer_removes_is_still_there() -> None:
    assert found({"app/.env": b"PASSWORD=x"}, {"app/.wh..env": b""}) == [
        (
            "app/.env",
            "a file of that name holds secrets, in layer 1, and only hidden by layer 2: it can be read there",
        )
    ]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("app/.env.example", b"PASSWORD="),
        ("app/.env", b""),
        ("etc/pip.conf", b"[global]\nindex-url = https://index.example/simple\n"),
        ("etc/pip.conf", b"index-url = https://me:${TOKEN}@index.example/simple\n"),
        ("usr/lib/python3/site-packages/ssl/tests/key.pem", KEY),
        ("usr/lib/python3/site-packages/ssh/keys.py", KEY),
        ("etc/ssl/certs/ca.pem", b"-----BEGIN CERTIFICATE-----"),
    ],
)
def test_what_is_no_secret_is_left_alone(path: str, content: bytes) -> None:
    assert found({path: content}) == []


def test_secrets_of_the_history_are_named_and_never_shown() -> None:
    steps = (
        "RUN pip install --index-url https://me:hunter2@index.example/simple x",
        "ENV API_KEY=hunter2 PORT=80",
        "ARG GITHUB_TOKEN=hunter2",
        'ENV PASSWORD_FILE=/run/secrets/p API_KEY=$GIVEN SECRET= TOKEN="$GIVEN"',
        "RUN TOKEN='two words' make && echo $TOKEN",
    )
    assert found({"a": b"x"}, steps=steps) == [
        ("step 2 of the history", "an address with a password"),
        ("step 3 of the history", "a value of API_KEY"),
        ("step 4 of the history", "a value of GITHUB_TOKEN"),
        ("step 6 of the history", "a value of TOKEN"),
    ]


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ("RUN pip install -i https://me:hunter2@index.example/s x", "RUN pip install -i https://***@index.example/s x"),
        ("ENV API_KEY=hunter2 PORT=80", "ENV API_KEY=*** PORT=80"),
        ('ENV api_key="hunter 2" PORT=80', "ENV api_key=*** PORT=80"),
        ("ENV TOKEN=$GIVEN PORT=80", "ENV TOKEN=$GIVEN PORT=80"),
    ],
)
def test_an_instruction_is_shown_without_its_secrets(step: str, shown: str) -> None:
    assert masked(step) == shown


def test_tools_of_a_build_are_named() -> None:
    with image({"usr/bin/gcc": "gcc-12", "usr/bin/gcc-12": b"x", "usr/local/bin/uv": b"x", "usr/bin/env": b""}) as it:
        tools = [each.where for each in build_tools(read_tree(it))]
    assert tools == ["usr/bin/gcc-12", "usr/local/bin/uv", "usr/bin/gcc"]


def test_what_grew_is_told_with_its_reason() -> None:
    before = {"a": {"code": 100_000}, "gone": {"data": 50_000}, "same": {"code": 7}, "v": {"code": 1_000}}
    after = {
        "a": {"code": 100_000, "tests": 90_000},
        "new": {"extension": 70_000},
        "same": {"code": 9},
        "v": {"code": 60_000},
    }
    assert growth(before, after, {"v": "1.0"}, {"v": "2.0", "new": "1"}) == [
        Grown("a", 100_000, 190_000, "most of it tests"),
        Grown("new", 0, 70_000, "is new"),
        Grown("v", 1_000, 60_000, "1.0 to 2.0, most of it code"),
        Grown("gone", 50_000, 0, "is gone"),
    ]
