"""`invoke cache.…` with real builds: the store is seen, mended and carried to another machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from plugins.built import BuiltProjectMaker
from plugins.projects import InvokeRunner, ProjectMaker, python
from stored import DAY, PROJECT, entries, fresh_clone, idle, is_look_at_tools

from buildkit.config import load
from buildkit.flows.compile import compile_modules
from buildkit.report.console import Console

pytestmark = pytest.mark.usefixtures("compiler")


def test_a_packed_cache_restores_a_fresh_clone_without_a_compiler(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = built_project(PROJECT)
    packed = invoke(root, "cache.pack", "cache.tar.gz", "--json")
    assert packed.exit_code == 0, packed.stderr
    shutil.rmtree(cache)
    clone = fresh_clone(root, tmp_path / "another" / "machine")

    taken = invoke(clone, "cache.unpack", str(root / "cache.tar.gz"), "--json")
    ran = invoke(clone, "compile", "--json")

    assert (taken.json["actions"], taken.json["blobs"]) == (packed.json["actions"], packed.json["blobs"]) == (7, 2)
    assert ran.json["counts"] == {"restored": 2}
    assert [line for line in ran.started if not is_look_at_tools(line)] == []
    assert python(clone, "import app.plain, app.fast; print(app.plain.answer(), app.fast.twice(4))") == "42 8"
    assert invoke(clone, "cache.verify", "--json").json["bad"] == 0


def test_the_archive_has_what_the_project_uses_alone(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = built_project(PROJECT)
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 43\n")
    invoke(root, "compile")
    (root / "src/app/bad.py").write_text("def broken(:\n")
    assert invoke(root, "compile").exit_code == 10

    used = invoke(root, "cache.pack", "used.gz", "--json").json
    everything = invoke(root, "cache.pack", "all.gz", "--all", "--json").json
    shutil.rmtree(cache)
    invoke(root, "cache.unpack", "used.gz")
    ran = invoke(fresh_clone(root, tmp_path / "clone"), "compile", "--json")

    assert (used["actions"], used["blobs"]) == (8, 2), "of the refused module that it is refused"
    assert (everything["actions"], everything["blobs"]) == (13, 12)
    assert used["bytes"] < everything["bytes"]
    assert ran.json["counts"] == {"restored": 2, "failed": 1}


def test_the_archive_has_what_was_compiled_for_other_interpreters_too(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    """As a wheel is built: for a named interpreter, into a folder, with a state of its own."""
    root = project(PROJECT)
    console = Console(os.environ)
    invoke(root, "compile", "--profile", "dev")
    release = {**os.environ, "PYBUILDKIT_COMPILE_PROFILE": "release"}
    compile_modules(load(root, release), console, release, python=Path(sys.executable), output=tmp_path / "first")
    assert invoke(root, "cache.pack", "cache.gz", "--json").json["counts"] == {"packed": 1}
    shutil.rmtree(cache)
    invoke(root, "cache.unpack", "cache.gz")
    clone = load(fresh_clone(root, tmp_path / "clone"), release)

    report = compile_modules(clone, console, release, python=Path(sys.executable), output=tmp_path / "second")

    assert {row.result for row in report.outcomes} == {"restored"}
    assert invoke(clone.root, "compile", "--json").json["counts"] == {"restored": 2}


def test_the_same_cache_makes_the_same_archive(built_project: BuiltProjectMaker, invoke: InvokeRunner) -> None:
    root = built_project(PROJECT, "--profile", "release")

    first = invoke(root, "cache.pack", "first.gz")
    invoke(root, "cache.pack", "second.gz")

    assert first.exit_code == 0, first.stderr
    assert (root / "first.gz").read_bytes() == (root / "second.gz").read_bytes()


def test_modules_that_the_store_lost_are_named(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, cache: Path
) -> None:
    root = built_project(PROJECT)
    for path in (cache / "v1" / "blobs").rglob("*"):
        if path.is_file() and b"twice" in path.read_bytes() and path.suffix != ".z":
            path.unlink()

    ran = invoke(root, "cache.pack", "cache.gz", "--json")

    assert ran.exit_code == 0
    assert "warning: 1 modules are not in the store and will be made anew: app.fast" in ran.stderr
    assert ran.json["counts"] == {"packed": 1, "lacking": 1}


def test_there_is_nothing_to_pack_before_the_first_build(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)

    ran = invoke(root, "cache.pack", "cache.gz")

    assert ran.exit_code == 12
    assert "nothing that this project uses is in the store" in ran.stderr
    assert "hint: compile first" in ran.stderr
    assert not (root / "cache.gz").exists()


def test_a_damaged_archive_is_refused_and_harms_nothing(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, cache: Path
) -> None:
    root = built_project(PROJECT)
    invoke(root, "cache.pack", "cache.gz")
    shutil.rmtree(cache)
    whole = (root / "cache.gz").read_bytes()
    (root / "cache.gz").write_bytes(whole[: len(whole) * 2 // 3])

    ran = invoke(root, "cache.unpack", "cache.gz")

    assert ran.exit_code == 12
    assert "cache.gz: " in ran.stderr
    assert "hint: the entries before that are in the store" in ran.stderr
    assert entries(cache)
    assert invoke(root, "cache.verify", "--json").json["bad"] == 0


def test_an_archive_that_is_not_there_is_named(project: ProjectMaker, invoke: InvokeRunner) -> None:
    ran = invoke(project(PROJECT), "cache.unpack", "nowhere.gz")

    assert ran.exit_code == 12
    assert "nowhere.gz: No such file or directory" in ran.stderr


def test_stats_count_what_there_is(project: ProjectMaker, invoke: InvokeRunner, cache: Path) -> None:
    root = project(PROJECT)
    nothing = invoke(root, "cache.stats", "--json").json
    invoke(root, "compile")
    idle(entries(cache), days=3)

    ran = invoke(root, "cache.stats", "--json").json

    assert (nothing["schema"], nothing["bytes"]) == ("buildkit.cache/1", 0)
    assert {kind: about["entries"] for kind, about in ran["kinds"].items()} == {
        "actions": 8,
        "extensions": 2,
        "objects": 2,
        "texts": 4,
    }
    assert ran["bytes"] == sum(path.stat().st_size for path in entries(cache))
    assert 3 * DAY <= ran["oldest-use"] < 3.1 * DAY
    assert (ran["size-limit"], ran["age-limit"], ran["folder"]) == (5 * 10**9, 30 * DAY, str(cache))
    assert "kept: up to 5 GB, up to 30 d without use; the oldest use was 3 d ago" in invoke(root, "cache").stdout


def test_verify_finds_every_flipped_file_and_a_build_mends_it(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = built_project(PROJECT)
    assert invoke(root, "cache.verify", "--json").json["bad"] == 0
    flipped = entries(cache)
    for path in flipped:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)

    ran = invoke(root, "cache.verify", "--json")

    assert ran.exit_code == 0
    assert {row["item"] for row in ran.json["items"]} == {str(path.relative_to(cache / "v1")) for path in flipped}
    assert ran.json["counts"] == {"deleted": len(flipped)}
    assert entries(cache) == []
    clone = fresh_clone(root, tmp_path / "clone")
    assert invoke(clone, "compile", "--json").json["counts"] == {"compiled": 2}
    assert entries(cache) == flipped
