"""Which module of the service the command of an image loads."""

from __future__ import annotations

import pytest

from buildkit.image.commands import module_of


@pytest.mark.parametrize(
    ("command", "module"),
    [
        (["uvicorn", "app.main:app", "--host", "0.0.0.0"], "app.main"),
        (["/bin/sh", "-c", "exec gunicorn -b 0.0.0.0:8000 'app:create_app()'"], "app"),
        (["tini", "--", "python", "-m", "uvicorn", "app.main:app"], "app.main"),
        (["python", "-m", "start"], "start"),
        (["celery", "-A", "project", "worker"], "project"),
        (["python", "-m", "celery", "worker"], ""),
        (["server", "--bind", "localhost:8000"], ""),
        (["python", "app.py"], ""),
        (["sh", "-c", "it's"], ""),
        ([], ""),
    ],
)
def test_the_module_is_taken_from_the_words(command: list[str], module: str) -> None:
    assert module_of(command) == module
