"""What `invoke dev` runs, and what it says to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.config import load
from buildkit.dev.service import service_of
from buildkit.errors import ConfigurationError

Maker = Callable[[Mapping[str, str]], Path]

SETTINGS = """
[project]
dependencies = ["anyio"]
[tool.buildkit]
packages = ["app"]
[tool.buildkit.dev]
command = ["serve", "--port={port}"]
ready = "http://127.0.0.1:{port}/health"
"""


def test_what_is_run_and_what_it_is_told(project: Maker) -> None:
    root = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": ""})
    environment = {"PYTHONPATH": "/mine", "PATH": "/bin", "PYBUILDKIT_DEV_PORT": "8123", "REGION": "north"}
    service = service_of(load(root, environment), environment, {})
    assert service.command == ("serve", "--port=8123")
    assert service.ready == "http://127.0.0.1:8123/health"
    assert service.folder == root
    told = service.environment
    assert (told["PORT"], told["UVICORN_PORT"], told["REGION"]) == ("8123", "8123", "north")
    assert told["PYTHONPATH"] == f"{root}/src{os.pathsep}/mine"
    assert told["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/bin"
    assert told["PYBUILDKIT_DATA_PATH"] == f"{root}/data"


def test_a_command_written_as_text(project: Maker) -> None:
    root = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": ""})
    config = load(root, {"PYBUILDKIT_DEV_COMMAND": "serve 'a b' {port}"})
    assert service_of(config, {}, {}).command == ("serve", "a b", "8000")


def test_no_command(project: Maker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": ""})
    with pytest.raises(ConfigurationError, match="there is nothing to run"):
        service_of(load(root, {}), {}, {})
