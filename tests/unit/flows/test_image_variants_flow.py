"""`invoke image.variants`: what is told of bases before anything is built, and what by which route."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from installed import Package, environment
from plugins.bases import PYTHON, base_in

from buildkit.config import load
from buildkit.errors import ConfigurationError
from buildkit.flows import image_variants_lines
from buildkit.flows.image_variants import compare_variants, config_of
from buildkit.image import variants
from buildkit.model import Report
from buildkit.report.console import Console

TAG = f"cp{PYTHON.replace('.', '')}"
HEAD = """\
version = 1
requires-python = ">=3.10"

[[package]]
name = "shop"
version = "2.0"
source = { editable = "." }
dependencies = [{ name = "fast" }, { name = "pure" }]

[package.metadata]
requires-dist = [{ name = "fast", specifier = "==1.0" }, { name = "pure", specifier = "==1.0" }]

[[package]]
name = "pure"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://i.invalid/pure-1.0-py3-none-any.whl", hash = "sha256:DIGEST", size = 10 }]

[[package]]
name = "fast"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
"""
GLIBC = f"fast-1.0-{TAG}-{TAG}-manylinux_2_34_x86_64.whl"
SDIST = 'sdist = { url = "https://i.invalid/fast-1.0.tar.gz", hash = "sha256:DIGEST", size = 5 }\n'
WHEEL = f'wheels = [{{ url = "https://i.invalid/{GLIBC}", hash = "sha256:DIGEST", size = 20 }}]\n'


def project(root: Path, lock: str, more: str = "", requires: str = ">=3.10") -> Path:
    (root / "src/shop").mkdir(parents=True)
    (root / "src/shop/__init__.py").write_text("")
    (root / "src/shop/main.py").write_text("app = None\n")
    (root / "tasks.py").write_text("from buildkit.tasks import ns\n")
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "shop"\nversion = "2.0"\nrequires-python = "{requires}"\n'
        'dependencies = ["fast==1.0", "pure==1.0"]\n[tool.buildkit]\npackages = ["shop"]\nbackend = "none"\n'
        f'[tool.buildkit.image.api]\ncommand = ["uvicorn", "shop.main:app"]\n{more}'
    )
    (root / "uv.lock").write_text((HEAD + lock).replace("DIGEST", "0" * 64))
    base_in(root / "old", libc="2.31")
    base_in(root / "new", libc="2.36")
    return root


def told(root: Path, *given: str, variables: Mapping[str, str] | None = None) -> Report:
    variables = dict(variables or {}) | {"PATH": ""}  # no engine is asked
    return compare_variants(
        load(root, variables), Console(variables, talk=io.StringIO()), variables, given=given, dry_run=True
    )


def rows(report: Report) -> dict[str, tuple[str, str]]:
    return {row.subject: (row.result, row.reason.detail) for row in report.outcomes}


def test_wheels_decide_what_is_feasible_and_the_base_says_its_own_libc(tmp_path: Path) -> None:
    root = project(tmp_path, SDIST + WHEEL)
    found = rows(told(root, "slim=oci:new", "alpine", "distroless=oci:old"))
    assert found["api: slim by oci"] == ("feasible", "a wheel for each of 2 packages")
    assert found["api: distroless by oci"][0] == "impossible", "its libc is older than the wheel's"
    assert "fast 1.0 would have to be built" in found["api: distroless by oci"][1]
    assert found["api: alpine by docker"] == ("from source", "fast 1.0 built from sources, which takes a compiler")
    assert found["api: alpine by oci"][0] == "impossible"
    assert "api: slim by docker" not in found, "an engine takes no base from a folder"


def test_without_an_archive_there_is_nothing_to_build_from(tmp_path: Path) -> None:
    found = rows(told(project(tmp_path, WHEEL), "alpine"))
    assert {result for result, _ in found.values()} == {"impossible"}
    assert found["api: alpine by docker"][1].startswith(f"no file of fast 1.0 runs on Python {PYTHON} with musl 1.2")


def test_what_a_base_or_a_route_cannot_do_is_told_with_the_setting(tmp_path: Path) -> None:
    root = project(tmp_path, WHEEL, 'system-packages = ["libpq5"]\n')
    found = rows(told(root, "distroless=oci:new,build:1", "slim"))
    assert "system-packages: nothing can be installed in it" in found["api: distroless by oci"][1]
    assert "system-packages: they run in containers" in found["api: slim by oci"][1]
    assert found["api: slim by docker"][0] == "feasible"


def test_a_python_that_the_project_does_not_take_makes_a_base_impossible(tmp_path: Path) -> None:
    base_in(tmp_path / "next", "3.99", "2.36")
    found = rows(told(project(tmp_path, WHEEL, requires=">=3.10,<3.20"), "slim=oci:next"))
    assert found["api: slim by oci"][1].startswith("it has Python 3.99.2, and the project requires")


def test_a_lock_that_names_no_files_and_none_at_all_are_not_told(tmp_path: Path) -> None:
    root = project(tmp_path, WHEEL)
    (root / "uv.lock").unlink()
    assert rows(told(root, "slim"))["api: slim by docker"] == (
        "not told",
        "no lock, so it cannot be told whether there are wheels of fast 1.0, pure 1.0",
    )
    (root / "requirements.txt").write_text("fast==1.0\npure==1.0\n")
    assert rows(told(root, "slim"))["api: slim by docker"] == (
        "not told",
        "requirements.txt names no files of fast 1.0, pure 1.0, so wheels cannot be told",
    )


def test_what_is_installed_here_tells_what_a_lock_without_files_does_not(tmp_path: Path) -> None:
    root = project(tmp_path, WHEEL)
    (root / "uv.lock").unlink()
    (root / "requirements.txt").write_text("fast==1.0\npure==1.0\n")
    environment(root / ".venv", wheel("fast", f"{TAG}-{TAG}-manylinux_2_34_x86_64"), wheel("pure", "py3-none-any"))
    found = rows(told(root, "slim=oci:new", "distroless=oci:old", "alpine"))

    other = "requirements.txt names no files of fast 1.0, so wheels cannot be told"
    said = "a wheel for each of 2 packages: of each the one that is installed here, as requirements.txt names no files"
    assert found["api: slim by oci"] == ("feasible", said)
    for subject in ("api: distroless by oci", "api: alpine by docker"):
        assert found[subject] == (
            "not told",
            f"{other}; of 1 of 2 packages the wheel that is installed here fits",
        ), "what is installed here does not run there, and of another wheel nothing is known"
    (root / "requirements.txt").write_text("fast==1.1\npure==1.0\n")
    (root / "pyproject.toml").write_text((root / "pyproject.toml").read_text().replace("fast==1.0", "fast"))
    assert "names no files of fast 1.1" in rows(told(root, "slim=oci:new"))["api: slim by oci"][1]
    (root / "requirements.txt").unlink()
    verdict, why = rows(told(root, "slim=oci:new"))["api: slim by oci"]
    assert verdict == "not told"
    assert why.startswith("the wheel of each of 2 declared packages that is installed here fits; no lock says")


def wheel(name: str, tag: str) -> Package:
    return Package(name, {f"{name}.py": "", f"{name}-1.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n"})


def test_all_four_are_looked_at_and_own_where_there_is_one(tmp_path: Path) -> None:
    root = project(tmp_path, WHEEL)
    usual = {subject.split()[1] for subject in rows(told(root))}
    with_own = {
        subject.split()[1] for subject in rows(told(root, variables={"PYBUILDKIT_ENGINE_PYTHON_SLIM": "oci:new"}))
    }
    assert usual == {"slim", "alpine", "distroless"}
    assert with_own == {*variants.NAMES}


@pytest.mark.parametrize("text", ["slimmer", "own=python:3.13", "slim python:3.13"])
def test_a_base_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="--base"):
        told(project(tmp_path, WHEEL), text)


def test_an_image_with_a_dockerfile_of_its_own_has_no_variants(tmp_path: Path) -> None:
    root = project(tmp_path, WHEEL, 'dockerfile = "Dockerfile"\n')
    (root / "Dockerfile").write_text("FROM python:3.13\n")
    with pytest.raises(ConfigurationError, match="has its own"):
        told(root)


def test_a_try_has_names_of_its_own_so_that_the_project_s_image_stays(tmp_path: Path) -> None:
    root = project(tmp_path, WHEEL)
    config = load(root, {})
    variant = variants.usual(variants.ALPINE, PYTHON, "x86_64")
    changed, called = config_of(config, "api", variant, "docker")
    assert called == "api--alpine"
    assert changed.image[called].repository == "shop-api-alpine"
    assert (changed.engine.python_slim, changed.engine.python_build) == (f"python:{PYTHON}-alpine",) * 2
    assert {"gcc", "musl-dev"} <= {*changed.image[called].build_packages}
    assert config.image["api"].repository == ""


def test_the_table_says_verdict_risk_and_what_is_supposed(tmp_path: Path) -> None:
    report = told(project(tmp_path, SDIST + WHEEL), "slim=oci:new", "alpine")
    page = image_variants_lines.lines(report)
    facts: Any = report.facts["images"]
    assert page[0] == "image api"
    assert any(line.split()[:4] == ["slim", "oci", "oci:new", "glibc"] and "feasible" in line for line in page)
    assert any(line.startswith("  risk of alpine: musl: ") for line in page)
    assert any(line.startswith("  alpine: the base is not here") for line in page)
    assert [each["wheels"] for each in facts["api"]] == [30, 10, 10]
