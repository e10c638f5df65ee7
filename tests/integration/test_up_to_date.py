"""An up-to-date check tells that nothing changed; whatever else a decision rests on asks for a whole look."""

from __future__ import annotations

import io
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker

from buildkit.config import load
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.flows.compile import compile_modules
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

FILES = {
    "pyproject.toml": '[project]\nname = "sample"\nversion = "1"\n[tool.buildkit]\nexclude = ["app/kept.py"]\n',
    "src/app/__init__.py": "",
    "src/app/a.pyx": 'cdef extern from "shapes.h":\n    int CORNERS\ndef corners():\n    return CORNERS\n',
    "src/app/b.py": "def answer():\n    return 42\n",
    "src/app/kept.py": "",
    "src/app/inner/notes.txt": "",
    "src/shapes.h": "#define CORNERS 4\n",
}

TICK = 0.05
"""Seconds after which a change counts as one before the look."""

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, compiler: str) -> Path:
    """A project that was built."""
    assert compiler
    place = tmp_path_factory.mktemp("template")
    for path, text in FILES.items():
        file = place / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("PYBUILDKIT_CACHE_DIR", str(place / "cache"))
        variables.setenv("PYBUILDKIT_COMPILE_PROFILE", "dev")
        assert [row.result for row in look(place / "project").outcomes] == ["compiled", "compiled", "kept"]
    return place / "project"


@pytest.fixture
def built(template: Path, tmp_path: Path) -> Path:
    """A project that was built, and looked at once more."""
    root = tmp_path / "project"
    shutil.copytree(template, root)
    time.sleep(TICK)
    assert [row.result for row in look(root).outcomes] == ["fresh", "fresh", "kept"]
    return root


def look(root: Path) -> Report:
    """Look at the whole of a project."""
    check = UpToDateCheck(root, os.environ, "")
    config = load(root, check.environment)
    return compile_modules(config, Console({}, talk=io.StringIO()), check.environment, check=check)


def checked(root: Path, request: str = "", **variables: str) -> Report | None:
    return UpToDateCheck(root, {**os.environ, **variables}, request).report()


def extension(root: Path, name: str) -> Path:
    (file,) = (root / "src/app").glob(f"{name}.*.so")
    return file


def test_a_glance_tells_what_a_whole_look_told(built: Path) -> None:
    report = checked(built)

    assert report is not None
    assert report.outcomes == (
        Outcome("app.a", "fresh", Reason("unchanged")),
        Outcome("app.b", "fresh", Reason("unchanged")),
        Outcome("app.kept", "kept", Reason("excluded", "app/kept.py")),
    )
    assert (report.schema, report.row, report.facts) == ("buildkit.compile/1", "module", {"profile": "dev"})


def test_it_reads_no_settings_and_starts_nothing(built: Path, invoke: InvokeRunner) -> None:
    invoke(built, "compile")
    code = "import atexit, sys; atexit.register(lambda: print('buildkit.config' in sys.modules, file=sys.stderr))\n"
    (built / "tasks.py").write_text(f"{code}from buildkit.tasks import ns\n")

    ran = invoke(built, "compile")

    assert (ran.exit_code, ran.stderr.strip(), ran.started) == (0, "False", ())
    assert ran.stdout.startswith("compile: 2 fresh, 1 kept  [dev, ")


def test_it_is_enough_from_any_folder_of_the_project(built: Path) -> None:
    assert checked(built / "src/app") is not None


def test_a_refusal_is_told_again(project: ProjectMaker, invoke: InvokeRunner, compiler: str) -> None:
    assert compiler
    root = project({**FILES, "src/app/bad.pyx": "def f(:\n"})
    _, whole = invoke(root, "compile"), invoke(root, "compile")

    ran = invoke(root, "compile")

    assert (ran.exit_code, ran.started) == (whole.exit_code, ()) == (10, ())
    assert (ran.stderr, ran.stdout.partition("[")[0]) == (whole.stderr, whole.stdout.partition("[")[0])
    assert "bad.pyx:1" in ran.stderr


TOUCHED: dict[str, Change] = {
    "every source touched": lambda root: touch(*root.glob("src/**/*.*")),
    "an extension touched": lambda root: touch(extension(root, "b")),
    "a header touched": lambda root: touch(root / "src/shapes.h"),
    "the settings touched": lambda root: touch(root / "pyproject.toml"),
    "a source written anew with the same text": lambda root: rewrite(root / "src/app/b.py"),
}


def touch(*files: Path) -> None:
    for file in files:
        os.utime(file)


def rewrite(file: Path) -> None:
    text = file.read_bytes()
    file.unlink()
    file.write_bytes(text)


@pytest.mark.parametrize("change", TOUCHED.values(), ids=TOUCHED)
def test_what_is_touched_is_read_again_and_a_glance_is_enough(built: Path, change: Change) -> None:
    before = checked(built)
    change(built)

    after = checked(built)

    assert before is not None
    assert after is not None
    assert after.outcomes == before.outcomes


