"""The symbols that an extension expects of others, and those that nothing has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildkit.compile import interpreter
from buildkit.compile.symbols import missing, undefined

_TEXT = """
#include <math.h>
int here(void) { return 1; }
int far(int), near(int), PyNothing_AtAll(void), Py_IsInitialized(void);
__attribute__((weak)) int perhaps(void);
int all(double x) { return here() + far(1) + near(1) + PyNothing_AtAll() + Py_IsInitialized() + (int) cbrt(x); }
"""


@pytest.fixture
def extension(tmp_path: Path, compiler: str) -> Path:
    """A library that needs functions of a library, of Python, and of nobody."""
    (tmp_path / "x.c").write_text(_TEXT)
    command = [compiler, "-shared", "-fPIC", "-w", "-O0", "x.c", "-lm", "-o", "x.so"]
    subprocess.run(command, cwd=tmp_path, check=True)
    return tmp_path / "x.so"


def test_what_neither_a_library_nor_the_interpreter_has_is_missing(extension: Path) -> None:
    target = interpreter.find(None, {})

    assert sorted(missing(extension, target)) == ["PyNothing_AtAll", "far", "near"]


def test_a_versioned_symbol_was_found_by_the_linker_and_a_weak_one_may_be_missing(extension: Path) -> None:
    found = {*undefined(extension.read_bytes())}

    assert {"far", "near", "Py_IsInitialized"} <= found
    assert not {"cbrt", "perhaps", "here"} & found


def test_an_extension_that_has_all_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    import _json

    monkeypatch.setattr("buildkit.doors.process.run", None)

    assert missing(Path(str(_json.__file__)), interpreter.find(None, {})) == []


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x01\x01" + b"\0" * 60, b"\xcf\xfa\xed\xfe" + b"\0" * 99])
def test_of_another_kind_of_file_nothing_is_said(content: bytes) -> None:
    assert [*undefined(content)] == []
