"""Which files of a project are looked at, and what part of it each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildkit.image.usage.project import Held, own_modules, project_files, role_of

ProjectMaker = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("app/main.py", "runtime"),
        ("app/tests/test_main.py", "test"),
        ("tests/conftest.py", "test"),
        ("app/test_main.py", "test"),
        ("app/_pytest_plugin.py", "test"),
        ("app/latest/main.py", "runtime"),
        ("app/contest.py", "runtime"),
        ("noxfile.py", "tool"),
        ("docs/conf.py", "tool"),
        (".github/workflows/ci.yml", "tool"),
        ("scripts/load.py", "outside"),
    ],
)
def test_a_file_has_a_role(path: str, role: str) -> None:
    assert role_of(path, Held(["app"])) == role


def test_all_of_a_project_may_be_held() -> None:
    assert role_of("scripts/load.py", Held([""])) == "runtime"


def test_environments_caches_locks_and_data_are_passed_over(project: ProjectMaker) -> None:
    files = ("app/a.py", "env/pyvenv.cfg", "env/lib/x.py", ".git/a.py", "node_modules/a.py", "data/a.py", "uv.lock")
    root = project({**dict.fromkeys(files, ""), "requirements.txt": "redis", "app/a.txt": "", "app/run.sh": ""})

    assert [file.path for file in project_files(root, Held(["app"]), "data")] == ["app/a.py", "app/run.sh"]


def test_what_lies_at_the_top_of_the_path_is_the_projects_own() -> None:
    found = own_modules(["src/app/a.py", "wsgi.py", "scripts/beside.py"], {"", "src"})

    assert {"app", "wsgi", "beside"} <= found
