"""A checkout without a memory takes that of another one, and holds each record against its own files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, Ran, python

FILES = {
    "pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n[tool.buildkit]\n',
    "src/app/__init__.py": "",
    "src/app/a.py": "def answer():\n    return 1\n",
    "src/app/b.py": "def answer():\n    return 2\n",
    "src/app/bad.pyx": "def f(:\n",
}
IMPORTED = "import app.a, app.b; print(app.a.__file__[-3:], app.a.answer(), app.b.__file__[-3:], app.b.answer())"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYBUILDKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache/v1"


@pytest.fixture
def first(built_project: BuiltProjectMaker, compiler: str, cache: Path) -> Path:
    """A checkout that was built; of the store is left what it shares, not the actions that led there."""
    assert compiler
    root = built_project(FILES, exit_code=10)
    for action in (cache / "actions").glob("*/*"):
        if b'"outputs"' not in action.read_bytes():
            action.unlink()
    return root


def clone(root: Path, place: Path) -> Path:
    shutil.copytree(root, place, ignore=shutil.ignore_patterns(".buildkit", "*.so"))
    return place


def outcomes(ran: Ran) -> dict[str, str]:
    return {row["module"]: f"{row['outcome']}: {row['reason']}" for row in ran.json["modules"]}


def test_a_fresh_clone_is_restored_by_it(first: Path, invoke: InvokeRunner, tmp_path: Path) -> None:
    other = clone(first, tmp_path / "other")

    ran = invoke(other, "compile", "--json")

    assert outcomes(ran) == {
        "app.a": "restored: not built before",
        "app.b": "restored: not built before",
        "app.bad": "failed: unchanged",
    }
    assert (ran.exit_code, ran.started) == (10, ())
    assert "bad.pyx:1" in ran.stderr
    assert python(other, IMPORTED) == ".so 1 .so 2"
    again = invoke(other, "compile", "--json")
    assert (again.json["counts"], again.started) == ({"fresh": 2, "failed": 1}, ())


def test_only_what_differs_is_made(first: Path, invoke: InvokeRunner, tmp_path: Path) -> None:
    other = clone(first, tmp_path / "other")
    (other / "src/app/b.py").write_text("def answer():\n    return 3\n")
    (other / "src/app/bad.pyx").write_text("def f():\n    pass\n")
    (other / "src/app/more.py").touch()

    found = outcomes(invoke(other, "compile", "--json"))

    assert {name: words.partition(":")[0] for name, words in found.items()} == {
        "app.a": "restored",
        "app.b": "compiled",
        "app.bad": "compiled",
        "app.more": "compiled",
    }
    assert python(other, IMPORTED) == ".so 1 .so 3"


@pytest.mark.usefixtures("first")
def test_another_project_with_the_same_package_is_not_misled(invoke: InvokeRunner, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for path, text in {**FILES, "src/app/a.py": "def answer():\n    return 7\n"}.items():
        if path not in {"src/app/b.py", "src/app/bad.pyx"}:
            (other / path).parent.mkdir(parents=True, exist_ok=True)
            (other / path).write_text(text)

    ran = invoke(other, "compile", "--json")

    assert outcomes(ran) == {"app.a": "compiled: not built before"}
    assert ran.exit_code == 0


def test_a_copied_checkout_is_fresh_and_remembers_from_then_on(
    first: Path, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(first, other, ignore=shutil.ignore_patterns(".buildkit"))

    assert outcomes(invoke(other, "compile", "--json"))["app.a"] == "fresh: unchanged"

    shutil.rmtree(cache)
    (other / "src/app/a.py").unlink()
    assert outcomes(invoke(other, "compile", "--json"))["app.a"] == "removed: source gone"
    assert not list(other.rglob("a.*.so"))


@pytest.mark.parametrize("what", ["actions", "blobs"])
def test_a_damaged_one_costs_time_alone(
    first: Path, invoke: InvokeRunner, tmp_path: Path, cache: Path, what: str
) -> None:
    for file in (cache / what).glob("*/*"):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    other = clone(first, tmp_path / "other")

    ran = invoke(other, "compile", "--json")

    assert ran.json["counts"] == {"compiled": 2, "failed": 1}
    assert "damaged" in ran.stderr
    assert python(other, IMPORTED) == ".so 1 .so 2"


def test_without_the_cache_it_is_not_asked_for(first: Path, invoke: InvokeRunner, tmp_path: Path) -> None:
    ran = invoke(clone(first, tmp_path / "other"), "compile", "--no-cache", "--json")

    assert outcomes(ran)["app.a"] == "compiled: made anew: --no-cache"
