"""Which of several services a change concerns."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from plugins.projects import ProjectMaker

from buildkit.config import load
from buildkit.core.changes import concerns_all
from buildkit.dev.journal import Log
from buildkit.dev.layout import layout_of
from buildkit.dev.service import Service, services_of
from buildkit.dev.services import RELOADS, Services


@pytest.fixture
def services() -> Iterator[Services]:
    found = Services(hold=1.0, drain=0.0, log=Log(partial(os.write, 2), print))
    yield found
    found.stop()


def test_another_database_or_command_concerns_a_service_whatever_it_watches(services: Services, tmp_path: Path) -> None:
    one = Service(("sleep", "30"), tmp_path, {**os.environ, "DATABASE_URL": "a"}, "alive", "one", watch=("src/**",))
    assert services.start([one], []) == ["one"]
    assert services.start([one], ["migrations/versions/two.py"]) == []
    moved = replace(one, environment={**os.environ, "DATABASE_URL": "b"})
    assert services.start([moved], ["migrations/versions/two.py"]) == ["one"]
    assert services.start([moved], ["migrations/versions/two.py"]) == []
    assert services.start([replace(moved, command=("sleep", "31"))], ["pyproject.toml"]) == ["one"]


def test_a_service_that_reloads_by_itself_is_named_once(tmp_path: Path) -> None:
    said: list[str] = []
    services = Services(hold=1.0, drain=0.0, log=Log(partial(os.write, 2), said.append))
    one = Service(("sleep", "30", "--reload"), tmp_path, dict(os.environ), "alive", "one")
    try:
        services.start([one], [])
        services.start([one], [])
    finally:
        services.stop()
    assert said == [RELOADS.format("one", "--reload", '["sleep", "30"]')]


def test_who_is_not_ready_and_why(services: Services, tmp_path: Path) -> None:
    one = Service(("sleep", "30"), tmp_path, dict(os.environ), "log:at work", "one")
    two = replace(one, name="two", after=("one",))
    services.start([one, two], [])
    assert services.unready() == "one: its log has no line with at work; two waits for one"


def of(project: ProjectMaker, files: Collection[str]) -> list[str]:
    """Return the processes that a change of these files concerns."""
    config = load(project({"src/app/__init__.py": "", "pyproject.toml": WATCHING}), {})
    layout = layout_of(config, ())
    found = services_of(config, {}, {}, counts=lambda file: concerns_all(file, layout))
    return [each.name for each in found if each.concerned(files)]


WATCHING = """
[tool.buildkit]
packages = ["app"]
[tool.buildkit.dev]
command = ["serve"]
watch = ["src/app/templates/**", "src/app/jobs/both.py", "both.yaml"]
[tool.buildkit.dev.service.worker]
command = ["work"]
watch = ["src/app/jobs/**", "jobs.yaml", "both.yaml", "pyproject.toml", "tle/*.txt", "src/app/stage.py"]
[tool.buildkit.dev.service.other]
command = ["else"]
[[tool.buildkit.data.stage]]
name = "read"
run = "app.stage:read"
inputs = ["tle/*.txt"]
outputs = ["read/"]
"""


@pytest.mark.parametrize(
    ("file", "concerned"),
    [
        ("src/app/main.py", ["service", "other"]),
        ("src/app/jobs/one.py", ["worker"]),
        ("src/app/jobs/fast.pyx", ["worker"]),
        ("src/app/jobs/both.py", ["service", "worker"]),
        ("src/app/jobs/query.sql", ["worker"]),
        ("jobs.yaml", ["worker"]),
        ("src/app/templates/deep/page.html", ["service"]),
        ("both.yaml", ["service", "worker"]),
        ("pyproject.toml", ["service", "worker", "other"]),
        ("tle/one.txt", ["service", "worker", "other"]),
        ("src/app/stage.py", ["service", "worker", "other"]),
    ],
)
def test_whom_a_file_concerns(project: ProjectMaker, file: str, concerned: list[str]) -> None:
    assert of(project, [file]) == concerned


def test_several_files_concern_whom_one_does(project: ProjectMaker) -> None:
    assert of(project, ["jobs.yaml", "src/app/templates/page.html"]) == ["service", "worker"]
    assert of(project, []) == ["service", "worker", "other"]
