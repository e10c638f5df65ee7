"""`invoke cache.…` with real builds: the store is seen, mended, made smaller and carried to another machine."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker, python

from buildkit.config import load
from buildkit.flows.compile import compile_modules
from buildkit.report.console import Console

PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
    "src/app/plain.py": "def answer() -> int:\n    return 41 + 1\n",
    "src/app/fast.pyx": "from app cimport shared\n\ndef twice(int number):\n    return shared.double(number)\n",
    "src/app/shared.pxd": "cdef inline int double(int number):\n    return number * 2\n",
    "tasks.py": "from buildkit.tasks import ns\n",
}
DAY = 86400.0

pytestmark = pytest.mark.usefixtures("compiler")


@pytest.fixture
def cache() -> Path:
    return Path(os.environ["PYBUILDKIT_CACHE_DIR"])


def fresh_clone(root: Path, place: Path) -> Path:
    shutil.copytree(root, place, ignore=shutil.ignore_patterns(".buildkit", "*.so", "*.gz", "__pycache__"))
    return place


def is_look_at_tools(started: str) -> bool:
    """A machine that is new to a project finds out once which compiler it has, and that it works."""
    return "-print-prog-name" in started or "probe" in started


def entries(cache: Path) -> list[Path]:
    return sorted(path for kind in ("actions", "blobs") for path in (cache / "v1" / kind).rglob("*") if path.is_file())


def idle(paths: list[Path], days: float) -> None:
    for path in paths:
        os.utime(path, times=(time.time() - days * DAY,) * 2)


# ------------------------------------------------------------------ from machine to machine


def test_a_packed_cache_restores_a_fresh_clone_without_a_compiler(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    packed = invoke(root, "cache.pack", "cache.tar.gz", "--json")
    assert packed.exit_code == 0, packed.stderr
    shutil.rmtree(cache)
    clone = fresh_clone(root, tmp_path / "another" / "machine")

    taken = invoke(clone, "cache.unpack", str(root / "cache.tar.gz"), "--json")
    ran = invoke(clone, "compile", "--json")

    assert (taken.json["actions"], taken.json["blobs"]) == (packed.json["actions"], packed.json["blobs"]) == (6, 2)
    assert ran.json["counts"] == {"restored": 2}
    assert [line for line in ran.started if not is_look_at_tools(line)] == []
    assert python(clone, "import app.plain, app.fast; print(app.plain.answer(), app.fast.twice(4))") == "42 8"
    assert invoke(clone, "cache.verify", "--json").json["bad"] == 0


def test_the_archive_has_what_the_project_uses_alone(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 43\n")
    invoke(root, "compile")
    (root / "src/app/bad.py").write_text("def broken(:\n")
    assert invoke(root, "compile").exit_code == 10

    used = invoke(root, "cache.pack", "used.gz", "--json").json
    everything = invoke(root, "cache.pack", "all.gz", "--all", "--json").json
    shutil.rmtree(cache)
    invoke(root, "cache.unpack", "used.gz")
    ran = invoke(fresh_clone(root, tmp_path / "clone"), "compile", "--json")

    assert (used["actions"], used["blobs"]) == (7, 2), "of the refused module that it is refused"
    assert (everything["actions"], everything["blobs"]) == (11, 10)
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


def test_the_same_cache_makes_the_same_archive(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    invoke(root, "compile", "--profile", "release")

    first = invoke(root, "cache.pack", "first.gz")
    invoke(root, "cache.pack", "second.gz")

    assert first.exit_code == 0, first.stderr
    assert (root / "first.gz").read_bytes() == (root / "second.gz").read_bytes()


def test_modules_that_the_store_lost_are_named(project: ProjectMaker, invoke: InvokeRunner, cache: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
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
    project: ProjectMaker, invoke: InvokeRunner, cache: Path
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
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


# ------------------------------------------------------------------ see and mend


def test_stats_count_what_there_is(project: ProjectMaker, invoke: InvokeRunner, cache: Path) -> None:
    root = project(PROJECT)
    nothing = invoke(root, "cache.stats", "--json").json
    invoke(root, "compile")
    idle(entries(cache), days=3)

    ran = invoke(root, "cache.stats", "--json").json

    assert (nothing["schema"], nothing["bytes"]) == ("buildkit.cache/1", 0)
    assert {kind: about["entries"] for kind, about in ran["kinds"].items()} == {
        "actions": 7,
        "extensions": 2,
        "objects": 2,
        "texts": 3,
    }
    assert ran["bytes"] == sum(path.stat().st_size for path in entries(cache))
    assert 3 * DAY <= ran["oldest-use"] < 3.1 * DAY
    assert (ran["size-limit"], ran["age-limit"], ran["folder"]) == (5 * 10**9, 30 * DAY, str(cache))
    assert "kept: up to 5 GB, up to 30 d without use; the oldest use was 3 d ago" in invoke(root, "cache").stdout


def test_verify_finds_every_flipped_file_and_a_build_mends_it(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
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


# ------------------------------------------------------------------ make smaller


def test_prune_takes_what_was_not_used_for_longest(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    invoke(root, "compile", "--profile", "release")
    idle(entries(cache), days=40)
    invoke(fresh_clone(root, tmp_path / "clone"), "compile")
    before = entries(cache)

    foretold = invoke(root, "cache.prune", "--json", "--dry-run").json
    dry = invoke(root, "--dry", "cache.prune", "--json").json
    ran = invoke(root, "cache.prune", "--json").json

    number = len(before) - 4
    assert foretold["counts"] == dry["counts"] == {"would-delete": number}
    assert ran["counts"] == {"deleted": number}, "all but the state that the clone took, and the extensions it names"
    assert ran["bytes"] == sum(path.stat().st_size for path in entries(cache))
    again = invoke(fresh_clone(root, tmp_path / "another"), "compile", "--json")
    assert again.json["counts"] == {"restored": 2}


def test_prune_to_a_size(project: ProjectMaker, invoke: InvokeRunner, cache: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    before = sum(path.stat().st_size for path in entries(cache))

    refused = invoke(root, "cache.prune", "--size", "much")
    ran = invoke(root, "cache.prune", "--size", f"{before // 2}", "--json")

    assert refused.exit_code == 2
    assert '--size: expected a size such as "1GB" or "500MB"' in refused.stderr
    assert 0 < sum(path.stat().st_size for path in entries(cache)) <= before // 2
    assert "is less than what was used within an hour" in ran.stderr


TURNS = 12
"""How often the store is emptied beside the builders: it costs them what they had, and they begin again."""


def test_prune_while_others_build_costs_them_time_alone(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    said: list[tuple[int, str]] = []
    results: dict[int, str] = {}

    def build(number: int) -> None:
        clone = fresh_clone(root, tmp_path / f"clone{number}")
        for answer in range(number * 10, number * 10 + 3):
            (clone / "src/app/plain.py").write_text(f"def answer() -> int:\n    return {answer}\n")
            for extension in clone.rglob("*.so"):
                extension.unlink()
            ran = invoke(clone, "compile")
            said.append((ran.exit_code, "warning" if "warning" in ran.stderr else ""))
            results[answer] = python(clone, "import app.plain, app.fast; print(app.plain.answer(), app.fast.twice(4))")

    builders = [threading.Thread(target=build, args=(number,)) for number in range(3)]
    for thread in builders:
        thread.start()
    turns = 0
    while any(thread.is_alive() for thread in builders) and (turns := turns + 1) <= TURNS:
        commands = ("cache.prune --size 1", "cache.verify", "cache.clean")
        said += [(invoke(root, *command.split()).exit_code, "") for command in commands]
    for thread in builders:
        thread.join()

    assert set(said) == {(0, "")}
    assert results == {number * 10 + turn: f"{number * 10 + turn} 8" for number in range(3) for turn in range(3)}


def test_a_build_prunes_by_itself_once_a_day(project: ProjectMaker, invoke: InvokeRunner, cache: Path) -> None:
    root = project({**PROJECT, "pyproject.toml": f'{PROJECT["pyproject.toml"]}[tool.buildkit.store]\nage = "7d"\n'})
    invoke(root, "compile")
    old = entries(cache)
    idle(old, days=9)

    def edit(answer: int) -> str:
        (root / "src/app/plain.py").write_text(f"def answer() -> int:\n    return {answer}\n")
        return invoke(root, "compile").stderr

    same_day = edit(1)
    assert set(entries(cache)) >= set(old)
    idle([cache / "v1" / "pruned"], days=1.1)
    invoke(root, "compile")
    assert set(entries(cache)) >= set(old), "a build that adds nothing does not look"
    next_day = edit(2)

    assert "freed" not in same_day
    assert "entries deleted" in next_day
    left = [path.parent.parent.name for path in entries(cache) if path in old]
    assert left == ["actions", "blobs"], "the state, which names the extension of the other module"
    assert "freed" not in edit(3)


def test_clean_then_build(project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    size = sum(path.stat().st_size for path in entries(cache))
    (cache / "another").mkdir()
    (cache / "another" / "file").write_text("not of the store")

    foretold = invoke(root, "cache.clean", "--dry-run", "--json").json
    assert len(entries(cache)) == 14
    ran = invoke(root, "cache.clean", "--json").json

    assert (foretold["freed"], ran["freed"], ran["entries"]) == (size, size, 14)
    assert entries(cache) == []
    assert list((cache / "v1" / "locks").iterdir()) == []
    assert (cache / "another" / "file").exists()
    assert invoke(root, "compile", "--json").json["counts"] == {"fresh": 2}
    clone = fresh_clone(root, tmp_path / "clone")
    assert invoke(clone, "compile", "--json").json["counts"] == {"compiled": 2}


# ------------------------------------------------------------------ disks that refuse


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; root alone can make one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(b"x" * 4096):
                pass
        except OSError:
            pass


def test_a_full_disk_is_said_and_leaves_no_half_archive(
    project: ProjectMaker, invoke: InvokeRunner, small_disk: Path, cache: Path
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    invoke(root, "cache.pack", "cache.gz")
    fill(small_disk)

    packed = invoke(root, "cache.pack", str(small_disk / "cache.gz"))
    taken = invoke(root, "cache.unpack", "cache.gz", PYBUILDKIT_CACHE_DIR=str(small_disk / "store"))

    assert (packed.exit_code, taken.exit_code) == (12, 12)
    assert f"error: {small_disk / 'cache.gz'}: No space left on device" in packed.stderr
    assert f"error: {small_disk / 'store'}: No space left on device" in taken.stderr
    assert "hint: free some space" in taken.stderr
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["ballast"]
    assert entries(cache)


def test_a_full_store_can_be_made_smaller(project: ProjectMaker, invoke: InvokeRunner, small_disk: Path) -> None:
    root = project(PROJECT)
    store = {"PYBUILDKIT_CACHE_DIR": str(small_disk)}
    invoke(root, "compile", **store)
    fill(small_disk)

    ran = invoke(root, "cache.clean", "--json", **store)

    assert ran.exit_code == 0, ran.stderr
    assert ran.json["freed"] > 0
    assert entries(small_disk) == []


@pytest.mark.parametrize("command", ["cache.prune --size 1", "cache.clean", "cache.verify", "cache.unpack cache.gz"])
def test_a_read_only_store_is_said(
    project: ProjectMaker, invoke: InvokeRunner, cache: Path, tmp_path: Path, command: str
) -> None:
    root = project(PROJECT)
    invoke(root, "compile")
    invoke(root, "cache.pack", "cache.gz")
    harmed = entries(cache)[0]
    if "unpack" in command:
        harmed.unlink()
    else:
        harmed.write_bytes(b"harmed")
    before = entries(cache)
    for folder in (cache, *(path for path in cache.rglob("*") if path.is_dir())):
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.geteuid() == 0:
        subprocess.run(["mount", "--bind", cache, cache], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", cache], check=True)
    try:
        ran = invoke(root, *command.split())
        stats = invoke(root, "cache.stats")
        packed = invoke(root, "cache.pack", str(tmp_path / "again.gz"))
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", cache], check=True)
        for folder in (cache, *(path for path in cache.rglob("*") if path.is_dir())):
            folder.chmod(stat.S_IRWXU)

    assert ran.exit_code == 12
    assert f"error: {cache}" in ran.stderr
    assert "Read-only file system" in ran.stderr or "Permission denied" in ran.stderr
    assert "hint: PYBUILDKIT_CACHE_DIR names another place" in ran.stderr
    assert entries(cache) == before
    assert (stats.exit_code, packed.exit_code) == (0, 0)
