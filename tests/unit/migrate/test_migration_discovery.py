from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from buildkit.errors import ConfigurationError
from buildkit.migrate.discovery import find
from buildkit.migrate.settings import MigrationSettings

Project = Callable[[Mapping[str, str]], Path]


def test_a_project_without_migrations_has_no_settings(project: Project) -> None:
    assert find(project({"pyproject.toml": "[project]\n"})) is None


@pytest.mark.parametrize(
    "files",
    [
        {"alembic.ini": "[alembic]\nscript_location = %(here)s/db\n"},
        {"alembic.ini": "[alembic]\nscript_location = db\n[loggers]\nformat = %(message)s\n"},
        {"pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/db"\n'},
        {"pyproject.toml": '[tool.alembic]\nscript_location = "db"\n', "alembic.ini": "[alembic]\n"},
        {"alembic.ini": "[alembic]\nscript_location = db\nversion_locations = db/one db/two\npath_separator = space\n"},
        {"alembic.ini": "[alembic]\nscript_location = db\nversion_locations = db/one:db/two\npath_separator = os\n"},
        {"pyproject.toml": '[tool.alembic]\nscript_location = "db"\nversion_locations = ["%(here)s/db/one"]\n'},
        {"pyproject.toml": '[tool.alembic]\nscript_location = "db"\nrecursive_version_locations = true\n'},
        {"alembic.ini": "[alembic]\nscript_location = db\nrecursive_version_locations = true\n"},
    ],
)
def test_folders_are_those_that_alembic_takes(
    project: Project, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"db/env.py": "", "db/versions/x.txt": "", "db/one/x.txt": "", "db/two/x.txt": "", **files})
    monkeypatch.chdir(root)
    ours = find(root)
    assert ours is not None
    theirs = ScriptDirectory.from_config(
        Config(root / "alembic.ini" if "alembic.ini" in files else None, toml_file=root / "pyproject.toml")
    )
    assert ours.script_location == Path(theirs.dir).absolute()
    assert list(ours.versions) == [Path(each).absolute() for each in theirs._version_locations]
    assert ours.recursive == theirs.recursive_version_locations


def test_a_folder_of_the_usual_name_needs_no_configuration(project: Project) -> None:
    root = project({"migrations/env.py": "", "migrations/versions/x.txt": ""})
    found = find(root, wait=3.0)
    assert found is not None
    assert (found.script_location, found.wait) == (root / "migrations", 3.0)


def test_a_location_inside_a_package_is_found(project: Project) -> None:
    root = project(
        {"alembic.ini": "[alembic]\nscript_location = app.db:migrations\n", "src/app/db/migrations/env.py": ""}
    )
    found = find(root)
    assert found is not None
    assert found.script_location == root / "src/app/db/migrations"


def test_the_version_table_is_the_one_that_env_py_configures(project: Project) -> None:
    text = 'context.configure(url=url, version_table="revisions", version_table_schema="ops")\n'
    found = find(project({"migrations/env.py": text * 2}))
    assert found is not None
    assert (found.version_table, found.version_schema) == ("revisions", "ops")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"migrations/env.py": "context.(\n"}, "env.py:1: "),
        ({"alembic.ini": "[alembic]\nscript_location = gone\n"}, "no env.py"),
        ({"alembic.ini": "[alembic]\nscript_location = gone:db\n"}, "no package 'gone'"),
        ({"alembic.ini": "script_location = gone\n"}, "not a valid ini file"),
    ],
)
def test_what_cannot_be_told_is_said_with_its_place(project: Project, files: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=None) as caught:
        find(project(files))
    assert message in caught.value.message


def test_settings_hold_in_the_container(project: Project, tmp_path: Path) -> None:
    root = project({"pyproject.toml": '[tool.alembic]\nscript_location = "db"\nmetadata = "app:M"\n', "db/env.py": ""})
    here = find(root, lock_wait=9.0)
    assert here is not None
    assert here.metadata == "app:M"
    text = json.dumps(here.as_json())
    assert str(tmp_path) not in text
    moved = shutil.copytree(root, tmp_path / "container")
    there = MigrationSettings.from_json(json.loads(text), moved)
    assert there == find(moved, lock_wait=9.0)
