from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from buildkit.dev.bytecode import was_imported
from buildkit.dev.sources import check_syntax, forget_bytecode
from buildkit.errors import CompileError


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    good, bad, null = tmp_path / "good.py", tmp_path / "bad.py", tmp_path / "null.py"
    good.write_text("x = 'it is' is 'a warning at most'\n")
    bad.write_text("a = 1\nif a\n")
    null.write_text("a = '\0'\n")
    check_syntax([good, tmp_path / "deleted.py"])
    with pytest.raises(CompileError) as raised:
        check_syntax([good, bad, null])
    assert raised.value.details[:2] == (f"{bad}:2: expected ':'", "    if a")
    assert "null bytes" in raised.value.details[2]


def test_what_is_no_file_any_more_has_no_mistakes(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "package").write_text("a file in the place of a folder")
    check_syntax([tmp_path / "folder.py", tmp_path / "package/module.py"])


@pytest.mark.parametrize("deep", ["-" * 20_000 + "1", "1+" * 20_000 + "1"], ids=["unary", "binary"])
def test_what_is_too_deep_for_python_is_a_mistake(tmp_path: Path, deep: str) -> None:
    (tmp_path / "deep.py").write_text(f"x = {deep}\n")
    try:
        compile((tmp_path / "deep.py").read_bytes(), "deep.py", "exec")
    except (RecursionError, MemoryError):
        with pytest.raises(CompileError) as raised:
            check_syntax([tmp_path / "deep.py"])
        assert raised.value.details[0].startswith(f"{tmp_path}/deep.py: an expression is nested too deeply for Python")
    else:
        check_syntax([tmp_path / "deep.py"])  # of a newer Python, which takes it


def test_what_is_too_long_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildkit.doors.reading.TEXT", 1000)
    (tmp_path / "long.py").write_text("#" * 1001)
    with pytest.raises(CompileError) as raised:
        check_syntax([tmp_path / "long.py"])
    assert raised.value.details == (f"{tmp_path}/long.py: more than 0 MB, which is too large for what it is",)


def test_python_trusts_bytecode_of_a_former_text_until_it_is_forgotten(tmp_path: Path) -> None:
    module = tmp_path / "answer.py"

    def run() -> str:
        command = [sys.executable, "-c", "import answer; print(answer.TEXT)"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    module.write_text("TEXT = 'one'\n")
    os.utime(module, (1_000_000, 1_000_000))
    assert run() == "one"
    module.write_text("TEXT = 'two'\n")
    os.utime(module, (1_000_000, 1_000_000))
    assert run() == "one", "this is why"
    forget_bytecode([module])
    assert run() == "two"


def imported(file: Path, text: str, moment: int = 1_000_000_000) -> tuple[int, int]:
    """Let a process import this text; return size and time of the file then."""
    file.write_text(text)
    os.utime(file, (moment, moment))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", f"import {file.stem}"], cwd=file.parent, env=environment, check=True)
    state = file.stat()
    return state.st_size, state.st_mtime_ns


@pytest.mark.parametrize("later", [0, 7], ids=["within a second", "later"])
def test_what_was_imported_of_another_text_is_known_by_its_bytecode(tmp_path: Path, later: int) -> None:
    file = tmp_path / "late.py"
    former = imported(file, "A = 1\n")
    assert not was_imported(file, former)
    file.write_text("A = 1\n")
    assert not was_imported(file, former), "it was written, and nobody imported it"
    imported(file, "A = 2\n" if later else "A = 22\n", 1_000_000_000 + later)
    file.write_text("A = 1\n")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert was_imported(file, former)
    forget_bytecode([file])
    assert not was_imported(file, former)


@pytest.mark.parametrize("cached", [b"", b"\0" * 200])
def test_bytecode_that_says_nothing_is_no_import(tmp_path: Path, cached: bytes) -> None:
    file = tmp_path / "late.py"
    former = imported(file, "A = 1\n")
    (found,) = tmp_path.glob("__pycache__/*.pyc")
    found.write_bytes(cached)
    assert not was_imported(file, former)
    found.unlink()
    assert not was_imported(file, former)
    file.unlink()
    assert not was_imported(file, ())
