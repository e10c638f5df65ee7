"""What `invoke dev` runs, and what it says to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from plugins.projects import SERVED, ProjectMaker

from buildkit.config import load
from buildkit.dev.service import service_of
from buildkit.errors import ConfigurationError


def test_what_is_run_and_what_it_is_told(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": SERVED, "src/app/__init__.py": ""})
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


def test_a_command_written_as_text(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": SERVED, "src/app/__init__.py": ""})
    config = load(root, {"PYBUILDKIT_DEV_COMMAND": "serve 'a b' {port}"})
    assert service_of(config, {}, {}).command == ("serve", "a b", "8000")


def test_no_command(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": ""})
    with pytest.raises(ConfigurationError, match="there is nothing to run"):
        service_of(load(root, {}), {}, {})
