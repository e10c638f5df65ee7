"""The checks that pre-commit makes in projects: each says what is wrong, and loads little."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from plugins.projects import ProjectMaker

HOOKS = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text("utf-8")
ENTRIES = dict(re.findall(r"- id: (\S+)\n.*\n  entry: python (.+)\n", HOOKS))
FILES = {
    "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n'
    '[tool.buildkit.image.api]\ncommand = ["true"]\nhealth = ""\n',
    "src/app/__init__.py": "",
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": "from alembic import context\n",
    "migrations/versions/a.py": "revision = 'a'\ndown_revision = None\n",
}
SECOND = {"migrations/versions/b.py": "revision = 'b'\ndown_revision = None\n"}


def hook(root: Path, name: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *flags, *ENTRIES[name].split()]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", ["buildkit-settings", "buildkit-heads", "buildkit-contexts"])
def test_a_project_that_is_well_passes_without_a_word(project: ProjectMaker, name: str) -> None:
    ran = hook(project(FILES), name)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "files", "code", "words"),
    [
        ("buildkit-settings", {"pyproject.toml": "[tool.buildkit]\npackges = []\n"}, 2, 'did you mean "packages"?'),
        ("buildkit-heads", SECOND, 41, "alembic merge"),
        (
            "buildkit-contexts",
            {"pyproject.toml": f'{FILES["pyproject.toml"]}context-budget = "1KB"\n', "big.bin": "x" * 2000},
            22,
            "its budget is 1 kB",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_code(
    project: ProjectMaker, name: str, files: dict[str, str], code: int, words: str
) -> None:
    ran = hook(project({**FILES, **files}), name)

    assert ran.returncode == code
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_check_that_is_not_there_is_told(project: ProjectMaker) -> None:
    command = [sys.executable, "-m", "buildkit.hooks", "head"]
    ran = subprocess.run(command, cwd=project(FILES), capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 2
    assert "there are settings, heads, contexts" in ran.stderr


@pytest.mark.parametrize("name", ["buildkit-settings", "buildkit-heads", "buildkit-contexts"])
def test_a_commit_does_not_wait_for_what_a_check_does_not_need(project: ProjectMaker, name: str) -> None:
    ran = hook(project(FILES), name, "-X", "importtime")

    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    heavy = {each for each in loaded if each.partition(".")[0] in {"alembic", "sqlalchemy", "invoke", "nox", "Cython"}}
    assert heavy == set()
