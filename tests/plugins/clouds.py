"""A project whose services run on an ECS that is played on this machine, with a real registry."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from plugins.tools import missing

if TYPE_CHECKING:
    from ecs_endpoint import Ecs
    from fleets import Fleet


@pytest.fixture(scope="session")
def botocore() -> None:
    """The library that speaks to AWS."""
    if importlib.util.find_spec("botocore") is None:
        missing("botocore", 'not installed: pip install "invoke-buildkit[aws]"')


@pytest.fixture(scope="module")
def fleet_registry(tmp_path_factory: pytest.TempPathFactory, docker_registry: None) -> Iterator[str]:  # noqa: ARG001
    """The address of a registry, which all tests of a file share."""
    import registry as registries

    with registries.registry(tmp_path_factory.mktemp("registry") / "own") as running:
        yield f"localhost:{running.port}"


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch, botocore: None) -> Iterator[Ecs]:  # noqa: ARG001
    """ECS as it is played, which botocore speaks to in place of AWS; looks follow each other at once."""
    import ecs_endpoint
    import fleets

    with ecs_endpoint.endpoint() as played:
        for name, value in {**fleets.VARIABLES, "AWS_ENDPOINT_URL": played.url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        monkeypatch.setattr("buildkit.release.aws.cluster.LOOK", 0.01)
        yield played


@pytest.fixture
def fleet(tmp_path: Path, ecs: Ecs, fleet_registry: str) -> Fleet:
    """A project with one service, of which nothing is released yet, and a task definition that runs an old image."""
    import fleets

    (tmp_path / "project").mkdir()
    made = fleets.Fleet(tmp_path / "project", fleet_registry, f"t{uuid4().hex[:8]}", ecs)
    made.git("init", "--quiet", "--initial-branch=main")
    made.declare()
    ecs.serve("orbits-api", ecs.define(fleets.definition(made.push())))
    return made
