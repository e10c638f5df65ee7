"""How a new version comes is decided from the compose file alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from buildkit.doors.process import Completed
from buildkit.errors import ConfigurationError, EngineError
from buildkit.release.compose.engine import Engine
from buildkit.release.compose.project import Project


def project(services: Mapping[str, Any], folder: Path, name: str = "") -> Project:
    def run(command: Sequence[str], **_: Any) -> Completed:
        return Completed(tuple(command), 0, json.dumps({"name": "app", "services": services}), "", 0.0)

    return Project(Engine({}, run=run), folder / "compose.yaml", name, {}, folder)


@pytest.mark.parametrize(
    ("service", "overlap", "manner"),
    [
        ({}, True, ("beside", "no port of the host is published")),
        ({"ports": [{"target": 8000}]}, True, ("beside", "no port of the host is published")),
        ({"ports": [{"target": 8000, "published": "80"}]}, True, ("tried", "host port 80 is published")),
        ({"container_name": "web"}, True, ("tried", "container_name is web")),
        ({"network_mode": "host"}, True, ("in place", "it has the host's network")),
        ({}, False, ("in place", "overlap = false")),
    ],
)
def test_how_a_new_version_comes(
    service: dict[str, Any], overlap: bool, manner: tuple[str, str], tmp_path: Path
) -> None:
    assert project({"web": service}, tmp_path).manner("web", overlap=overlap) == manner


def test_what_services_depend_on_is_found_through_others(tmp_path: Path) -> None:
    services: dict[str, Any] = {
        "web": {"depends_on": {"cache": {}, "worker": {}}},
        "worker": {"depends_on": {"web": {}, "database": {}}},
        "cache": {"depends_on": {"database": {}}},
        "database": {},
    }

    found = project(services, tmp_path)

    assert sorted(found.dependencies(["web", "worker"])) == ["cache", "database"]
    assert (found.name, project(services, tmp_path, "mine").name) == ("app", "mine")


@pytest.mark.parametrize(("service", "count"), [({}, 1), ({"scale": 3}, 3), ({"deploy": {"replicas": 2}}, 2)])
def test_how_many_containers_a_service_has(service: dict[str, Any], count: int, tmp_path: Path) -> None:
    assert project({"web": service}, tmp_path).count("web") == count


def test_a_service_that_the_file_lacks_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='has no service "wbe"; did you mean "web"') as caught:
        project({"web": {}}, tmp_path).require("wbe", "release.service.api")

    assert "`name` says which one is meant" in caught.value.hint


def test_a_file_that_compose_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    def run(command: Sequence[str], **_: Any) -> Completed:
        return Completed(tuple(command), 1, "", "services.web.image must be a string\n", 0.0)

    with pytest.raises(ConfigurationError, match="compose refuses it") as caught:
        Project(Engine({}, run=run), tmp_path / "compose.yaml", "", {}, tmp_path)

    assert caught.value.details == ("services.web.image must be a string",)


def test_a_client_without_compose_is_told_apart_from_a_file_that_is_wrong(tmp_path: Path) -> None:
    said = "docker: 'compose' is not a docker command.\nSee 'docker --help'\n"

    def run(command: Sequence[str], **_: Any) -> Completed:
        return Completed(tuple(command), 1, "", said, 0.0)

    with pytest.raises(EngineError, match="the docker client has no compose"):
        Project(Engine({}, run=run), tmp_path / "compose.yaml", "", {}, tmp_path)


def test_what_services_are_to_run_is_given_to_compose_beside_the_projects_file(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def run(command: Sequence[str], **_: Any) -> Completed:
        asked.append([*command])
        return Completed(tuple(command), 0, json.dumps({"name": "app", "services": {}}), "", 0.0)

    Project(Engine({}, run=run), tmp_path / "compose.yaml", "", {}, tmp_path / "own").run(
        {"web": "r.example/web@sha256:1"}, "up", timeout=5
    )

    given = tmp_path / "own/images.yaml"
    assert json.loads(given.read_text()) == {"services": {"web": {"image": "r.example/web@sha256:1"}}}
    assert asked[1][:4] == ["docker", "compose", "--project-name", "app"]
    assert asked[1][-5:] == ["--file", str(tmp_path / "compose.yaml"), "--file", str(given), "up"]
