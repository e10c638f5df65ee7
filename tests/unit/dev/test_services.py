"""Which of several services a change concerns."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from plugins.projects import ProjectMaker

from buildkit.config import load
from buildkit.core.changes import concerns_all
from buildkit.dev.ending import State
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


def said_by(folder: Path, name: str, words: str, port: int = 0) -> Service:
    return Service(("sh", "-c", f"echo '{words}'; sleep 30"), folder, dict(os.environ), f"log:{words}", name, port)


def ready(services: Services) -> None:
    deadline = time.monotonic() + 20
    while services.state() is not State.READY:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_first_process_is_named_in_the_log_when_a_second_one_is_added(tmp_path: Path) -> None:
    log: list[bytes] = []
    services = Services(hold=1.0, drain=0.0, log=Log(log.append, print))
    one = said_by(tmp_path, "one", "ready")
    try:
        services.start([one], [])
        ready(services)
        assert log == [b"ready\n"]
        log.clear()
        services.start([one, said_by(tmp_path, "second", "ready")], [])
        ready(services)
        assert sorted(log) == ["one    │ ready\n".encode(), "second │ ready\n".encode()]
        log.clear()
        services.start([one], [])
        ready(services)
        assert log == [b"ready\n"]
    finally:
        services.stop()


@pytest.mark.parametrize(("option", "named"), [("--reload", "one reloads by itself"), ("-", "reloader of its own")])
def test_a_reloader_is_named_once_however_it_shows(tmp_path: Path, option: str, named: str) -> None:
    said: list[str] = []
    services = Services(hold=1.0, drain=0.0, log=Log(lambda _: None, said.append))
    words = "Started reloader process [17] using WatchFiles"
    one = said_by(tmp_path, "one", words)
    one = replace(one, command=(*one.command, option))
    try:
        for _ in range(3):
            services.start([one], [])
            ready(services)
        assert len(said) == 1
        assert named in said[0]
        services.start([replace(one, command=(*one.command, "--reload"))], [])
        assert len(said) == 2, "another command may have another one"
    finally:
        services.stop()


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
