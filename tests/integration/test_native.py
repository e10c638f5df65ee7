"""From C to an extension with the real compilers: three actions, and what a compiler refuses."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
from native import PROJECT, SUFFIX, asked, clone, compiled, linked
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")


# ------------------------------------------------------------------ three actions


def test_a_remark_in_a_header_compiles_and_links_nothing(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(PROJECT)
    file = root / f"src/app/user{SUFFIX}"
    before = file.stat()
    (root / "src/app/limit.h").write_text("#define LIMIT 7 /* days */\n")

    ran = invoke(root, "compile", "--json")

    assert (len(compiled(ran)), len(linked(ran)), len(ran.started)) == (1, 0, 1)
    assert ran.reason("app.user") == "source changed: app/limit.h"
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_flags_for_the_linker_link_and_compile_nothing(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(PROJECT, "--profile", "release")

    ran = invoke(root, "compile", "--profile", "release", "--json", LDFLAGS="-Wl,-z,now")

    assert (len(compiled(ran)), len(linked(ran)), len(ran.started) - len(asked(ran))) == (0, 1, 1)
    assert ran.reason("app.user") == "setting changed: link flags"
    again = invoke(root, "compile", "--profile", "release", "--json")
    assert (again.outcomes(), again.started) == ({"app.user": "restored"}, ())


def test_a_restore_needs_the_extension_alone_and_a_link_what_it_links(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(PROJECT, "--profile", "release")
    for path in Path(os.environ["PYBUILDKIT_CACHE_DIR"]).rglob("*"):
        if path.suffix in {".o", ".z"}:
            path.unlink()
    other = clone(root, tmp_path / "other")
    invoke(other, "compile", "--dry-run", "--profile", "release")

    restored = invoke(other, "compile", "--profile", "release", "--json")
    relinked = invoke(other, "compile", "--profile", "release", "--json", LDFLAGS="-Wl,-z,now")

    assert restored.outcomes() == {"app.user": "restored"}
    assert (compiled(restored), linked(restored)) == ([], [])
    assert relinked.outcomes() == {"app.user": "compiled"}
    assert (len(compiled(relinked)), len(linked(relinked))) == (1, 1)


def test_a_harmed_object_is_made_again(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT, "--profile", "release")
    for path in Path(os.environ["PYBUILDKIT_CACHE_DIR"]).rglob("*.o"):
        path.write_bytes(b"harmed")

    ran = invoke(root, "compile", "--profile", "release", "--json", LDFLAGS="-Wl,-z,now")

    assert ran.exit_code == 0, ran.stderr
    assert "is damaged" in ran.stderr
    assert python(root, "import app.user; print(app.user.limit())") == "7"


def test_what_a_killed_build_left_is_cleared_away(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT)
    left = root / ".buildkit/scratch/tmp1/user.c"
    left.parent.mkdir(parents=True)
    left.touch()
    (root / "src/app/limit.h").write_text("#define LIMIT 8\n")

    invoke(root, "compile")

    assert not list((root / ".buildkit").glob("scratch/*"))


# ------------------------------------------------------------------ what a compiler refuses


def test_a_refusal_of_the_compiler_is_remembered_until_a_header_is_mended(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    root = project({**PROJECT, "src/app/limit.h": "#define LIMIT 7\nint broken(;\n"})
    first = invoke(root, "compile")

    again = invoke(root, "compile")
    seen = invoke(root, "compile", "--json")
    (root / "src/app/limit.h").write_text(PROJECT["src/app/limit.h"])
    mended = invoke(root, "compile", "--json")

    assert (first.exit_code, again.exit_code) == (10, 10)
    assert first.stderr.count("broken") == again.stderr.count("broken") > 0
    assert again.started == seen.started == ()
    assert seen.reason("app.user") == "unchanged"
    assert mended.outcomes() == {"app.user": "compiled"}


def test_a_header_that_is_missing_is_looked_for_each_time(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(PROJECT)
    (root / "src/app/limit.h").rename(tmp_path / "limit.h")

    ran = invoke(root, "compile")
    found = invoke(root, "compile", "--json", CFLAGS=f"-I{tmp_path}")

    assert ran.exit_code == 10
    assert "limit.h" in ran.stderr
    assert "hint: name the header's folder in `include` of [tool.buildkit.compile]" in ran.stderr
    assert found.outcomes() == {"app.user": "compiled"}


def test_what_the_small_compiler_lacks_goes_to_the_other_and_is_restored_without_either(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("the header is one of x86")
    text = 'cdef extern from "immintrin.h":\n    int _mm_popcnt_u32(unsigned int)\n\ndef count(n):\n    return n\n'
    root = project({**PROJECT, "src/app/bits.pyx": text})
    first = invoke(root, "compile", "--json")
    assert first.exit_code == 0, first.stderr

    ran = invoke(clone(root, tmp_path / "clone"), "compile", "--json")

    assert ran.json["counts"] == {"restored": 2}
    assert (compiled(ran), linked(ran)) == ([], [])


def test_a_compiler_that_the_machine_let_down_is_asked_again(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str
) -> None:
    root = built_project(PROJECT, "--profile", "release")
    tool = tmp_path / "cc"
    full = 'echo "fatal error: error writing to out.o: No space left on device" >&2; exit 1'
    tool.write_text(f'#!/bin/sh\n[ -e {tmp_path}/full ] && [ "$1" = -c ] && {{ {full}; }}\nexec {compiler} "$@"\n')
    tool.chmod(0o755)
    (tmp_path / "full").touch()
    (root / "src/app/limit.h").write_text("#define LIMIT 9\n")

    failed = invoke(root, "compile", "--profile", "release", CC=str(tool))
    (tmp_path / "full").unlink()
    ran = invoke(root, "compile", "--profile", "release", "--json", CC=str(tool))

    assert failed.exit_code in {10, 11}
    assert "No space left on device" in failed.stderr
    assert ran.outcomes() == {"app.user": "compiled"}
