from __future__ import annotations

import dataclasses
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from buildkit.compile import interpreter
from buildkit.compile.suffix import own_suffix
from buildkit.core.fingerprint import digest_bytes
from buildkit.doors.files import digest_file
from buildkit.errors import ToolchainError


def test_without_a_name_it_is_this_one() -> None:
    found = interpreter.find(None, {})

    assert found.program == sys.executable
    assert found.suffix == sysconfig.get_config_var("EXT_SUFFIX") == own_suffix()
    assert found.include == sysconfig.get_path("include")


def test_this_one_by_another_name_is_not_asked(tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(Path(sys.executable).resolve())
    facts: dict[str, Any] = {}
    own = interpreter.find(None, facts)
    known = dict(facts)

    assert interpreter.find(link, facts) == own
    assert facts == known


def foreign() -> Path:
    """Another Python of this machine, as pyenv keeps them."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}."
    versions = sorted(Path("~/.pyenv/versions").expanduser().glob("3.1[0-9].*/bin/python"))
    others = [program for program in versions if not program.parts[-3].startswith(own)]
    if not others:
        pytest.skip("no other Python under ~/.pyenv/versions")
    return others[0]


def test_another_python_is_asked_once() -> None:
    program = foreign()
    facts: dict[str, Any] = {}

    found = interpreter.find(program, facts)

    version = "".join(program.parts[-3].split(".")[:2])
    assert f"cpython-{version}" in found.suffix
    assert (Path(found.include) / "Python.h").is_file()
    assert found.identity(digest_file) != interpreter.find(None, {}).identity(digest_file)
    (answer,) = facts
    facts[answer] = [".so", "/include", "told before"]
    assert interpreter.find(program, facts).version == "told before"


@pytest.mark.parametrize("code", [None, "exit 1", "echo no", "echo '[1]'", "echo '{}'", "echo 5"])
def test_what_is_no_python_is_said_so(tmp_path: Path, code: str | None) -> None:
    program = tmp_path / "python"
    if code is not None:
        program.write_text(f"#!/bin/sh\n{code}\n")
        program.chmod(0o755)

    with pytest.raises(ToolchainError, match="not a working Python"):
        interpreter.find(program, {})


def test_the_identity_is_the_ending_and_the_headers(tmp_path: Path) -> None:
    found = dataclasses.replace(interpreter.find(None, {}), include=str(tmp_path), program="python")
    (tmp_path / "Python.h").write_text("one")
    (tmp_path / "notes.txt").write_text("no header")
    before = found.identity(digest_file)

    moved = dataclasses.replace(found, program="elsewhere/python", version="3.11.99")
    other = dataclasses.replace(found, suffix=".cpython-399.so")
    (tmp_path / "notes.txt").write_text("changed")

    assert found.identity(digest_file) == moved.identity(digest_file) == before
    assert other.identity(digest_file) != before
    assert found.identity(lambda _: digest_bytes(b"changed")) != before
    (tmp_path / "cpython").mkdir()
    (tmp_path / "cpython/new.h").touch()
    assert found.identity(digest_file) != before


def test_a_python_without_headers_says_how_to_get_them(tmp_path: Path) -> None:
    found = dataclasses.replace(interpreter.find(None, {}), include=str(tmp_path))

    with pytest.raises(ToolchainError, match=r"there is no Python\.h") as caught:
        found.identity(digest_file)
    assert "python3-dev" in caught.value.hint


# ------------------------------------------------------------------ numpy


@pytest.mark.parametrize("core", ["_core", "core"])
def test_the_headers_of_numpy_are_found_without_importing_it(tmp_path: Path, core: str) -> None:
    (tmp_path / "numpy" / core / "include").mkdir(parents=True)
    (tmp_path / "numpy/__init__.py").write_text("raise ImportError('nobody imports this')\n")
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nshift; exec env PYTHONPATH={tmp_path} {sys.executable} "$@"\n')
    program.chmod(0o755)
    target = dataclasses.replace(interpreter.find(None, {}), program=str(program))

    assert interpreter.numpy_headers(target) == str(tmp_path / "numpy" / core / "include")


def test_a_python_without_numpy_has_no_headers_of_it(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    program.chmod(0o755)

    assert interpreter.numpy_headers(dataclasses.replace(interpreter.find(None, {}), program=str(program))) == ""
