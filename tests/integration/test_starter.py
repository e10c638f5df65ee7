"""The small service of `init --from-scratch`: it works, and its tests pass on the compiled modules."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from plugins.projects import run_invoke
from plugins.tools import missing

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere", "CI": ""}  # in CI an engine that is missing is an error


def started(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "buildkit", "init", "--from-scratch", *flags]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A new folder with the service in it."""
    folder = tmp_path / "My notes"
    folder.mkdir()
    ran = started(folder, "--yes")
    assert ran.returncode == 0, ran.stderr
    return folder


def asked(port: int, path: str, body: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@contextlib.contextmanager
def dev(folder: Path) -> Iterator[int]:
    """Run `invoke dev` for the block; yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    loop = subprocess.Popen(
        [sys.executable, "-m", "invoke", "dev"],
        cwd=folder,
        env={**os.environ, "PYBUILDKIT_DEV_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError):
                asked(port, "/health")
                break
            assert loop.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield port
    finally:
        loop.send_signal(signal.SIGINT)
        loop.wait(60)


@pytest.mark.slow
@pytest.mark.usefixtures("compiler", "postgres")
def test_it_builds_serves_and_is_tested(service: Path) -> None:
    if find_spec("fastapi") is None:
        missing("fastapi", "it is not installed")

    built = run_invoke(service, "build", "--json", variables=NO_ENGINE)
    with dev(service) as port:
        asked(port, "/notes", {"text": "first"})
        notes = asked(port, "/notes")
        words = asked(port, "/words/well")
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=service,
        env={**os.environ, "PYTHONPATH": str(service / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    steps = {row["step"]: row["outcome"] for row in json.loads(built.stdout)["steps"]}
    assert steps == {"compile": "made", "data": "made", "migrations": "fresh", "images": "skipped"}
    assert notes == [{"text": "first", "author": ""}]
    assert words == 2
    assert "2 passed" in tested.stdout, tested.stdout


def test_it_is_named_after_its_folder_and_whole(service: Path) -> None:
    text = (service / "pyproject.toml").read_text()

    assert 'name = "my-notes"' in text
    assert "starter" not in text
    assert "*.so" in (service / ".gitignore").read_text()
    assert (service / "migrations/env.py").is_file()
    assert run_invoke(service, "init", "--dry-run").stdout == "init: nothing is missing\n"


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    ran = started(tmp_path, "--yes")

    assert ran.returncode == 2
    assert "the folder is not empty: mine.txt" in ran.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_what_a_killed_run_left_is_made_whole(service: Path) -> None:
    (service / "pyproject.toml").unlink()
    shutil.rmtree(service / "tests")

    ran = started(service, "--yes")

    assert ran.stdout.startswith("init: written: tests/test_notes.py, tests/test_pipeline.py, pyproject.toml\n")
