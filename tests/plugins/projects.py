"""A project made from a dict, and a real `invoke` in it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from buildkit.doors import locks
from plugins.loaded import INVOKE

APP = '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n'
"""The pyproject.toml of a project with one package, `app`; a test adds what else it sets."""

SERVED = """\
[project]
dependencies = ["anyio"]
[tool.buildkit]
packages = ["app"]
[tool.buildkit.dev]
command = ["serve", "--port={port}"]
ready = "http://127.0.0.1:{port}/health"
"""
"""That of a project whose service `invoke dev` runs: with a command and an address that says when it is ready."""

ProjectMaker = Callable[[Mapping[str, str]], Path]
"""Makes a project from a dict of path → text; returns its root."""


@pytest.fixture
def project(tmp_path: Path) -> ProjectMaker:
    """Make a project from a dict of path → text."""

    def make(files: Mapping[str, str]) -> Path:
        root = tmp_path / "project"
        for name, text in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return root

    return make


@dataclass(frozen=True)
class Ran:
    """What one `invoke` command left behind.

    Args:
        exit_code: the command's.
        stdout: its result.
        stderr: its talk.
        started: the command line of every process that it started itself.
    """

    exit_code: int
    stdout: str
    stderr: str
    started: tuple[str, ...]

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    def outcomes(self) -> dict[str, str]:
        """Each module of the JSON result with what became of it."""
        return {row["module"]: row["outcome"] for row in self.json["modules"]}

    def reason(self, module: str) -> str:
        return str(next(row["reason"] for row in self.json["modules"] if row["module"] == module))


_SMALLEST = {
    "tasks.py": "from buildkit.tasks import ns\n",
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
    "src/app/one.py": "ONE = 1\n",
}

InvokeRunner = Callable[..., Ran]
"""Runs `invoke` in a root with arguments, and with variables by keyword."""


@pytest.fixture(scope="session")
def known_tools(run_folder: Path) -> Callable[[], bytes]:
    """What a first build finds out about this machine's tools, as it stands in a store: found out once a run."""

    @functools.cache
    def find_out() -> bytes:
        root, cache = run_folder / "tools", run_folder / "tools-cache"
        with locks.held(run_folder / "tools.lock"):
            file = cache / "v1/tools"
            if not file.exists():
                for path, text in _SMALLEST.items():
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_text(text)
                subprocess.run(
                    [sys.executable, "-m", "invoke", "compile"],
                    cwd=root,
                    env={**os.environ, "PYBUILDKIT_CACHE_DIR": str(cache)},
                    capture_output=True,
                    timeout=240,
                    check=True,
                )
            return file.read_bytes()

    return find_out


def know_tools(known_tools: Callable[[], bytes]) -> None:
    """Write down in the test's store, where that is new, what is known of the tools: to find it out takes a second."""
    tools = Path(os.environ["PYBUILDKIT_CACHE_DIR"], "v1/tools")
    if not tools.parent.exists():
        with contextlib.suppress(OSError):  # the store of a test may be what no store can be
            tools.parent.mkdir(parents=True)
            tools.write_bytes(known_tools())


@pytest.fixture
def tools_are_known(known_tools: Callable[[], bytes], _own_places: None) -> None:
    """Let a test that compiles in another way than by `invoke` begin as those do, with what is known of the tools."""
    know_tools(known_tools)


@pytest.fixture
def invoke(tmp_path_factory: pytest.TempPathFactory, known_tools: Callable[[], bytes]) -> InvokeRunner:
    """Run a real `invoke` in a project; the result names every process that it started itself.

    The test's store is empty but for what is known of the machine's tools.
    """

    def run(root: Path, *arguments: str, **environment: str) -> Ran:
        if "PYBUILDKIT_CACHE_DIR" not in environment and {"compile", "build"} & set(arguments):
            know_tools(known_tools)
        tasks = root / "tasks.py"
        if not tasks.exists():
            tasks.write_text("from buildkit.tasks import ns\n")
        log = tmp_path_factory.mktemp("started") / "log"
        variables = {**os.environ, "STARTED": str(log), **environment}
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            command = [sys.executable, "-c", INVOKE, *arguments]
            exit_code = subprocess.run(
                command, cwd=root, env=variables, stdout=stdout, stderr=stderr, timeout=240, check=False
            ).returncode
            stdout.seek(0)
            stderr.seek(0)
            started = tuple(log.read_text().splitlines()) if log.exists() else ()
            return Ran(exit_code, stdout.read(), stderr.read(), started)

    return run


def run_invoke(
    root: Path, *words: str, variables: Mapping[str, str] | None = None, under: Sequence[str] = (), timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `invoke` in a project as a user does, and nothing beside it.

    Args:
        root: the project; it has a tasks.py.
        words: the task and its flags.
        variables: beside those of this process.
        under: a command that runs another one, such as `setpriv` with its flags.
        timeout: seconds.
    """
    return subprocess.run(
        [*under, sys.executable, "-m", "invoke", *words],
        cwd=root,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=timeout,
        check=False,
    )


def python(root: Path, code: str) -> str:
    """Run code that can import the packages under `src`, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def program(path: Path, text: str) -> Path:
    """Write a shell script that may be run; `text` is what it does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