def same_size(file: Path) -> None:
    """Change a file, not its size nor the time of its last change."""
    before = file.stat()
    file.write_bytes(file.read_bytes()[:-2] + b"7\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGED: dict[str, Change] = {
    "a source edited": lambda root: (root / "src/app/b.py").write_text("x = 1\n"),
    "a source edited with its size and time kept": lambda root: same_size(root / "src/app/b.py"),
    "a source deleted": lambda root: (root / "src/app/b.py").unlink(),
    "a source renamed": lambda root: (root / "src/app/b.py").rename(root / "src/app/c.py"),
    "a module more": lambda root: (root / "src/app/c.py").touch(),
    "a module more in a folder without any": lambda root: (root / "src/app/inner/c.py").touch(),
    "a package more": lambda root: shutil.copytree(root / "src/app", root / "src/lib"),
    "a folder that becomes a package": lambda root: (root / "src/app/inner/__init__.py").touch(),
    "a linked folder": lambda root: (root / "src/app/linked").symlink_to(root / "src/app/inner"),
    "a header edited": lambda root: (root / "src/shapes.h").write_text("#define CORNERS 5\n"),
    "a header deleted": lambda root: (root / "src/shapes.h").unlink(),
    "a header that stands in for another": lambda root: (root / "src/app/shapes.h").write_text("#define CORNERS 3\n"),
    "a header that stands in for a system's": lambda root: (root / "src/app/stdio.h").touch(),
    "definitions beside a module": lambda root: (root / "src/app/b.pxd").write_text("cpdef int answer()\n"),
    "an extension deleted": lambda root: extension(root, "b").unlink(),
    "an extension damaged": lambda root: extension(root, "b").write_bytes(b"no extension"),
    "an extension replaced by a folder": lambda root: make_folder(extension(root, "b")),
    "the state deleted": lambda root: next((root / ".buildkit").glob("state*")).unlink(),
    "the state damaged": lambda root: next((root / ".buildkit").glob("state*")).write_bytes(b"no state"),
    "the memory of the last look damaged": lambda root: next((root / ".buildkit").glob("seen*")).write_bytes(b"?"),
    "the memory of the last look deleted": lambda root: next((root / ".buildkit").glob("seen*")).unlink(),
    "the settings edited": lambda root: (root / "pyproject.toml").write_text(
        FILES["pyproject.toml"] + 'packages = ["app"]\n'
    ),
    "the settings deleted": lambda root: (root / "pyproject.toml").unlink(),
    "a build that was killed": lambda root: (root / ".buildkit" / f"begun{tag(root)}").write_text("\n"),
}


def tag(root: Path) -> str:
    return next((root / ".buildkit").glob("seen*")).name.removeprefix("seen")


def make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_whatever_changed_is_a_matter_for_a_whole_look(built: Path, change: Change) -> None:
    assert checked(built) is not None

    change(built)

    assert checked(built) is None


@pytest.mark.parametrize(
    "variables",
    [
        {"CC": "gcc"},
        {"CFLAGS": "-DMORE"},
        {"LDFLAGS": "-lm"},
        {"CPATH": "/include"},
        {"PATH": f"/nowhere:{os.environ['PATH']}"},
        {"CI": "elsewhere"},
        {"PYBUILDKIT_COMPILE": "off"},
        {"PYBUILDKIT_BACKEND": "none"},
        {"PYBUILDKIT_COMPILE_PROFILE": "release"},
        {"PYBUILDKIT_CACHE_DIR": "/elsewhere"},
    ],
    ids=str,
)
def test_a_variable_that_was_asked_for_is_an_input(built: Path, variables: dict[str, str]) -> None:
    assert checked(built) is not None
    assert checked(built, **variables) is None


def test_other_variables_are_none(built: Path) -> None:
    assert checked(built, NO_COLOR="1", EDITOR="ed", PYBUILDKIT_SOMETHING="else") is not None


def test_another_profile_is_another_question(built: Path) -> None:
    assert checked(built, "release") is None


def test_a_program_that_comes_before_the_compiler_is_an_input(
    built: Path, compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    time.sleep(TICK)
    look(built)
    assert checked(built) is not None

    (programs / "cc").symlink_to(compiler)

    assert checked(built) is None


def test_a_module_search_path_is_an_input(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(built) is not None
    monkeypatch.setattr(sys, "path", [*sys.path, "/elsewhere"])
    assert checked(built) is None


def test_without_a_project_there_is_nothing_to_glance_at(tmp_path: Path) -> None:
    assert checked(tmp_path) is None


def test_the_flags_that_want_more_than_an_answer_look_at_the_whole(built: Path, invoke: InvokeRunner) -> None:
    assert "app.b" in invoke(built, "compile", "--explain").stderr
    assert "2 compiled" in invoke(built, "compile", "--no-cache").stdout
    assert "2 removed" in invoke(built, "compile", "--clean").stdout
    assert checked(built) is None
