"""The list of tasks in groups, and what was meant by a misspelt word."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.projects import run_invoke

from buildkit.tasks import ns
from buildkit.tasks.listing import lines_of, names_of

LINT = "from invoke import task\n@task\ndef lint(c):\n    'Lint.'\n"
TASKS = f"from buildkit.tasks import add_to\n{LINT}ns = add_to(globals())\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tasks.py").write_text(TASKS)
    return tmp_path


def test_everyday_commands_come_first_and_no_line_is_too_long() -> None:
    lines = list(lines_of(names_of(ns), width=80))

    assert [line.split()[0] for line in lines[3:9]] == ["dev", "build", "compile", "migrate", "data", "image"]
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("  ") for line in lines) == len(ns.task_names)
    assert not [line for line in lines if line.startswith("  image.image")]


def test_invoke_lists_them_so_with_those_of_the_project(root: Path) -> None:
    listed = run_invoke(root, "--list").stdout

    assert listed.index("every day:") < listed.index("of this project:\n  lint ") < listed.index("migrations:")
    assert run_invoke(root, "--list", "image").stdout.startswith("Available 'image' tasks:")


def test_a_project_without_the_suite_is_listed_as_ever(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(f"import buildkit.tasks\n{LINT}")

    assert run_invoke(tmp_path, "--list").stdout == "Available tasks:\n\n  lint   Lint.\n\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compil"], "there is no task compil; did you mean compile?\n\nhint: invoke --list shows what there is"),
        (["lnt"], "there is no task lnt; did you mean lint?"),
        (["image.chek"], "there is no task image.chek; did you mean image.check?"),
        (
            ["compile", "--profle", "dev"],
            "compile has no flag --profle; did you mean --profile?\n\nhint: its flags: --clean",
        ),
        (["build", "--require=image", "xyz"], "there is no task xyz\n"),
    ],
)
def test_a_misspelt_word_offers_the_nearest(root: Path, words: list[str], said: str) -> None:
    ran = run_invoke(root, *words)

    assert ran.returncode == 2
    assert f"error: {said}" in ran.stderr
    assert "Traceback" not in ran.stderr
