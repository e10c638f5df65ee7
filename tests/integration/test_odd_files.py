"""What lies where a file should be: a FIFO, a device, a loop, a tree without end. No command waits, none crashes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, run_invoke

PROJECT = {
    "pyproject.toml": '[project]\nname = "odd"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n',
    "tasks.py": "from buildkit.tasks import ns\n",
    "app/__init__.py": "",
    "app/fast.py": "def f(n):\n    return n + 1\n",
    "app/other.py": "X = 1\n",
}
PATIENCE = 60.0
"""Seconds after which a command counts as hung; it takes one or two."""


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


ODD: dict[str, Callable[[Path], None]] = {
    "fifo": os.mkfifo,
    "socket": _socket,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path.name),
    "folder": Path.mkdir,
}


def run(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = run_invoke(root, *words, variables=environment, timeout=PATIENCE)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.usefixtures("compiler", "tools_are_known")
def test_what_is_no_file_is_compiled_past_or_named(project: ProjectMaker) -> None:
    root = project(PROJECT)
    source = root / "app/fast.py"
    for kind, make in ODD.items():
        assert run(root, "compile").returncode == 0
        source.unlink()
        make(source)
        done = run(root, "compile", "--explain")
        assert done.returncode == 0, (kind, done.stderr)
        why = "source gone" if kind == "loop" else "not a file: app/fast.py"
        assert why in done.stderr, (kind, done.stderr)
        assert not list(root.glob("app/fast.*.so")), "nothing can be imported from there, so no extension stands in"
        assert run(root, "compile").returncode == 0
        _take_away(source)
        source.write_text(PROJECT["app/fast.py"])


@pytest.mark.usefixtures("compiler", "tools_are_known")
def test_a_declaration_that_is_no_file_is_named(built_project: BuiltProjectMaker) -> None:
    root = built_project(PROJECT)
    os.mkfifo(root / "app/fast.pxd")
    done = run(root, "compile")
    assert done.returncode == 10
    assert "app/fast.pxd: a FIFO, not a file" in done.stderr
    (root / "app/fast.pxd").unlink()
    (root / "app/fast.pxd").symlink_to("fast.pxd")
    assert run(root, "compile").returncode == 0


@pytest.mark.usefixtures("compiler", "tools_are_known")
def test_a_source_without_end_is_named(project: ProjectMaker) -> None:
    root = project(PROJECT)
    _huge(root / "app/fast.py")
    done = run(root, "compile")
    assert done.returncode == 10
    assert "app/fast.py: File too large" in done.stderr


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "loop", "folder", "huge", "binary", "nested"])
def test_settings_that_cannot_be_read_are_named(project: ProjectMaker, kind: str) -> None:
    root = project(PROJECT)
    file = root / "pyproject.toml"
    file.unlink()
    texts = {"binary": bytes(range(256)), "nested": b"x = " + b"[" * 100_000}
    if kind in texts:
        file.write_bytes(texts[kind])
    else:
        {**ODD, "huge": _huge}[kind](file)
    others = (("dev",), ("cache.stats",), ("image", "--dry-run"), ("data.status",), ("migrate",), ("build",))
    for words in (("compile",), others[len(kind) % len(others)]):
        done = run(root, *words)
        assert done.returncode == 2, (words, done.stderr)
        assert str(file) in done.stderr


@pytest.mark.usefixtures("compiler", "tools_are_known")
def test_a_tree_deeper_than_the_stack_is_compiled_past(project: ProjectMaker) -> None:
    root = project(PROJECT)
    here = os.open(root / "app", os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("a", dir_fd=here)
        here, above = os.open("a", os.O_RDONLY, dir_fd=here), here
        os.close(above)
        os.close(os.open("__init__.py", os.O_CREAT, dir_fd=here))
    os.close(here)
    try:
        assert run(root, "compile").returncode == 0
        assert run(root, "compile").returncode == 0
    finally:
        subprocess.run(["rm", "-rf", str(root / "app/a")], check=True)


@pytest.mark.usefixtures("compiler", "tools_are_known")
def test_what_the_suite_keeps_may_have_become_anything(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    for name in ("state", "seen", "begun", "compile.lock"):
        assert invoke(root, "compile").exit_code == 0
        for file in (root / ".buildkit").glob(f"{name}*"):
            file.unlink()
            os.mkfifo(file)
        done = run(root, "compile", "--json")
        assert done.returncode == 0, (name, done.stderr)
        shutil.rmtree(root / ".buildkit")


def _take_away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()
