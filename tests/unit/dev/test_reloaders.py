"""Commands that reload by themselves, and what to write instead."""

from __future__ import annotations

import shlex

import pytest

from buildkit.dev.reloaders import reloader_of


@pytest.mark.parametrize(
    ("command", "word", "instead"),
    [
        ("uvicorn app:app --reload --port {port}", "--reload", "uvicorn app:app --port {port}"),
        ("gunicorn app:app --reload=true", "--reload", "gunicorn app:app"),
        ("flask --app app run --debug", "--debug", "flask --app app run --debug --no-reload"),
        ("python -m flask run --debug", "--debug", "python -m flask run --debug --no-reload"),
        ("fastapi dev main.py", "dev", "fastapi dev main.py --no-reload"),
        ("python manage.py runserver", "runserver", "python manage.py runserver --noreload {port}"),
        ("./manage.py runserver 0.0.0.0:8000", "runserver", "./manage.py runserver --noreload 0.0.0.0:8000"),
        ("python manage.py runserver {port}", "runserver", "python manage.py runserver --noreload {port}"),
    ],
)
def test_a_reloader_in_the_command_is_noticed(command: str, word: str, instead: str) -> None:
    found = reloader_of(shlex.split(command))
    assert found is not None
    assert (found.word, shlex.join(found.instead).replace("'", "")) == (word, instead)


@pytest.mark.parametrize(
    "command",
    [
        "serve --debug",
        "uvicorn reload:app",
        "flask run --debug --no-reload",
        "python manage.py runserver --noreload {port}",
        "python manage.py qcluster",
        "fastapi run main.py",
    ],
)
def test_a_command_without_one(command: str) -> None:
    assert reloader_of(command.split()) is None
