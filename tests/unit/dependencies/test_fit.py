"""A lock that does not fit pyproject.toml is refused, requirement by requirement, with the command that mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.dependencies.selection import Choice, Selection, select
from buildkit.errors import ConfigurationError

LOCKED = Path(__file__).parents[2] / "projects" / "locked"

Edited = Callable[..., Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """Copy a project and change its pyproject.toml."""

    def make(name: str, old: str, new: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(LOCKED / name, folder)
        file = folder / "pyproject.toml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
        return folder

    return make


def chosen(folder: Path, **given: tuple[str, ...]) -> Selection:
    return select(folder, folder, Choice(**given), {}, list)  # type: ignore[arg-type] # extras and groups alone


STANDARD = ("uv", "pdm", "pdm-without-parents", "pdm-pylock", "uv-pylock", "requirements", "poetry-2-project")
COMMANDS = {"uv": "uv lock", "pdm": "pdm lock", "pdm-without-parents": "pdm lock", "poetry-2-project": "poetry lock"}


@pytest.mark.parametrize("name", STANDARD)
def test_a_dependency_that_was_added_is_named(edited: Edited, name: str) -> None:
    folder = edited(name, '"alpha>=1,<2",', '"alpha>=1,<2", "omega>=3",')

    with pytest.raises(ConfigurationError) as refused:
        chosen(folder)

    lines = ("omega>=3 is declared, and omega is not locked", "it lacks omega, which the project declares")
    said = "\n".join((refused.value.message, *refused.value.details))
    assert any(line in said for line in lines), said
    assert COMMANDS.get(name, "export") in refused.value.hint
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("name", STANDARD)
def test_a_range_that_the_locked_version_left_is_named(edited: Edited, name: str) -> None:
    folder = edited(name, '"alpha>=1,<2",', '"alpha>=1.2,<2",')

    with pytest.raises(ConfigurationError) as refused:
        chosen(folder)

    assert refused.value.details == ("alpha<2,>=1.2 is declared, and alpha is locked at 1.1",)
    assert "does not fit pyproject.toml" in refused.value.message


@pytest.mark.parametrize("name", ["poetry-1", "poetry-2"])
def test_a_range_of_poetrys_is_compared_as_poetry_means_it(edited: Edited, name: str) -> None:
    folder = edited(name, 'alpha = "^1.0"', 'alpha = "^1.2"')

    with pytest.raises(ConfigurationError) as refused:
        chosen(folder)

    assert refused.value.details == ("alpha<2,>=1.2 is declared, and alpha is locked at 1.1",)
    assert refused.value.hint == "lock anew: poetry lock"


@pytest.mark.parametrize("name", ["poetry-1", "poetry-2", "poetry-2-project"])
def test_poetrys_hash_tells_of_a_change_that_no_requirement_shows(edited: Edited, name: str) -> None:
    old = '">=3.10' if name != "poetry-2-project" else 'requires-python = ">=3.10'
    folder = edited(name, old, old.replace("3.10", "3.9"))

    with pytest.raises(ConfigurationError) as refused:
        chosen(folder)

    assert refused.value.details == ("its content-hash is of another pyproject.toml",)


def test_uv_tells_of_a_dependency_that_went(edited: Edited) -> None:
    folder = edited("uv", '"alpha>=1,<2",', "")

    with pytest.raises(ConfigurationError) as refused:
        chosen(folder)

    assert refused.value.details == ("alpha<2,>=1 is what the lock was made for, and not declared",)


def test_a_change_of_what_is_no_dependency_changes_nothing(edited: Edited) -> None:
    for name in ("uv", "poetry-2-project", "pdm"):
        assert chosen(edited(name, 'version = "1.0"', 'version = "2.0"')).file is not None


@pytest.mark.parametrize("name", ["uv", "pdm", "poetry-2-project", "uv-pylock"])
def test_an_extra_that_the_lock_does_not_know_is_said(edited: Edited, name: str) -> None:
    folder = edited(name, "database = [", 'newer = ["driver>=3"]\ndatabase = [')

    with pytest.raises(ConfigurationError, match=r"it does not know .*newer"):
        chosen(folder, extras=("newer",))


def test_an_extra_or_group_that_nobody_declares_is_said() -> None:
    with pytest.raises(ConfigurationError, match="there is no extra slow; there are database, quick"):
        chosen(LOCKED / "uv", extras=("slow",))
    with pytest.raises(ConfigurationError, match="there is no dependency group tests; there are check, dev"):
        chosen(LOCKED / "uv", groups=("tests",))
