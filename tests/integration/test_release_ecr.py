"""The login of Amazon's registry: for it alone, where nothing else is known, and nowhere on the disk."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ecs_endpoint import Ecs, RefusedError

from buildkit.errors import AccessError
from buildkit.flows.registry_login import logged_in
from buildkit.registry.credentials import credentials
from buildkit.release.aws import ecr

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def basic(known: str) -> str:
    return f"Basic {base64.b64encode(known.encode()).decode()}"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (HOST, "eu-central-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr-ecr.eu-central-1.on.aws", "eu-central-1"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example", ""),
        ("x123456789012.dkr.ecr.eu-central-1.amazonaws.com", ""),
        ("ghcr.io", ""),
        ("localhost:5000", ""),
    ],
)
def test_a_registry_of_amazon_is_known_by_its_name(host: str, region: str) -> None:
    assert ecr.region_of(host) == region


def test_the_password_is_for_that_registry_and_no_other(ecs: Ecs, tmp_path: Path) -> None:
    nobody = {"DOCKER_CONFIG": str(tmp_path)}

    made = logged_in(f"{HOST}/team", nobody)

    assert credentials(HOST, made) == basic("AWS:a-password")
    assert credentials("registry-1.docker.io", made) == ""
    assert (ecs.asked, [*tmp_path.iterdir()], "PYBUILDKIT_REGISTRY_USER" in nobody) == (
        ["GetAuthorizationToken"],
        [],
        False,
    )


def test_what_is_known_already_is_taken_and_others_are_not_asked(ecs: Ecs, tmp_path: Path) -> None:
    auth = base64.b64encode(b"AWS:mine").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {HOST: {"auth": auth}}}))
    for known in (
        {"DOCKER_CONFIG": str(tmp_path)},
        {"PYBUILDKIT_REGISTRY_USER": "u", "PYBUILDKIT_REGISTRY_PASSWORD": "p"},
    ):
        assert logged_in(HOST, known) == known
    assert logged_in("ghcr.io/team", {"DOCKER_CONFIG": "/none"}) == {"DOCKER_CONFIG": "/none"}
    assert ecs.asked == []


def test_credentials_that_do_not_suffice_are_said(ecs: Ecs) -> None:
    ecs.refusals["GetAuthorizationToken"] = [RefusedError("AccessDeniedException")]
    with pytest.raises(AccessError, match="AWS does not allow ecr:GetAuthorizationToken"):
        logged_in(HOST, {"DOCKER_CONFIG": "/none"})
