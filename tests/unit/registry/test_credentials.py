"""Who one is to a registry."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from buildkit.registry.credentials import credentials

HOST = "registry.example:5000"


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_variables_win_over_what_docker_knows(tmp_path: Path) -> None:
    auth = base64.b64encode(b"docker:login").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {HOST: {"auth": auth}}}))
    variables = {"DOCKER_CONFIG": str(tmp_path)}
    assert credentials(HOST, variables) == basic("docker:login")
    assert credentials("other.example", variables) == ""
    variables |= {"PYBUILDKIT_REGISTRY_USER": "robot", "PYBUILDKIT_REGISTRY_PASSWORD": "secret"}
    assert credentials(HOST, variables) == basic("robot:secret")


@pytest.mark.parametrize("settings", [{"credHelpers": {HOST: "kept"}}, {"credsStore": "kept"}])
def test_a_credential_helper_is_asked(tmp_path: Path, settings: dict[str, object]) -> None:
    helper = tmp_path / "docker-credential-kept"
    helper.write_text(f"""#!/bin/sh
[ "$1 $(cat)" = "get {HOST}" ] && echo '{{"Username": "kept", "Secret": "word"}}'
""")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text(json.dumps(settings))
    path = f"{tmp_path}:{os.environ['PATH']}"
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("PATH", path)
        assert credentials(HOST, {"DOCKER_CONFIG": str(tmp_path), "PATH": path}) == basic("kept:word")


@pytest.mark.parametrize("text", ["", "[]", '{"auths": 3}', '{"credsStore": "no-such-helper"}'])
def test_settings_that_cannot_be_read_are_no_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert credentials(HOST, {"DOCKER_CONFIG": str(tmp_path), "PATH": os.environ["PATH"]}) == ""
