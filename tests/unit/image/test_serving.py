"""The last lines of an image's Dockerfile: variables, and how a container is asked whether it is well."""

from __future__ import annotations

import pytest

from buildkit.image.serving import health_test, is_server, last_lines, variables

ASK = ["python", "-m", "buildkit.runtime"]


def test_values_of_variables_mean_themselves() -> None:
    assert variables({"B": 'a "b" $HOME \\ c', "A": 2}) == ['ENV A="2"', r'ENV B="a \"b\" \$HOME \\ c"']


@pytest.mark.parametrize(
    "command",
    [
        "uvicorn app.main:app",
        "/opt/venv/bin/gunicorn wsgi:app",
        "python -m hypercorn app:app",
        "python3.11 -O -m flask --app app run",
        "opentelemetry-instrument uvicorn app:app",
        "env WORKERS=2 granian app:app",
        "flask run",
        "fastapi run app.py",
        "daphne app:app",
        "waitress-serve app:app",
    ],
)
def test_servers_are_known(command: str) -> None:
    assert is_server(command.split())
    assert is_server(["sh", "-c", f"exec {command}"])


@pytest.mark.parametrize(
    "command",
    ["rq worker uvicorn", "celery -A app worker", "python -m app", "flask db upgrade", "python uvicorn.py", ""],
)
def test_workers_are_no_servers(command: str) -> None:
    assert not is_server(command.split())
    assert not is_server(["sh", "-c", f"'{command}"])


def test_a_server_is_asked_and_a_worker_is_not() -> None:
    assert health_test("auto", ["uvicorn", "app"], 80, 60) == [*ASK, "--health", "http://127.0.0.1:80/health"]
    assert health_test("auto", ["rq", "worker", "q"], 80, 60) == []
    assert last_lines(["rq", "worker", "q"], 80, []) == ['CMD ["rq", "worker", "q"]']


def test_what_is_said_of_health_counts_more_than_the_command() -> None:
    assert health_test("", ["uvicorn", "app"], 80, 60) == []
    assert health_test("/up", ["serve"], 80, 60) == [*ASK, "--health", "http://127.0.0.1:80/up"]
    assert health_test("file:/tmp/alive", ["rq"], 80, 90.5) == [*ASK, "--health-file", "/tmp/alive", "90.5"]
    assert health_test(("celery", "inspect", "ping"), ["celery"], 80, 60) == [
        *ASK,
        "--health-command",
        *("celery", "inspect", "ping"),
    ]


def test_a_port_is_named_where_something_serves() -> None:
    for command, test in ((["uvicorn"], []), (["serve"], [*ASK, "--health", "http://127.0.0.1:80/"])):
        assert last_lines(command, 80, test)[0] == "EXPOSE 80"
    assert not any("EXPOSE" in line for line in last_lines(["rq"], 80, [*ASK, "--health-file", "/tmp/alive", "60"]))
