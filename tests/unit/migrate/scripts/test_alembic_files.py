"""Where Alembic's files are, and what they say, as Alembic takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from alembic.config import Config

from buildkit.errors import ConfigurationError
from buildkit.migrate.discovery import find
from buildkit.migrate.scripts.alembic_files import from_ini, from_toml
from buildkit.migrate.settings import MigrationSettings
from buildkit.migrate.status import no_revisions

Project = Callable[[Mapping[str, str]], Path]


def test_the_folder_of_the_service_is_looked_into_as_well(project: Project) -> None:
    root = project(
        {
            "pyproject.toml": "",
            "services/api/alembic.ini": "[alembic]\nscript_location = db\n",
            "services/api/db/env.py": "",
        }
    )
    found = find(root, project=root / "services" / "api")
    assert found is not None
    assert (found.root, found.script_location) == (root / "services/api", root / "services/api/db")


def test_settings_of_a_folder_below_hold_in_the_container(project: Project, tmp_path: Path) -> None:
    root = project({"api/alembic.ini": "[alembic]\nscript_location = db\n", "api/db/env.py": ""})
    found = find(root, project=root / "api", app="shop:app")
    assert found is not None
    there = MigrationSettings.from_json(found.as_json(root), tmp_path / "app")
    assert there.root == tmp_path / "app/api"
    assert there.ini == tmp_path / "app/api/alembic.ini"
    assert there.paths == (tmp_path / "app/api",)
    assert there.app == "shop:app"


def test_an_ini_file_beside_env_py_says_where_that_is(project: Project) -> None:
    root = project({"migrations/env.py": "", "migrations/alembic.ini": "[alembic]\n", "db/env.py": "", "db/a.ini": ""})
    beside = find(root)
    assert beside is not None
    assert (beside.script_location, beside.ini) == (root / "migrations", root / "migrations/alembic.ini")
    named = find(root, config="db/a.ini")
    assert named is not None
    assert (named.script_location, named.ini) == (root / "db", root / "db/a.ini")


@pytest.mark.parametrize("said", [".", "elsewhere"])
def test_what_an_ini_file_beside_env_py_says_in_vain_counts_for_nothing(project: Project, said: str) -> None:
    root = project({"migrations/env.py": "", "migrations/alembic.ini": f"[alembic]\nscript_location = {said}\n"})
    found = find(root)
    assert found is not None
    assert found.script_location == root / "migrations"


def test_an_ini_file_that_is_named_and_not_there_is_missed(project: Project) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no db/alembic\.ini in "):
        find(project({"migrations/env.py": ""}), config="db/alembic.ini")


def test_folders_without_a_revision_are_named(project: Project) -> None:
    ini = "[alembic]\nscript_location = db\nversion_locations = db/versions gone/versions\n"
    found = find(project({"alembic.ini": ini, "db/env.py": "", "db/versions/x.txt": ""}))
    assert found is not None
    assert no_revisions(found) == "there are no revisions: looked in db/versions; gone/versions, which is not there"


@pytest.mark.parametrize(
    "text",
    [
        "[alembic]\nscript_location = db\nsqlalchemy.url = postgresql://%(WHO)s@h/d\n",
        "[alembic]\nscript_location = db\nsqlalchemy.url = postgresql://u:p%40ss@h/d\n",
        "[DEFAULT]\nwhere = db\n[alembic]\nscript_location = %(where)s\n",
        "[alembic]\nscript_location = %(here)s/d%%b\n",
        "[alembic]\nscript_location = db\nprepend_sys_path = src:.\n",
        "[alembic]\nscript_location = db\nprepend_sys_path = src, .\n",
        "[alembic]\nscript_location = db\nprepend_sys_path = src\n  lib\npath_separator = newline\n",
        "[alembic]\nscript_location = db\nversion_path_separator = os  # said by a template\n",
        "[alembic]\nscript_location = db\nfile_template = %%(rev)s_%(none)s\n",
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_ini_file_says_what_it_says_to_alembic(project: Project, text: str) -> None:
    file = project({"alembic.ini": text}) / "alembic.ini"
    ours, theirs = from_ini(file), Config(str(file))
    assert ours.location == theirs.get_main_option("script_location")
    assert list(ours.prepended) == (theirs.get_prepend_sys_paths_list() or [])
    assert list(ours.versions) == (theirs.get_version_locations_list() or [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xef\xbb\xbf[alembic]\n", "byte order mark"),
        (b"[alembic]\nscript_location = d\xe9b\n", "in the locale's encoding"),
        (b"[alembic]\nscript_location = %(nowhere)s\n", "mend the file"),
        (b"[alembic]\nscript_location = db\nversion_locations = a,b\npath_separator = ,\n", "one of space, newline"),
    ],
)
def test_what_alembic_could_not_read_either_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "alembic.ini"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        from_ini(file)
    assert str(file) in caught.value.message
    assert words in (caught.value.hint or "")


@pytest.mark.parametrize(
    "line", ["script_location = 3", 'version_locations = "db"', 'script_location = "%(nowhere)s"', "= 3"]
)
def test_a_table_that_alembic_could_not_take_is_said(tmp_path: Path, line: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.alembic]\n{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        from_toml(tmp_path / "pyproject.toml")
    assert caught.value.hint
