"""What is proposed: the fewest lines, none that is there, each with its reason; and how that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.flows.init import propose
from buildkit.proposal.difference import lines_of
from buildkit.proposal.files import Change, ignored_of, noxfile_of, tasks_of
from buildkit.proposal.look import look

ProjectMaker = Callable[[Mapping[str, str]], Path]

PROJECT = '[project]\nname = "app"\nversion = "1"\ndependencies = ["fastapi[standard]"]\n'
FASTAPI = 'from fastapi import FastAPI\napp = FastAPI()\n@app.get("/health")\ndef well(): ...\n'
SERVICE = {"pyproject.toml": PROJECT, "src/app/__init__.py": "", "src/app/main.py": FASTAPI}


def added(root: Path, file: str = "pyproject.toml") -> str:
    """Return what is added to a file."""
    found = next((each for each in propose(root, {}).changes if each.file == file), None)
    return "" if found is None else found.after.removeprefix(found.before).lstrip("\n")


def test_a_usual_project_needs_its_command_and_no_more(project: ProjectMaker) -> None:
    assert added(project(SERVICE)) == (
        '[tool.buildkit.dev]\ncommand = ["uvicorn", "app.main:app", "--port", "{port}"]\n'
        'ready = "http://127.0.0.1:{port}/health"\n'
    )


def test_a_project_that_runs_in_a_container_gets_an_image(project: ProjectMaker) -> None:
    root = project(
        {**SERVICE, "Dockerfile": "FROM python:3.12\nRUN apt-get install -y libmagic1\nCMD uvicorn app.main:app\n"}
    )

    assert (
        '[tool.buildkit.image.api]\ncommand = ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]\n'
        in added(root)
    )
    assert any('system-packages = ["libmagic1"]' in note for note in propose(root, {}).notes)


def test_without_a_sure_path_of_health_an_image_has_none(project: ProjectMaker) -> None:
    files = {**SERVICE, "src/app/main.py": FASTAPI.replace("/health", "/items"), "Dockerfile": "FROM python:3.12\n"}

    assert added(project(files)).endswith('health = ""\n')


def test_settings_that_are_there_stay_and_are_not_proposed(project: ProjectMaker) -> None:
    own = '[tool.buildkit.dev]\ncommand = ["mine"] # mine\n\n[tool.other]\nx = 1\n'
    root = project({**SERVICE, "pyproject.toml": f"{PROJECT}\n{own}"})

    (change,) = [each for each in propose(root, {}).changes if each.file == "pyproject.toml"]

    assert change.after == f"{PROJECT}\n{own}".replace("# mine\n", '# mine\nready = "http://127.0.0.1:{port}/health"\n')


def test_a_project_of_requirements_alone_gets_what_makes_its_wheel(project: ProjectMaker) -> None:
    root = project(
        {
            "app/__init__.py": "from flask import Flask\ndef create_app():\n    return Flask('a')\n",
            "app/static/site.css": "",
            "web.py": "from app import create_app\napp = create_app()\n",
            "requirements.txt": "flask\n",
        }
    )

    text = added(root)

    assert 'name = "project"\n' in text
    assert 'dynamic = ["dependencies"]\n' in text
    assert 'include = ["app", "app.*"]\n' in text
    assert 'py-modules = ["web"]\n' in text
    assert 'app = ["static/**/*"]\n' in text
    assert '[tool.buildkit]\npackages = ["app", "web"]\n' in text


def test_hatchling_is_told_of_packages_that_it_would_not_find(project: ProjectMaker) -> None:
    files = {
        "pyproject.toml": f'{PROJECT.replace("app", "other")}[build-system]\nbuild-backend = "hatchling.build"\n',
        "api/__init__.py": FASTAPI,
    }

    assert '[tool.hatch.build.targets.wheel]\npackages = ["api"]\n' in added(project(files))


def test_of_the_classifiers_the_pythons_that_the_suite_knows_are_taken(project: ProjectMaker) -> None:
    old = "".join(f'"Programming Language :: Python :: 3.{minor}",' for minor in (8, 9, 10, 12))
    root = project({**SERVICE, "pyproject.toml": f"{PROJECT}classifiers = [{old}]\n"})

    assert '[tool.buildkit.nox]\npythons = ["3.10", "3.12"]\n' in added(root)


def test_a_library_gets_its_packages_named(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": '[project]\nname = "app"\n', "src/app/__init__.py": ""})

    assert added(root) == '[tool.buildkit]\npackages = ["app"]\n'
    assert any("nothing says how it is started" in note for note in propose(root, {}).notes)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        pytest.param(
            "from invoke import task\n", "from buildkit.tasks import add_to\n\nns = add_to(globals())\n", id="invoke"
        ),
        pytest.param("from buildkit.tasks import ns\n", "", id="there-already"),
    ],
)
def test_tasks_are_added_to_the_projects_own(project: ProjectMaker, text: str, ending: str) -> None:
    change, note = tasks_of(look(project({"tasks.py": text})))

    assert (change.after if change else "", note) == (f"{text}\n\n{ending}" if ending else "", "")


def test_a_tasks_file_of_another_tool_is_left_alone(project: ProjectMaker) -> None:
    change, note = tasks_of(look(project({"tasks.py": "from celery import shared_task\n"})))

    assert change is None
    assert "python -m buildkit" in note


def test_sessions_of_the_same_name_get_a_prefix_before_the_suites(project: ProjectMaker) -> None:
    own = "import nox\n@nox.session(python=['3.12'])\ndef tests(session): ...\n"

    clash = noxfile_of(look(project({"noxfile.py": own})))
    free = noxfile_of(look(project({"noxfile.py": own.replace("tests", "lint")})))

    assert clash is not None
    assert clash.after.endswith('register(prefix="buildkit-")\n')
    assert free is not None
    assert free.after.endswith("register()\n")


def test_an_ignore_file_gets_the_lines_that_it_lacks(project: ProjectMaker) -> None:
    seen = look(project({".gitignore": "/build\n*.so"}))

    change = ignored_of(seen, ".gitignore", {"*.so": "one", "build/": "two", "data/": "three"})

    assert change is not None
    assert change.after == "/build\n*.so\ndata/\n"
    assert ignored_of(seen, ".gitignore", {"*.so": "one"}) is None


CHANGE = Change("a.toml", "one = 1\n", "one = 1\ntwo = 2\n", {"two = 2": "it is missing"})


def test_a_reason_stands_behind_its_line_where_there_is_room_and_above_it_where_not() -> None:
    wide = list(lines_of([CHANGE], width=80, coloured=False))
    narrow = list(lines_of([CHANGE], width=40, coloured=False))

    assert wide[-1] == f"{'+two = 2':<40}  # it is missing"
    assert narrow[-2:] == [" # it is missing", "+two = 2"]
    assert max(map(len, wide)) <= 80


def test_colours_are_there_only_where_they_are_wanted() -> None:
    assert "\033[32m+two = 2\033[0m" in "\n".join(lines_of([CHANGE], width=80, coloured=True))
    assert "\033" not in "\n".join(lines_of([CHANGE], width=80, coloured=False))
