"""What `invoke dev` runs, and what it says to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from plugins.projects import SERVED, ProjectMaker

from buildkit.config import load
from buildkit.dev.service import Service, services_of
from buildkit.errors import ConfigurationError


def service(project: ProjectMaker, dev: str, **environment: str) -> Service:
    root = project({"pyproject.toml": f"[tool.buildkit.dev]\n{dev}\n", "src/app/__init__.py": ""})
    return services_of(load(root, environment), environment, {})[0]


def test_what_is_run_and_what_it_is_told(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": SERVED, "src/app/__init__.py": ""})
    environment = {"PYTHONPATH": "/mine", "PATH": "/bin", "PYBUILDKIT_DEV_PORT": "8123", "REGION": "north"}
    (service,) = services_of(load(root, environment), environment, {})
    assert (service.name, service.port, service.host) == ("service", 8123, "127.0.0.1")
    assert service.words(20001) == ("serve", "--port=20001")
    assert service.readiness(20001) == "http://127.0.0.1:20001/health"
    assert service.folder == root
    told = service.variables(20001)
    assert (told["PORT"], told["UVICORN_PORT"], told["REGION"]) == ("20001", "20001", "north")
    assert told["PYTHONPATH"] == f"{root}/src{os.pathsep}/mine"
    assert told["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/bin"
    assert told["PYBUILDKIT_DATA_PATH"] == f"{root}/data"


def test_a_command_written_as_text(project: ProjectMaker) -> None:
    assert service(project, "command = \"serve 'a b' {port}\"").words(20001) == ("serve", "a b", "20001")


@pytest.mark.parametrize(
    ("command", "started"),
    [
        ('["uvicorn", "app:app", "--port", "8000"]', ("uvicorn", "app:app", "--port", "20001")),
        ('["gunicorn", "app:app", "--bind=0.0.0.0:8000"]', ("gunicorn", "app:app", "--bind=0.0.0.0:20001")),
        ('["serve", "8000", "--workers", "18000"]', ("serve", "20001", "--workers", "18000")),
        (
            '["uvicorn", "app:app", "--fd", "{fd}", "--limit", "8000"]',
            ("uvicorn", "app:app", "--fd", "3", "--limit", "8000"),
        ),
    ],
)
def test_a_command_that_names_the_port_itself_listens_on_its_own(
    project: ProjectMaker, command: str, started: tuple[str, ...]
) -> None:
    assert service(project, f"command = {command}").words(20001) == started


def test_a_readiness_that_names_the_port_itself(project: ProjectMaker) -> None:
    found = service(project, 'command = ["serve"]\nready = "http://localhost:8000/8000"')
    assert found.readiness(20001) == "http://localhost:20001/8000"


def test_a_command_that_says_when_it_is_ready(project: ProjectMaker) -> None:
    assert service(project, 'command = ["serve"]\nready = ["ask", "{port}"]').readiness(20001) == ("ask", "20001")


@pytest.mark.parametrize(
    ("command", "variables", "host"),
    [
        ('["uvicorn", "app:app", "--host", "0.0.0.0"]', {}, "0.0.0.0"),
        ('["gunicorn", "-b", "0.0.0.0:{port}"]', {}, "0.0.0.0"),
        ('["gunicorn", "--bind=[::]:{port}"]', {}, "::"),
        ('["uvicorn", "app:app"]', {"UVICORN_HOST": "0.0.0.0"}, "0.0.0.0"),
        ('["uvicorn", "app:app", "--host", "localhost"]', {}, "127.0.0.1"),
    ],
)
def test_the_loop_listens_where_the_command_would(
    project: ProjectMaker, command: str, variables: dict[str, str], host: str
) -> None:
    assert service(project, f"command = {command}", **variables).host == host


def test_several_services_each_with_its_changes(project: ProjectMaker) -> None:
    text = (
        '[tool.buildkit.dev]\ncommand = ["serve"]\n'
        '[tool.buildkit.dev.service.worker]\ncommand = ["work"]\nwatch = ["src/app/jobs/**"]\nafter = ["service"]\n'
    )
    root = project({"pyproject.toml": text, "src/app/__init__.py": ""})
    api, worker = services_of(load(root, {}), {}, {})
    assert (worker.name, worker.port, worker.after) == ("worker", 0, ("service",))
    assert "PORT" not in worker.variables(20001)
    assert worker.concerned(["src/app/jobs/mail.py", "src/app/main.py"])
    assert not worker.concerned(["src/app/main.py"])
    assert worker.concerned([])
    assert api.concerned(["src/app/main.py"])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            'service.worker]\ncommand = ["x"]\nafter = ["servic"]',
            'there is no service "servic"; did you mean "service"?',
        ),
        ('service.worker]\ncommand = ["x"]\nafter = ["worker"]', "dev.service.worker.after: it would wait for itself"),
        ('service.service]\ncommand = ["x"]', "that is what `dev.command` is called"),
        ("service.worker]\nport = 9", "dev.service.worker: needs a `command`"),
        ('service.worker]\ncommand = ["x"]\noverlap = "maybe"', "expected true or false"),
        ('service."a b"]\ncommand = ["x"]', "expected a name of ASCII letters"),
    ],
)
def test_services_that_make_no_sense(project: ProjectMaker, table: str, words: str) -> None:
    text = f'[tool.buildkit.dev]\ncommand = ["serve"]\n[tool.buildkit.dev.{table}\n'
    root = project({"pyproject.toml": text, "src/app/__init__.py": ""})
    with pytest.raises(ConfigurationError) as refused:
        load(root, {})
    assert words in "\n".join(refused.value.details)


def test_no_command(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": "[tool.buildkit]\n", "src/app/__init__.py": ""})
    with pytest.raises(ConfigurationError, match="there is nothing to run"):
        services_of(load(root, {}), {}, {})
