"""How `invoke dev` reads a project: what counts, what is run; the loop itself is in tests/unit/dev."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.config import load
from buildkit.errors import ConfigurationError
from buildkit.flows.dev import Project, layout_of, lines
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

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

STAGES = """
[[tool.buildkit.data.stage]]
name = "read"
run = "app.pipeline.read:read"
inputs = ["tle/*.txt", "package:sgp4/*.TLE", "env:REGION"]
outputs = ["read/"]
"""


def project_in(
    root: Path, environment: Mapping[str, str], flags: Mapping[str, str] | None = None
) -> tuple[Project, io.StringIO]:
    words = io.StringIO()
    config = load(root, environment, flags)
    return Project(config, Console(environment, talk=words, out=words), environment), words


def test_the_layout_of_a_project_with_everything(project: Maker) -> None:
    files = {"src/app/__init__.py": "", "migrations/env.py": "", "pyproject.toml": SETTINGS + STAGES}
    layout = layout_of(load(project(files), {}))
    assert layout.settings == ("pyproject.toml",)
    assert (layout.source_root, layout.packages, layout.compiles) == ("src", ("src/app",), True)
    assert layout.versions == ("migrations/versions",)
    assert (layout.inputs, layout.stages) == (("tle/*.txt",), ("src/app/pipeline/read",))
    assert layout.outputs == (".buildkit", "data")


def test_the_layout_without_named_packages(project: Maker) -> None:
    flat = {"pyproject.toml": "[tool.buildkit]\nbackend = 'none'\n", "app/__init__.py": "", "main.py": ""}
    flat |= {"tests/__init__.py": "", "tasks.py": "", "noxfile.py": ""}
    root = project(flat)
    layout = layout_of(load(root, {}))
    assert (layout.source_root, layout.packages, layout.compiles) == ("", ("app", "main"), False)
    (root / "src").mkdir()
    assert layout_of(load(root, {})).packages == ("src",)


def test_a_service_in_a_folder_of_its_own(project: Maker) -> None:
    settings = "[tool.buildkit]\nproject = 'service'\nsource-root = 'service/src'\npackages = ['app']\n"
    layout = layout_of(
        load(project({"pyproject.toml": settings, "service/pyproject.toml": "", "service/src/app/a.py": ""}), {})
    )
    assert layout.settings == ("pyproject.toml", "service/pyproject.toml")
    assert layout.packages == ("service/src/app",)


def test_what_is_run_and_what_it_is_told(project: Maker) -> None:
    root = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": ""})
    environment = {"PYTHONPATH": "/mine", "PATH": "/bin", "PYBUILDKIT_DEV_PORT": "8123", "REGION": "north"}
    service = project_in(root, environment)[0].service()
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
    found = project_in(root, {"PYBUILDKIT_DEV_COMMAND": "serve 'a b' {port}"})[0]
    assert found.service().command == ("serve", "a b", "8000")


def test_no_command(project: Maker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": ""})
    with pytest.raises(ConfigurationError, match="there is nothing to run"):
        project_in(root, {})[0].service()


def test_settings_are_read_again_with_the_flags_that_were_given(project: Maker) -> None:
    root = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": ""})
    found, words = project_in(root, {}, {"compile.profile": "release", "compile.jobs": "2"})
    assert not found.reload()
    (root / "pyproject.toml").write_text(SETTINGS.replace("serve", "other").replace("anyio", "trio"))
    tree = found.tree
    assert found.reload()
    assert found.tree is not tree
    assert found.service().command[0] == "other"
    assert (found.config.compile.profile, found.config.compile.jobs) == ("release", 2)
    assert words.getvalue() == "warning: the dependencies changed; install them, then save again\n"
    (root / "pyproject.toml").write_text(SETTINGS.replace("packages", "package"))
    with pytest.raises(ConfigurationError):
        found.reload()
    assert found.service().command[0] == "other"


def test_the_summary() -> None:
    rows = tuple(Outcome(str(at), result, Reason("changed")) for at, result in enumerate(("ready", "ready", "failed")))
    assert lines(Report("buildkit.dev/1", rows, 1.0)) == ["dev: stopped after 3 cycles (2 ready, 1 failed)"]
    assert lines(Report("buildkit.dev/1", (), 1.0)) == ["dev: stopped"]
