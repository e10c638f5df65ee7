"""What is written into pyproject.toml: all else in it stays as it was."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import tomllib

from buildkit.config.writing import Exclusion, Setting, exclude, lines, toml, with_exclusions, with_settings
from buildkit.errors import ConfigurationError

ODD = [Exclusion("app/odd.py", "compiled, test_it: passed →  failed\n(assert)")]
ADDED = '    "app/odd.py", # compiled, test_it: passed → failed (assert)\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '# ours\n[tool.buildkit]  # here\npackages = ["app"]\n\n[tool.other]\na = 1\n',
            f'# ours\n[tool.buildkit]  # here\npackages = ["app"]\nexclude = [\n{ADDED}]\n\n[tool.other]\na = 1\n',
        ),
        (
            '[tool.buildkit]\nexclude = [\n    # by hand\n    "app/a.py",  # odd\n]\n',
            f'[tool.buildkit]\nexclude = [\n    # by hand\n    "app/a.py",  # odd\n{ADDED}]\n',
        ),
        (
            '[tool.buildkit]\nexclude = ["app/a.py"]\n[tool.buildkit.compile]\njobs = 2\n',
            f'[tool.buildkit]\nexclude = ["app/a.py",\n{ADDED}]\n[tool.buildkit.compile]\njobs = 2\n',
        ),
    ],
)
def test_a_line_is_added_and_nothing_else_changes(before: str, after: str) -> None:
    assert with_exclusions(before, ODD) == after


@pytest.mark.parametrize("before", ["", '[project]\nname = "x"\n', "[tool.buildkit.compile]\njobs = 2\n"])
def test_the_table_is_made_where_there_is_none(before: str) -> None:
    assert f"[tool.buildkit]\nexclude = [\n{ADDED}]\n" in with_exclusions(before, ODD)


def test_a_form_that_cannot_be_added_to_is_refused_with_what_to_write() -> None:
    with pytest.raises(ConfigurationError) as refused:
        with_exclusions('[tool]\nbuildkit = "no table"\n', ODD)
    assert '"app/odd.py",  #' in refused.value.hint


def test_the_first_original_is_kept_and_the_mode_with_it(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.buildkit]\n")
    file.chmod(0o640)

    exclude(file, ODD)
    exclude(file, [Exclusion("app/more.py", "too")])

    assert (tmp_path / "pyproject.toml.original").read_text() == "[tool.buildkit]\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert "app/odd.py" in file.read_text()
    assert "app/more.py" in file.read_text()


def test_what_to_set_can_be_copied() -> None:
    assert lines([Exclusion("a.py", "why")]) == ["[tool.buildkit]", "exclude = [", '    "a.py",  # why', "]"]


DEV = ("tool", "buildkit", "dev")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", '[tool.buildkit.dev]\ncommand = ["a", "{port}"]\nport = 0\n', id="empty"),
        pytest.param(
            "# ours\n[tool.buildkit.dev]  # here\nhold = '1s'\n\n# of the other\n[[tool.other]]\nx = 1\n",
            '# ours\n[tool.buildkit.dev]  # here\nhold = \'1s\'\ncommand = ["a", "{port}"]\nport = 0\n\n'
            "# of the other\n[[tool.other]]\nx = 1\n",
            id="into-its-table",
        ),
        pytest.param(
            "[ tool . 'buildkit' . dev ]\n[tool.z]\n",
            '[ tool . \'buildkit\' . dev ]\ncommand = ["a", "{port}"]\nport = 0\n[tool.z]\n',
            id="an-odd-heading",
        ),
        pytest.param(
            "[tool.buildkit.dev.service.w]\ncommand = ['w']\n\n\n",
            "[tool.buildkit.dev.service.w]\ncommand = ['w']\n\n"
            '[tool.buildkit.dev]\ncommand = ["a", "{port}"]\nport = 0\n',
            id="a-table-below-it",
        ),
    ],
)
def test_settings_are_added_and_all_else_stays(before: str, after: str) -> None:
    settings = [Setting((*DEV, "command"), ["a", "{port}"], "x"), Setting((*DEV, "port"), 0, "y")]

    assert with_settings(before, settings) == after


@pytest.mark.parametrize(
    "text",
    ["[tool.buildkit]\ndev = { port = 1 }\n", "tool.buildkit.dev.port = 1\n", "x = '''\n[tool.buildkit.dev]\n'''\n"],
)
def test_settings_are_not_added_where_the_file_would_say_something_else(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        with_settings(text, [Setting((*DEV, "command"), ["a"], "")])

    assert refused.value.hint == 'write them by hand:\n[tool.buildkit.dev]\ncommand = ["a"]'


@pytest.mark.parametrize("value", ['a"b\\c\té', True, 0, ["a", ["b"]], {"file": ["x.txt"], "odd key": 1}, {}])
def test_a_value_is_written_as_it_is_read(value: object) -> None:
    assert tomllib.loads(f"x = {toml(value)}") == {"x": value}
