"""What tools are by content, and what is found out about them once."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buildkit.compile import interpreter, loading, toolchain
from buildkit.compile.compilers import Compiler
from buildkit.doors.files import digest_file
from buildkit.errors import ToolchainError
from buildkit.model import Digest


def test_mypy_that_is_not_installed_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mypy", "mypyc"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(ToolchainError, match="mypy is not installed") as caught:
        toolchain.mypyc(digest_file)
    assert caught.value.exit_code == 11
    assert 'pip install "invoke-buildkit[mypyc]"' in caught.value.hint


def test_another_mypy_is_another_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mypy", "mypyc"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    record = tmp_path / "mypy-9.9.9.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("mypy/__init__.py,sha256=one,0\nabc__mypyc.cpython-399.so,sha256=two,0\n")
    library = tmp_path / "abc__mypyc.cpython-399.so"
    library.write_text("one")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    before = toolchain.mypyc(digest_file)

    library.write_text("two")

    assert toolchain.mypyc(digest_file) != before, "what mypy is compiled to lies beside it"
    assert toolchain.mypyc_folders() == (str(tmp_path / "mypy"), str(tmp_path / "mypyc"))


@pytest.mark.parametrize("name", ["Compiler/Main.py", "Utility/Code.c", "Includes/libc/math.pxd", "Utils.so"])
def test_a_tool_is_its_files_whatever_the_list_of_its_installer_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for module in [module for module in sys.modules if module.partition(".")[0] == "Cython"]:
        monkeypatch.delitem(sys.modules, module)
    for file in ("__init__.py", name, "Tests/test_it.py"):
        (tmp_path / "Cython" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "Cython" / file).write_text("")
    (tmp_path / "Cython-9.dist-info").mkdir()
    (tmp_path / "Cython-9.dist-info/RECORD").write_text("as it will be\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    before = toolchain.installed("Cython", digest_file)

    (tmp_path / "Cython" / name).write_text("half")

    assert toolchain.installed("Cython", digest_file) != before
    (tmp_path / "Cython" / name).write_text("")
    (tmp_path / "Cython/Tests/test_it.py").write_text("no tool")
    assert toolchain.installed("Cython", digest_file) == before


def test_a_free_threaded_python_needs_mypyc_on_one_of_its_kind() -> None:
    own = interpreter.find(None, {})
    other = replace(own, program="python3.13t", suffix=".cpython-313t-x86_64-linux-gnu.so")

    toolchain.check_mypyc_target(own)
    with pytest.raises(ToolchainError, match=r"python3\.13t: mypyc makes no C for a free-threaded Python"):
        toolchain.check_mypyc_target(other)


@pytest.mark.usefixtures("compiler")
def test_a_file_that_is_still_being_read_does_not_count_as_one_that_may_have_changed(tmp_path: Path) -> None:
    early: list[str] = []
    found: list[toolchain.Toolchain] = []

    def digest(path: str) -> Digest:
        early.extend(path for tools in found if path in tools.files["compiler"])
        return digest_file(path)

    found.append(toolchain.find("release", None, os.environ, {}, digest, scratch=tmp_path))
    known = {*found[0].files["compiler"]}

    assert found[0].plus_plus.identity
    assert not {*early} - known
    assert {*found[0].files["compiler"]} - known, "the C++ compiler has files of its own"


@pytest.mark.parametrize(
    ("words", "tries"),
    [
        ("ImportError: probe.so: cannot enable executable stack as shared object requires: Invalid argument", 1),
        ("probe.c:3: error: no available pyatomic implementation", 1),
        ("[Errno 28] No space left on device", 2),
    ],
)
def test_that_the_fast_compiler_does_not_work_is_found_out_once_where_it_lasts(
    words: str, tries: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def problem(compiler: Compiler, *_: object) -> str:
        tried.append(compiler.name)
        return words if compiler.tiny else ""

    monkeypatch.setattr(loading, "problem", problem)
    facts: dict[str, Any] = {}
    said = []
    for _ in range(2):
        found = toolchain.find("dev", None, os.environ, facts, digest_file, scratch=tmp_path)
        assert [compiler.tiny for compiler in found.compilers] == [False]
        said.append(found.unusable)

    assert tried.count("tcc") == tries
    once = f"tcc is not used, which would compile faster: {words}"
    assert said == [once, "" if tries == 1 else once], "it is said when it is found out"
