"""Which jobs check a project in CI, and their lines: decided from facts alone."""

from __future__ import annotations

import pytest

from buildkit.errors import ConfigurationError
from buildkit.release.workflows import environment, github, gitlab, seal
from buildkit.release.workflows.checks import decide
from buildkit.release.workflows.facts import Facts, Session, Suite
from buildkit.release.workflows.seal import Found
from buildkit.release.workflows.yaml import text

BUILDS = (Session("build-3.12", "3.12"), Session("build-3.13", "3.13"))
INSTALL = ".venv/bin/python -m pip install --quiet"


def facts(**given: object) -> Facts:
    usual = {"branch": "main", "python": "3.13", "lock": "", "suite": Suite(version="9.8"), "builds": BUILDS}
    return Facts(**{**usual, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lock", "suite", "lines"),
    [
        ("uv.lock", Suite(group="dev"), ["python -m pip install --quiet uv", "uv sync --quiet --locked --group dev"]),
        ("uv.lock", Suite(extra="ci"), ["python -m pip install --quiet uv", "uv sync --quiet --locked --extra ci"]),
        ("uv.lock", Suite(main=True), ["python -m pip install --quiet uv", "uv sync --quiet --locked"]),
        (
            "uv.lock",
            Suite(version="9.8"),
            [
                "python -m pip install --quiet uv",
                "uv sync --quiet --locked",
                "uv pip install --quiet invoke-buildkit==9.8",
            ],
        ),
        (
            "poetry.lock",
            Suite(group="ci"),
            [
                "python -m pip install --quiet poetry",
                "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install --quiet --no-interaction --with ci",
            ],
        ),
        ("pdm.lock", Suite(group="ci"), ["python -m pip install --quiet pdm", "pdm sync --quiet --group ci"]),
        (
            "requirements.txt",
            Suite(file="requirements-dev.txt"),
            [
                "python -m venv .venv",
                f"{INSTALL} --requirement requirements.txt",
                f"{INSTALL} --requirement requirements-dev.txt",
            ],
        ),
        ("", Suite(extra="dev"), ["python -m venv .venv", f"{INSTALL} --editable '.[dev]'"]),
        ("", Suite(group="dev"), ["python -m venv .venv", f"{INSTALL} --editable .", f"{INSTALL} --group dev"]),
        (
            "",
            Suite(version="9.8"),
            ["python -m venv .venv", f"{INSTALL} --editable .", f"{INSTALL} invoke-buildkit==9.8"],
        ),
    ],
)
def test_the_environment_is_made_by_the_tool_that_wrote_the_lock(lock: str, suite: Suite, lines: list[str]) -> None:
    assert [*environment.lines(facts(lock=lock, suite=suite))] == lines


def test_a_project_without_migrations_and_images_has_its_wheel_tested_alone() -> None:
    assert [job.name for job in decide(facts()).jobs] == ["test"]


def test_each_thing_that_a_project_has_gets_a_job() -> None:
    found = decide(facts(lint=Session("lint"), migrations=Session("db-migrations"), images=True)).jobs

    assert [job.name for job in found] == ["lint", "test", "migrations", "images"]
    assert found[2].steps[0].run == ".venv/bin/nox -s db-migrations"
    assert [job.database for job in found] == [False, True, True, False]


def test_a_prefix_of_the_sessions_reaches_the_plan() -> None:
    found = github.render(decide(facts(builds=(Session("api-build-3.13", "3.13"),))))

    assert "nox -s api-build --list --json" in found


def test_a_project_in_a_folder_has_a_workflow_of_its_own() -> None:
    checks = decide(facts(folder="services/api"))
    found = github.render(checks)

    assert github.file(checks) == ".github/workflows/ci-services-api.yml"
    assert "working-directory: services/api" in found
    assert "path: services/api/cache.tar.gz" in found
    with pytest.raises(ConfigurationError, match="services/api"):
        gitlab.file(checks)


def test_all_of_the_history_is_there_where_the_version_is_made_from_it() -> None:
    assert "fetch-depth: 0" in github.render(decide(facts(history=True)))
    assert "GIT_DEPTH: '0'" in gitlab.render(decide(facts(history=True)))
    assert "fetch-depth" not in github.render(decide(facts()))


def test_an_edited_file_is_told_from_an_older_one() -> None:
    older, wanted = seal.sealed("a: 1\n"), seal.sealed("a: 2\n")

    assert seal.found(None, wanted) is Found.NOTHING
    assert seal.found(wanted, wanted) is Found.EQUAL
    assert seal.found(older, wanted) is Found.OLDER
    assert seal.found(older.replace("a: 1", "a: 7"), wanted) is Found.EDITED
    assert seal.found(wanted + "b: 1\n", wanted) is Found.EDITED
    assert seal.found("a: 2\n", wanted) is Found.ANOTHER


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("main", "main"),
        ("3.10", "'3.10'"),
        ("on", "'on'"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("it's", "'it''s'"),
        ("*", "'*'"),
        ("ü", '"\\u00fc"'),
    ],
)
def test_a_value_is_quoted_where_a_reader_could_take_it_for_something_else(value: str, written: str) -> None:
    assert text(value) == written
