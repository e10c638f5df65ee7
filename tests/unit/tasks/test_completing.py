"""Completion of values behind flags, and Invoke's own for tasks and flags."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugins.projects import run_invoke

from buildkit.tasks.completing import values

SETTINGS = '[project]\nname = "app"\n[tool.buildkit.image.api]\n[tool.buildkit.image.worker]\n'


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("invoke compile --profile", ["dev", "release"]),
        ("invoke compile --profile rel", ["dev", "release"]),
        ("invoke build --require", ["image"]),
        ("invoke image.check --name", ["api", "worker"]),
        ("invoke db.snapshot --name", None),
        ("invoke compile --jobs", None),
        ("invoke comp", None),
    ],
)
def test_values_that_are_known_are_offered(tmp_path: Path, line: str, found: list[str] | None) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)

    offered = values(line.split(), tmp_path)

    assert (None if offered is None else list(offered)) == found


def test_settings_that_cannot_be_read_offer_nothing(tmp_path: Path) -> None:
    assert values(["image", "--name"], tmp_path) == ()


@pytest.mark.parametrize(
    ("line", "offered"), [("compile --profile ", "release"), ("compile --pro", "--profile"), ("doc", "doctor")]
)
def test_the_shell_gets_tasks_flags_and_values(tmp_path: Path, line: str, offered: str) -> None:
    (tmp_path / "tasks.py").write_text("from buildkit.tasks import ns\n")

    ran = run_invoke(tmp_path, "--complete", "--", "invoke", *line.split())

    assert offered in ran.stdout.splitlines()


def test_bash_completes_a_value(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("from buildkit.tasks import ns\n")
    script = run_invoke(tmp_path, "--print-completion-script", "bash").stdout
    asked = "COMP_WORDS=(invoke compile --profile re); _complete_invoke invoke re; echo ${COMPREPLY[*]}"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    ran = subprocess.run(
        ["bash", "-c", f"{script}\n{asked}"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.stdout.strip() == "release", ran.stderr
