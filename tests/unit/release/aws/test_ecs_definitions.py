"""A task definition with another image: what is changed, what counts as a difference, and what is refused."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from buildkit.core.untrusted import Odd
from buildkit.release.aws.definitions import Edit, container_of, differences, edited, platform_of, read, same

BASE: dict[str, Any] = {
    "family": "orbits-api",
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [
        {
            "name": "api",
            "image": "r/api@sha256:old",
            "portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
            "mountPoints": [],
        },
        {"name": "proxy", "image": "r/proxy:1", "command": ["run", "--fast"], "essential": False},
    ],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    made = deepcopy(BASE)
    *way, last = path.split(".")
    inner: Any = made
    for name in way:
        inner = inner[int(name)] if name.isdigit() else inner[name]
    inner[int(last) if last.isdigit() else last] = value
    return made


def test_the_image_of_one_container_is_changed_and_nothing_else() -> None:
    before = deepcopy(BASE)

    made = edited(BASE, Edit("api", "r/api@sha256:new"))

    assert before == BASE
    assert made == changed("containerDefinitions.0.image", "r/api@sha256:new")


def test_a_container_without_a_health_check_gets_that_of_the_image_and_keeps_its_own() -> None:
    edit = Edit("api", "r/api@sha256:new", ("python", "-m", "buildkit.runtime", "--health", "http://127.0.0.1:8000/"))
    own = changed("containerDefinitions.0.healthCheck", {"command": ["CMD", "true"]})

    made = edited(BASE, edit)["containerDefinitions"]

    assert made[0]["healthCheck"]["command"] == ["CMD", *edit.health]
    assert made[0]["healthCheck"]["startPeriod"] <= 300, "as long as ECS allows"
    assert "healthCheck" not in made[1]
    assert edited(own, edit)["containerDefinitions"][0]["healthCheck"] == {"command": ["CMD", "true"]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("containerDefinitions.0.essential", True),
        ("containerDefinitions.0.portMappings", [{"containerPort": 8000}]),
        ("containerDefinitions.0.environment", [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        ("containerDefinitions.0.volumesFrom", []),
        ("containerDefinitions.0.cpu", 0),
        ("cpu", ".25 vCPU"),
        ("memory", "0.5GB"),
        ("placementConstraints", []),
        ("tags", [{"key": "team", "value": "orbits"}]),
    ],
)
def test_what_ecs_fills_in_is_no_difference(path: str, value: Any) -> None:
    assert same(BASE, changed(path, value))
    assert differences(BASE, changed(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("containerDefinitions.0.image", "r/api@sha256:new", "api image"),
        ("containerDefinitions.0.environment.0.value", "secret", "api environment B value"),
        ("containerDefinitions.0.essential", False, "api essential"),
        ("containerDefinitions.0.portMappings.0.protocol", "udp", "api portMappings 8000/tcp"),
        ("containerDefinitions.1.command", ["--fast", "run"], "proxy command"),
        ("containerDefinitions.1.essential", True, "proxy essential"),
        ("memory", "1024", "memory"),
        ("taskRoleArn", "arn:aws:iam::1:role/other", "taskRoleArn"),
        ("runtimePlatform", {"cpuArchitecture": "ARM64"}, "runtimePlatform"),
    ],
)
def test_a_difference_is_named_by_its_path_and_without_its_value(path: str, value: Any, words: str) -> None:
    other = changed(path, value)

    assert not same(BASE, other)
    assert words in differences(BASE, other)
    assert "secret" not in " ".join(differences(BASE, other))


def test_a_fixed_port_of_the_host_is_another_than_any_port() -> None:
    bridge = {**deepcopy(BASE), "networkMode": "bridge"}
    anyone = changed("containerDefinitions.0.portMappings", [{"containerPort": 8000, "hostPort": 0}])

    assert not same(bridge, {**anyone, "networkMode": "bridge"})


@pytest.mark.parametrize(("wanted", "found"), [("proxy", "proxy"), ("api", "api")])
def test_a_container_is_found_by_its_name(wanted: str, found: str) -> None:
    assert container_of(BASE, wanted) == found


def test_the_only_container_needs_no_name_and_one_of_several_does() -> None:
    alone = {"containerDefinitions": [{"name": "api"}]}

    assert container_of(alone, "") == "api"
    with pytest.raises(Odd, match="several containers, and none is named: api, proxy"):
        container_of(BASE, "")
    with pytest.raises(Odd, match="no container web; it has: api, proxy"):
        container_of(BASE, "web")


@pytest.mark.parametrize(
    ("about", "fargate", "platform"),
    [
        ({}, True, "linux/amd64"),
        ({}, False, ""),
        ({"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}}, True, "linux/arm64"),
        ({"runtimePlatform": {"cpuArchitecture": "X86_64"}}, False, "linux/amd64"),
        ({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}, True, "windows/amd64"),
    ],
)
def test_the_processor_is_the_one_that_the_tasks_run_on(about: dict[str, Any], fargate: bool, platform: str) -> None:
    assert platform_of(about, fargate=fargate) == platform


def test_a_file_may_be_what_the_command_line_printed() -> None:
    assert read(b'{"taskDefinition": {"family": "f", "containerDefinitions": [{"name": "a"}]}}')["family"] == "f"
    for text in (b"[]", b'{"family": "f"}', b'{"family": "f", "containerDefinitions": [{}]}', b"{", b""):
        with pytest.raises(ValueError, match=r"."):
            read(text)
