"""Which requirements a project declares, and on which line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.dependencies.needs import of_text
from buildkit.image.usage.declarations import declarations, of_requirements

ProjectMaker = Callable[[Mapping[str, str]], Path]


def linux(marker: str) -> bool:
    return "darwin" not in marker


def test_a_requirement_has_the_line_that_declares_it(project: ProjectMaker) -> None:
    root = project(
        {"pyproject.toml": '[project]\ndependencies = [\n  "PyYAML>=6",\n  # "redis",\n  "redis[hiredis]",\n]\n'}
    )
    needs = [of_text("PyYAML>=6"), of_text("redis[hiredis]")]

    found = declarations(needs, root / "pyproject.toml", [], root, linux)

    assert [(each.need.name, each.place) for each in found] == [
        ("pyyaml", "pyproject.toml:3"),
        ("redis", "pyproject.toml:5"),
    ]


def test_a_key_of_poetry_is_a_line_too(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\nPyYAML = "^6"\n'})

    assert declarations([of_text("pyyaml")], root / "pyproject.toml", [], root, linux)[0].place == "pyproject.toml:3"


def test_of_several_lines_for_one_package_that_counts_which_holds_here(project: ProjectMaker) -> None:
    lines = "jq; sys_platform == 'darwin'\njq; sys_platform == 'linux'\n-r more.txt\n"
    root = project({"requirements.txt": lines, "more.txt": "redis==5 --hash=sha256:abc\n"})

    found = of_requirements(root / "requirements.txt", root, linux)

    assert [(each.need.name, each.place) for each in found] == [("jq", "requirements.txt:2"), ("redis", "more.txt:1")]


def test_what_a_compiled_list_says_to_be_there_for_others_is_not_declared(project: ProjectMaker) -> None:
    lines = """\
alpha==1
    # via -r requirements.in
beta==1 \\
    --hash=sha256:abc
    # via alpha
gamma==1
    # via
    #   alpha
    #   -r requirements.in
delta==1  # via alpha
epsilon==1  # what we need
"""
    root = project({"requirements.txt": lines})

    found = of_requirements(root / "requirements.txt", root, linux)

    assert [each.need.name for each in found] == ["alpha", "gamma", "epsilon"]


def test_a_list_that_names_itself_ends(project: ProjectMaker) -> None:
    root = project({"requirements.txt": "-r requirements.txt\nalpha\n"})

    assert [each.need.name for each in of_requirements(root / "requirements.txt", root, linux)] == ["alpha"]
