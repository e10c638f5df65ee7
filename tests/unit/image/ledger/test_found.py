"""Secrets in any layer and in the history, and tools of builds; and that what only looks like one is left alone."""

from __future__ import annotations

from layered import Content, Given, image

from buildkit.image.ledger.found import build_tools, secrets
from buildkit.image.ledger.growth import Grown, growth
from buildkit.image.ledger.tree import read_tree


def found(*layers: Content, given: Given | None = None) -> list[tuple[str, str]]:
    with image(*layers, given=given) as saved:
        return [(each.where, each.words) for each in secrets(saved, read_tree(saved))]


def test_a_secret_is_found_by_what_stands_in_it() -> None:
    assert found(
        {"app/.env": b"API_TOKEN=hunter2", "app/.env.example": b"API_TOKEN=hunter2", "etc/.env": b"PORT=1"}
    ) == [("app/.env", "in layer 1")]


def test_a_secret_that_a_later_layer_removes_is_still_there() -> None:
    assert found({"app/.env": b"API_TOKEN=hunter2"}, {"app/.wh..env": b""}) == [
        ("app/.env", "in layer 1, and only hidden by layer 2: it can be read there")
    ]


def test_secrets_of_variables_and_history_are_named_and_never_shown() -> None:
    given = Given(
        environment=["API_TOKEN=hunter2", "PORT=80"],
        steps=["RUN pip install --index-url https://me:hunter2@index.example/simple x"],
    )
    assert found({"a": b"x"}, given=given) == [
        ("the variable API_TOKEN", "everybody who has the image can read it"),
        (
            "an address with credentials in the history",
            "by RUN pip install --index-url https://****@index.example/simple x",
        ),
    ]


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
