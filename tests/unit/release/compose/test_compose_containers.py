"""What is made of a container as the engine describes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from buildkit.release.compose import containers
from buildkit.release.compose.containers import Container
from buildkit.release.redaction import redacted

WELL = Container("1", "web-1", "sha256:1", "r.example/web@sha256:1", "running", "healthy")


@pytest.mark.parametrize(
    ("changed", "condition"),
    [
        ({}, "healthy"),
        ({"health": ""}, "healthy"),
        ({"health": "starting"}, "starting"),
        ({"health": "unhealthy"}, "failing"),
        ({"status": "created", "health": ""}, "starting"),
        ({"status": "exited", "exit_code": 0}, "failing"),
        ({"status": "restarting", "restarts": 1}, "starting"),
        ({"status": "restarting", "restarts": 3}, "failing"),
        ({"restarts": 3}, "failing"),
    ],
)
def test_how_a_container_is(changed: dict[str, Any], condition: str) -> None:
    assert replace(WELL, **changed).condition == condition


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"health": "unhealthy", "checked": "no"}, "its health check fails: no"),
        ({"status": "exited", "exit_code": 43}, "it ended with exit code 43: the database is ahead of its code"),
        ({"status": "exited", "exit_code": 9}, "it ended with exit code 9"),
        ({"health": "starting"}, "it is running, starting"),
    ],
)
def test_what_is_wrong_with_it_is_said(changed: dict[str, Any], words: str) -> None:
    assert replace(WELL, **changed).words == words


def test_no_secret_of_its_environment_is_shown() -> None:
    environment = {"DATABASE_URL": "postgresql://user:pass-word@db/app", "API_KEY": "key-of-api", "NAME": "visible"}

    line = redacted("key-of-api visible postgresql://user:other@db/app said pass-word", environment)

    assert line == "*** visible postgresql://user:***@db/app said ***"


class Engine:
    """An engine that knows one image by its id."""

    def json(self, *words: str) -> Any:
        assert words == ("image", "inspect", "sha256:id")
        return [{"Id": "sha256:id", "RepoDigests": ["other/web@sha256:0", "r.example/web@sha256:7"]}]


def test_the_digest_of_what_was_started_by_a_tag_is_that_of_its_place_in_the_registry() -> None:
    found = containers._digests(Engine(), {"sha256:id"}, "r.example/web")  # type: ignore[arg-type]

    assert found == {"sha256:id": "sha256:7"}
