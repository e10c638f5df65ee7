"""What becomes of extensions: their module gone, harmed, failed, turned off, cleaned away."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from compiled import PROJECT, extension
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker

pytestmark = pytest.mark.usefixtures("compiler")


@pytest.mark.parametrize("end", ["deleted", "excluded"])
def test_a_module_that_is_gone_loses_its_extension(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, end: str
) -> None:
    root = built_project(PROJECT)
    if end == "deleted":
        (root / "src/app/plain.py").unlink()
    else:
        (root / "pyproject.toml").write_text(PROJECT["pyproject.toml"] + 'exclude = ["app/plain.py"]\n')

    ran = invoke(root, "compile", "--json")

    assert not extension(root, "app.plain").exists()
    assert ran.outcomes()["app.plain"] == ("removed" if end == "deleted" else "kept")


def test_what_the_tool_did_not_make_is_left(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    extension(root, "app.plain").unlink()
    extension(root, "app.plain").write_text("somebody else's")
    foreign = extension(root, "app.other")
    foreign.write_text("never ours")
    (root / "src/app/plain.py").unlink()

    ran = invoke(root, "compile")

    assert extension(root, "app.plain").read_text() == "somebody else's"
    assert "changed since it was made" in ran.stderr
    assert foreign.read_text() == "never ours"


@pytest.mark.parametrize("harm", ["missing", "cut", "flipped"])
def test_a_harmed_extension_is_noticed_and_repaired(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, harm: str
) -> None:
    root = built_project(PROJECT)
    file = extension(root, "app.plain")
    whole = file.read_bytes()
    file.unlink()
    if harm == "cut":
        file.write_bytes(whole[:1000])
    if harm == "flipped":
        file.write_bytes(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])

    ran = invoke(root, "compile", "--json")

    assert ran.outcomes()["app.plain"] == "restored"
    assert ran.reason("app.plain").startswith("output missing" if harm == "missing" else "output damaged")
    assert file.read_bytes() == whole


def test_a_harmed_store_and_state_cost_time_alone(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    good = extension(root, "app.plain").read_bytes()
    for file in Path(os.environ["PYBUILDKIT_CACHE_DIR"]).rglob("*"):
        if file.is_file() and file.stat().st_size:
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 0xFF
            file.write_bytes(content)
    for file in (root / ".buildkit").glob("state*"):
        file.write_bytes(file.read_bytes()[:-10])
    extension(root, "app.plain").unlink()

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 0, ran.stderr
    assert "is damaged" in ran.stderr
    assert extension(root, "app.plain").read_bytes() == good
    assert invoke(root, "compile", "--json").json["counts"] == {"fresh": 3, "kept": 1}


def test_errors_of_all_modules_are_listed_and_the_others_are_done(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**PROJECT, "src/app/bad.py": "def broken(:\n    pass\n", "src/app/worse.pyx": "cimport nowhere\n"})

    ran = invoke(root, "compile", "--json")

    assert ran.exit_code == 10
    assert ran.json["counts"] == {"failed": 2, "compiled": 3, "kept": 1}
    assert "error: 2 of 5 modules did not compile" in ran.stderr
    assert "app/bad.py:1:11" in ran.stderr
    assert "app/worse.pyx:1:8: 'nowhere.pxd' not found" in ran.stderr
    assert "hint:" in ran.stderr
    assert "Traceback" not in ran.stderr
    again = invoke(root, "compile", "--json")
    assert again.exit_code == 10
    assert again.started == (), "a refusal is remembered with its inputs"
    (root / "src/app/bad.py").write_text("def mended():\n    pass\n")
    assert invoke(root, "compile", "--json").outcomes()["app.bad"] == "compiled"


def test_a_failed_module_does_not_run_as_it_was_before_the_edit(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(PROJECT)
    (root / "src/app/plain.py").write_text("def answer(:\n")

    assert invoke(root, "compile").exit_code == 10

    assert not extension(root, "app.plain").exists()
    assert extension(root, "app.fast").exists()


@pytest.mark.parametrize("made_by", ["us, and cut", "somebody else"])
def test_nothing_stands_in_for_a_module_that_fails(project: ProjectMaker, invoke: InvokeRunner, made_by: str) -> None:
    root = project(PROJECT)
    file = extension(root, "app.plain")
    if made_by == "somebody else":
        file.write_text("an older build's")
    else:
        invoke(root, "compile")
        file.write_bytes(file.read_bytes()[:1000])
    (root / "src/app/plain.py").write_text("def answer(:\n")

    assert invoke(root, "compile").exit_code == 10

    assert not file.exists()


def test_compilation_can_be_turned_off_and_on(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)

    off = invoke(root, "compile", "--json", PYBUILDKIT_COMPILE="off")

    assert off.json["counts"] == {"removed": 3}
    assert not list(root.rglob("*.so"))
    assert invoke(root, "compile", "--json").json["counts"] == {"restored": 3, "kept": 1}


def test_no_cache_makes_all_anew_to_the_same_bytes(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    before = extension(root, "app.fast").read_bytes()

    ran = invoke(root, "compile", "--no-cache", "--json")

    assert ran.json["counts"] == {"compiled": 3, "kept": 1}
    assert extension(root, "app.fast").read_bytes() == before


def test_clean_deletes_what_the_tool_made(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)

    ran = invoke(root, "compile", "--clean", "--json")

    assert ran.json["counts"] == {"removed": 3}
    assert not list(root.rglob("*.so"))


def test_an_extension_of_the_fast_compiler_needs_no_executable_stack(
    built_project: BuiltProjectMaker,
) -> None:
    """From glibc 2.41 on, one that does not say so is not loaded."""
    root = built_project(PROJECT)

    content = extension(root, "app.plain").read_bytes()

    (start,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    headers = [struct.unpack_from("<II", content, at) for at in range(start, start + size * count, size)]
    assert [flags for kind, flags in headers if kind == 0x6474E551] == [6], "to read and to write"
