"""What a build says of a machine that refuses: no compiler, a broken one, a read-only tree, a full disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import disks
import pytest
from compiled import PROJECT, extension
from plugins.built import BuiltProjectMaker
from plugins.places import Disk
from plugins.projects import InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")


def test_without_a_compiler_it_says_how_to_get_one(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "compile", "--profile", "release", CC="", PATH="/nowhere")

    assert ran.exit_code == 11
    assert "error: no C compiler found" in ran.stderr
    assert "build-essential" in ran.stderr


def test_a_compiler_that_does_not_work_is_named_with_its_words(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    broken = tmp_path / "broken-cc"
    broken.write_text("#!/bin/sh\necho 'out of order' >&2\nexit 3\n")
    broken.chmod(0o755)
    root = project(PROJECT)

    ran = invoke(root, "compile", "--profile", "release", CC=str(broken))

    assert ran.exit_code == 11
    assert f"{broken}: out of order" in ran.stderr


def test_another_compiler_and_other_flags_are_other_inputs(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    root = built_project(PROJECT, "--profile", "release")

    flags = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1")
    unrelated = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1", SOMETHING="else")
    path = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1", CPATH=str(tmp_path))
    back = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1")
    wrapper = tmp_path / "my-cc"
    wrapper.write_text(f'#!/bin/sh\nexec {compiler} "$@"\n')
    wrapper.chmod(0o755)
    other = invoke(root, "compile", "--profile", "release", "--json", CFLAGS="-DEXTRA=1", CC=str(wrapper))

    assert flags.reason("app.plain") == "setting changed: flags and 1 more", "the linker gets them too"
    assert unrelated.json["counts"] == {"fresh": 3, "kept": 1}
    assert path.reason("app.plain") == "toolchain changed: compiler", "it would search there"
    assert back.json["counts"] == {"restored": 3, "kept": 1}
    assert other.reason("app.plain") == "setting changed: flags and 2 more", "its name, its content"


def test_a_read_only_tree_is_refused_before_any_work(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    (root / "tasks.py").write_text("from buildkit.tasks import ns\n")
    with disks.read_only(root):
        ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert "Read-only file system" in ran.stderr or "Permission denied" in ran.stderr
    assert "must be writable" in ran.stderr


def test_a_full_store_costs_the_cache_alone(
    project: ProjectMaker, invoke: InvokeRunner, disk: Disk, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    disk(disks.MEMORY, small, "6m")
    disks.fill(small)
    root = project(PROJECT)

    ran = invoke(root, "compile", "--json", PYBUILDKIT_CACHE_DIR=str(small / "cache"))

    assert ran.exit_code == 0, ran.stderr
    assert ran.stderr.count("cannot be written (No space left on device); nothing is kept") == 1
    assert ran.json["counts"] == {"compiled": 3, "kept": 1}


def test_a_full_project_disk_fails_with_the_reason_and_harms_nothing(
    project: ProjectMaker, invoke: InvokeRunner, disk: Disk, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    disk(disks.MEMORY, small, "6m")
    root = small / "project"
    shutil.copytree(project(PROJECT), root)
    assert invoke(root, "compile").exit_code == 0
    before = extension(root, "app.fast").read_bytes()
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 45\n")
    (root / "tasks.py").touch()
    ballast = disks.fill(small)

    ran = invoke(root, "compile")

    assert ran.exit_code == 10
    assert "No space left on device" in ran.stderr
    assert extension(root, "app.fast").read_bytes() == before
    ballast.unlink()
    assert invoke(root, "compile").exit_code == 0
    assert python(root, "import app.plain; print(app.plain.answer())") == "45"
    assert not list(root.rglob("*.tmp"))
