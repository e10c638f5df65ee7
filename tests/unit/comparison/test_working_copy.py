"""The copy in which the project's code runs: as the project is, and nothing that happens in it reaches the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.comparison.working_copy import WorkingCopy
from buildkit.wheels.contents import natives_of_the_checkout

SUFFIX = ".cpython-311-x86_64-linux-gnu.so"


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    origin = tmp_path / "project"
    files = {
        "pyproject.toml": "",
        "src/app/__init__.py": "",
        "src/app/fast.py": "FAST = 1\n",
        f"src/app/fast{SUFFIX}": "stale",
        f"src/app/_own{SUFFIX}": "of the project's own",
        "src/app/__pycache__/fast.pyc": "",
        "tests/test_app.py": "",
        ".venv/pyvenv.cfg": "",
        ".venv/lib/large.py": "",
        ".git/HEAD": "",
        ".buildkit/state": "",
        "data/big": "",
        "empty/": "",
    }
    for name, text in files.items():
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (origin / name).mkdir()
        else:
            (origin / name).write_text(text)
    (origin / "link").symlink_to("tests/test_app.py")
    (origin / "outside").symlink_to("../elsewhere")
    (origin / "run").write_text("#!/bin/sh\n")
    (origin / "run").chmod(0o755)
    (tmp_path / "made/app").mkdir(parents=True)
    (tmp_path / f"made/app/fast{SUFFIX}").write_text("made")
    return WorkingCopy(origin, tmp_path / "copy", "src", {"data"}, natives_of_the_checkout)


def names(folder: Path) -> set[str]:
    return {
        f"{place}/{name}".removeprefix(f"{folder}/")
        for place, folders, files in os.walk(folder)
        for name in files + folders
    }


def test_it_has_what_the_project_has_but_what_is_made_or_installed(copy: WorkingCopy, tmp_path: Path) -> None:
    copy.renew(tmp_path / "made", [f"app/fast{SUFFIX}"])
    assert names(copy.folder) == {
        "pyproject.toml",
        "src",
        "src/app",
        "src/app/__init__.py",
        "src/app/fast.py",
        f"src/app/fast{SUFFIX}",
        f"src/app/_own{SUFFIX}",
        "tests",
        "tests/test_app.py",
        "data",
        "empty",
        "link",
        "outside",
        "run",
    }
    assert (copy.source / f"app/fast{SUFFIX}").read_text() == "made"
    assert (copy.folder / "link").readlink() == Path("tests/test_app.py")
    assert (copy.folder / "outside").readlink() == tmp_path / "elsewhere"
    assert (copy.folder / "data").readlink() == copy.origin / "data"
    assert os.access(copy.folder / "run", os.X_OK)


def test_made_anew_it_is_as_at_first_whatever_was_done_in_it(copy: WorkingCopy, tmp_path: Path) -> None:
    copy.renew(tmp_path / "made", [])
    before, project = names(copy.folder), names(copy.origin)
    stamp = (copy.source / "app/__init__.py").stat().st_ino
    (copy.source / "app/fast.py").write_text("FAST = 2\n")
    (copy.folder / "tests/test_app.py").unlink()
    (copy.folder / "tests/test_app.py").mkdir()
    (copy.folder / "left.db").write_text("")
    (copy.folder / "folder/inner").mkdir(parents=True)
    (copy.folder / "empty").rmdir()
    (copy.folder / "empty").write_text("no folder")
    (copy.folder / "link").unlink()
    (copy.folder / "link").write_text("no link")

    copy.renew(tmp_path / "made", [])

    assert names(copy.folder) == before
    assert (copy.source / "app/fast.py").read_text() == "FAST = 1\n"
    assert (copy.folder / "tests/test_app.py").is_file()
    assert (copy.source / "app/__init__.py").stat().st_ino == stamp, "what is as it was is not copied again"
    assert names(copy.origin) == project


def test_bytecode_stays_and_an_edit_of_the_project_comes_along(copy: WorkingCopy, tmp_path: Path) -> None:
    copy.renew(tmp_path / "made", [])
    (copy.source / "app/__pycache__").mkdir()
    (copy.source / "app/__pycache__/fast.pyc").write_text("made here")
    (copy.origin / "src/app/fast.py").write_text("FAST = 12\n")

    copy.renew(tmp_path / "made", [])

    assert (copy.source / "app/__pycache__/fast.pyc").exists()
    assert (copy.source / "app/fast.py").read_text() == "FAST = 12\n"
