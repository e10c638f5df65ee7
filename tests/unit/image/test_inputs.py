"""What enters an image: packages, revision, budgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from buildkit.doors.process import run
from buildkit.errors import BudgetError, ConfigurationError
from buildkit.image import checkout
from buildkit.image.measure import require_within
from buildkit.image.requirements import MYPYC, as_text, read_project, tools_text

ProjectMaker = Callable[[Mapping[str, str]], Path]


def test_order_and_spacing_of_dependencies_do_not_matter() -> None:
    assert as_text(["uvicorn>=0.30", "Starlette  >=0.40"]) == as_text(["Starlette >=0.40", "uvicorn>=0.30"])
    assert as_text(["b", "a", "b"]) == "a\nb\n"


def test_mypy_is_installed_only_where_modules_need_it() -> None:
    assert "mypy==" not in tools_text()
    assert set(tools_text(MYPYC).splitlines()) == {*tools_text().splitlines(), f"mypy=={version('mypy')}"}


def test_poetrys_table_names_the_service(project: ProjectMaker) -> None:
    text = '[tool.poetry]\nname = "x"\nversion = "2"\n[tool.poetry.scripts]\nserve = "x:main"\n'
    table = read_project(project({"pyproject.toml": text}))
    assert (table["name"], table["version"], table["scripts"]) == ("x", "2", {"serve": "x:main"})


def test_a_pyproject_without_a_name_is_refused(project: ProjectMaker) -> None:
    with pytest.raises(ConfigurationError, match=r"no \[project\] table with a name"):
        read_project(project({"pyproject.toml": ""}))


def test_a_checkout_is_dirty_until_it_is_committed(project: ProjectMaker) -> None:
    root = project({"a": "1"})
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "first"]):
        assert run(["git", *command], folder=root).ok
    clean = checkout.read(root)
    assert len(clean.commit) == 40
    assert clean.time > 0
    assert clean.tag == clean.commit[:12]
    (root / "a").write_text("2")
    assert checkout.read(root).tag == f"{clean.commit[:12]}-dirty"


def test_without_history_there_is_no_revision(tmp_path: Path) -> None:
    assert checkout.read(tmp_path) == checkout.Checkout()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://name:secret@example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://example.org/a/b.git", "https://example.org/a/b.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
    ],
)
def test_no_label_carries_a_password(address: str, expected: str) -> None:
    assert checkout.without_credentials(address) == expected


def test_a_budget_names_both_figures_and_the_largest() -> None:
    require_within("image x", 10, 10)
    require_within("image x", 10, 0)
    with pytest.raises(BudgetError, match=r"image x has 2\.8 GB, the budget is 500 MB") as caught:
        require_within("image x", 2_800_000_000, 500_000_000, [("models", 2_600_000_000)])
    assert caught.value.details == ("   2.6 GB  models",)
