"""What installs the dependencies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from buildkit.dev.installing import command_of, is_there, variables

PIP = (sys.executable, "-m", "pip", "install")


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (["uv.lock", "requirements.txt"], ("uv", "sync", "--inexact")),
        (["poetry.lock"], ("poetry", "install")),
        (["pdm.lock"], ("pdm", "sync")),
        (["pylock.toml"], (*PIP, "-r", "pylock.toml")),
        (["requirements.txt"], (*PIP, "-r", "requirements.txt")),
        ([], (*PIP, "-e", ".")),
    ],
)
def test_the_lock_says_by_what(tmp_path: Path, files: list[str], command: tuple[str, ...]) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert command_of(tmp_path) == command


def test_it_goes_where_this_process_runs() -> None:
    assert variables({"A": "1"})["UV_PROJECT_ENVIRONMENT"] == sys.prefix
    assert is_there(PIP)
    assert not is_there(("no-such-program",))
