"""Places that a project may be in: names that are no UTF-8, disks from which nothing runs, folders that hide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import disks
import pytest
from plugins.places import Disk
from plugins.projects import ProjectMaker, run_invoke

PROJECT = {
    "pyproject.toml": '[project]\nname = "hard"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n'
    '[tool.buildkit.image.api]\ncommand = ["true"]\n',
    "tasks.py": "from buildkit.tasks import ns\n",
    "app/__init__.py": "",
    "app/fast.py": "def f(n):\n    return n + 1\n",
}
BARE = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def run(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = run_invoke(root, *words, variables=environment)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.usefixtures("compiler")
def test_names_that_are_no_utf_8_are_compiled_past(project: ProjectMaker, tmp_path: Path) -> None:
    odd = os.fsdecode(b"b\xe9te")
    root = project(PROJECT).rename(tmp_path / odd)
    (root / "app" / f"{odd}.py").write_text("X = 1\n")
    (root / f"{odd}.txt").write_text("in the context\n")
    searched = tmp_path / os.fsdecode(b"h\xe9aders")
    searched.mkdir()
    for variables in ({}, {"CPATH": str(searched)}, BARE, {**BARE, "CPATH": str(searched)}):
        done = run(root, "compile", "--profile", "release", **variables)
        assert done.returncode == 0, done.stderr
        counts = json.loads(run(root, "compile", "--profile", "release", "--json", **variables).stdout)["counts"]
        assert counts == {"fresh": 1}
    for words in (("image", "--dry-run"), ("cache.stats",), ("cache.stats", "--json")):
        assert run(root, *words, **BARE).returncode == 0


@pytest.mark.usefixtures("compiler")
def test_a_header_in_a_folder_of_such_a_name_is_seen(project: ProjectMaker, tmp_path: Path) -> None:
    searched = tmp_path / os.fsdecode(b"h\xe9aders")
    searched.mkdir()
    root = project(
        {
            **PROJECT,
            "app/wrap.pyx": 'cdef extern from "odd.h":\n    int ODD\n\n\ndef odd():\n    return ODD\n',
        }
    )
    found = []
    for number in (1, 2):
        (searched / "odd.h").write_text(f"enum {{ ODD = {number} }};\n")
        done = run(root, "compile", CPATH=str(searched))
        assert done.returncode == 0, done.stderr
        code = "import app.wrap; print(app.wrap.odd())"
        found.append(subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True))
    assert [each.stdout for each in found] == ["1\n", "2\n"]


@pytest.mark.usefixtures("compiler")
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk")
def test_where_temporary_files_cannot_run_the_project_has_a_place(project: ProjectMaker, tmp_path: Path) -> None:
    root = project(PROJECT)
    script = (
        f"mkdir {tmp_path}/tmp; mount -t tmpfs -o noexec tmpfs {tmp_path}/tmp; export TMPDIR={tmp_path}/tmp;"
        f"{sys.executable} -m invoke compile && cp -r {root} {tmp_path}/tmp/there && cd {tmp_path}/tmp/there &&"
        f"{sys.executable} -m invoke compile"
    )
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    assert "1 compiled" in done.stdout, done.stderr
    assert done.returncode == 11
    assert "is on a disk mounted noexec: no extension there can be imported" in done.stderr


@pytest.mark.usefixtures("compiler")
def test_a_compiler_that_never_answers_is_named(project: ProjectMaker, tmp_path: Path) -> None:
    hanging = tmp_path / "cc"
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o755)
    done = run(project(PROJECT), "compile", "--profile", "release", CC=str(hanging))
    assert done.returncode == 11
    assert f"{hanging}: no answer within" in done.stderr


def test_a_client_or_a_git_that_never_answers_is_named(project: ProjectMaker, tmp_path: Path) -> None:
    root = project(PROJECT)
    hanging = tmp_path / "bin"
    hanging.mkdir()
    for name in ("docker", "git"):
        (hanging / name).write_text("#!/bin/sh\nexec sleep 1000\n")
        (hanging / name).chmod(0o755)
    path = f"{hanging}{os.pathsep}{os.environ['PATH']}"
    done = run(root, "image", "--require", PATH=path)
    assert done.returncode in {20, 21}
    assert "no answer within" in done.stderr


@pytest.mark.usefixtures("compiler")
def test_a_full_disk_leaves_words_and_what_was_there(tmp_path: Path, disk: Disk) -> None:
    root = tmp_path / "small"
    root.mkdir()
    disk(disks.MEMORY, root)
    for name, text in PROJECT.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    disks.leave(root, 0)
    done = run(root, "compile")
    assert done.returncode == 10
    assert "No space left on device" in done.stderr
    (root / disks.FILLER).unlink()
    assert run(root, "compile").returncode == 0
