"""The suite's tasks beside those of a project: the project's keep their names."""

from __future__ import annotations

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

from buildkit.tasks import add_to, ns


@task
def build(_context: Context) -> None:
    """Build what is mine."""


@task
def lint(_context: Context) -> None:
    """Lint."""


def test_tasks_of_a_file_and_the_suites_stand_side_by_side() -> None:
    found = add_to({"lint": lint, "add_to": add_to, "__name__": "tasks"})

    assert found["lint"] is lint
    assert {*found.task_names} == {*ns.task_names, "lint"}


def test_a_name_that_is_taken_stays_with_the_project() -> None:
    found = add_to({"build": build})

    assert found["build"] is build
    assert found["buildkit.build"] is ns["build"]
    assert found["dev"] is ns["dev"]
    assert found["compile"] is ns["compile"]


def test_a_collection_of_the_project_is_kept_whole() -> None:
    inner = Collection("image", lint)
    own = Collection(build, inner)
    own.configure({"run": {"echo": True}})

    found = add_to({"ns": own, "lint": lint})

    assert found["image.lint"] is lint
    assert found["buildkit.image.check"] is ns["image.check"]
    assert "lint" not in found.task_names
    assert found.configuration()["run"] == {"echo": True}
