"""The Nox door: nothing happens at import; `register()` reads the project and adds the sessions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ProjectMaker = Callable[[Mapping[str, str]], Path]

PYPROJECT = """
[project]
name = "sample"
version = "1.0"
{classifiers}
[tool.buildkit]
source-root = "."
[tool.buildkit.nox]
{nox}
"""


@pytest.fixture
def registered(project: ProjectMaker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, object]]]:
    """Make a project, register its sessions and return Nox's registry."""
    from nox import registry

    from buildkit.sessions import register

    def make(nox: str = "", classifiers: str = "", prefix: str = "") -> dict[str, object]:
        text = PYPROJECT.format(nox=nox, classifiers=classifiers)
        monkeypatch.chdir(project({"pyproject.toml": text, "app/__init__.py": ""}))
        register(prefix)
        return {name: function.python for name, function in registry.get().items()}

    registry.reset()
    yield make
    registry.reset()


def test_the_matrix_is_what_the_project_sets(registered: Callable[..., dict[str, object]]) -> None:
    assert registered(nox='pythons = ["3.10", "3.12"]')["build"] == ["3.10", "3.12"]


def test_the_matrix_comes_from_the_classifiers(registered: Callable[..., dict[str, object]]) -> None:
    names = [f'"Programming Language :: Python :: {version}"' for version in ("3", "3.11", "3.13")]

    assert registered(classifiers=f"classifiers = [{', '.join(names)}]")["build"] == ["3.11", "3.13"]


def test_without_either_the_running_python_is_the_matrix(registered: Callable[..., dict[str, object]]) -> None:
    assert registered()["build"] == [f"3.{sys.version_info.minor}"]


def test_a_prefix_keeps_clear_of_sessions_of_the_same_name(registered: Callable[..., dict[str, object]]) -> None:
    found = registered(prefix="service-")

    assert set(found) == {"service-build", "service-tests", "service-migrations", "service-image"}


def test_a_wrong_setting_ends_nox_with_words_and_code_2(
    registered: Callable[..., dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        registered(nox='pyhtons = ["3.10"]')

    assert stop.value.code == 2
    assert 'nox.pyhtons: unknown key; did you mean "pythons"?' in capsys.readouterr().err


def test_the_tests_of_a_session_find_the_fixture_beside_what_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    import os
    from types import SimpleNamespace
    from typing import Any

    from buildkit.sessions import _with_fixture

    monkeypatch.setenv("PYTHONPATH", "mine")
    monkeypatch.delenv("PYTEST_PLUGINS", raising=False)
    session: Any = SimpleNamespace(env={"PYTEST_PLUGINS": "other"})
    config: Any = SimpleNamespace(root=Path("/project"))
    found = _with_fixture(session, config)

    first, folder = found["PYTHONPATH"].split(os.pathsep)
    assert first == "mine"
    assert (Path(folder) / "buildkit_database.py").is_file()
    assert found["PYTEST_PLUGINS"] == "other,buildkit_database"
    assert json.loads(found["PYBUILDKIT_TESTING"])[0] == sys.executable
    assert json.loads(found["PYBUILDKIT_TESTING"])[-2:] == ["buildkit.testing", "/project"]
