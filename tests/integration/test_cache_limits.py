"""A store made smaller, by command and by itself, and on a disk that refuses."""

from __future__ import annotations

import threading
from pathlib import Path

import disks
import pytest
from hypothesis import settings
from plugins.built import BuiltProjectMaker
from plugins.places import Disk
from plugins.projects import InvokeRunner, ProjectMaker, python
from stored import PROJECT, entries, fresh_clone, idle

NIGHTLY = settings.get_current_profile_name() == "nightly"

pytestmark = pytest.mark.usefixtures("compiler")


def test_prune_takes_what_was_not_used_for_longest(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path
) -> None:
    root = built_project(PROJECT)
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


def test_prune_to_a_size(built_project: BuiltProjectMaker, invoke: InvokeRunner, cache: Path) -> None:
    root = built_project(PROJECT)
    before = sum(path.stat().st_size for path in entries(cache))

    refused = invoke(root, "cache.prune", "--size", "much")
    ran = invoke(root, "cache.prune", "--size", f"{before // 2}", "--json")

    assert refused.exit_code == 2
    assert '--size: expected a size such as "1GB" or "500MB"' in refused.stderr
    assert 0 < sum(path.stat().st_size for path in entries(cache)) <= before // 2
    assert "is less than what was used within an hour" in ran.stderr


TURNS = 12 if NIGHTLY else 4
"""How often the store is emptied beside the builders: it costs them what they had, and they begin again."""


def test_prune_while_others_build_costs_them_time_alone(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    root = built_project(PROJECT)
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


def test_a_build_prunes_by_itself_once_a_day(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, cache: Path
) -> None:
    root = built_project(
        {**PROJECT, "pyproject.toml": f'{PROJECT["pyproject.toml"]}[tool.buildkit.store]\nage = "7d"\n'}
    )
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


def test_clean_then_build(built_project: BuiltProjectMaker, invoke: InvokeRunner, tmp_path: Path, cache: Path) -> None:
    root = built_project(PROJECT)
    size = sum(path.stat().st_size for path in entries(cache))
    (cache / "another").mkdir()
    (cache / "another" / "file").write_text("not of the store")

    foretold = invoke(root, "cache.clean", "--dry-run", "--json").json
    assert len(entries(cache)) == 16
    ran = invoke(root, "cache.clean", "--json").json

    assert (foretold["freed"], ran["freed"], ran["entries"]) == (size, size, 16)
    assert entries(cache) == []
    assert list((cache / "v1" / "locks").iterdir()) == []
    assert (cache / "another" / "file").exists()
    assert invoke(root, "compile", "--json").json["counts"] == {"fresh": 2}
    clone = fresh_clone(root, tmp_path / "clone")
    assert invoke(clone, "compile", "--json").json["counts"] == {"compiled": 2}


def test_a_full_disk_is_said_and_leaves_no_half_archive(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, disk: Disk, tmp_path: Path, cache: Path
) -> None:
    small = tmp_path / "small"
    disk(disks.MEMORY, small)
    root = built_project(PROJECT)
    invoke(root, "cache.pack", "cache.gz")
    disks.fill(small)

    packed = invoke(root, "cache.pack", str(small / "cache.gz"))
    taken = invoke(root, "cache.unpack", "cache.gz", PYBUILDKIT_CACHE_DIR=str(small / "store"))

    assert (packed.exit_code, taken.exit_code) == (12, 12)
    assert f"error: {small / 'cache.gz'}: No space left on device" in packed.stderr
    assert f"error: {small / 'store'}: No space left on device" in taken.stderr
    assert "hint: free some space" in taken.stderr
    assert [path.name for path in small.rglob("*") if path.is_file()] == ["ballast"]
    assert entries(cache)


def test_a_full_store_can_be_made_smaller(
    project: ProjectMaker, invoke: InvokeRunner, disk: Disk, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    disk(disks.MEMORY, small)
    root = project(PROJECT)
    store = {"PYBUILDKIT_CACHE_DIR": str(small)}
    invoke(root, "compile", **store)
    disks.fill(small)

    ran = invoke(root, "cache.clean", "--json", **store)

    assert ran.exit_code == 0, ran.stderr
    assert ran.json["freed"] > 0
    assert entries(small) == []


@pytest.mark.parametrize("command", ["cache.prune --size 1", "cache.clean", "cache.verify", "cache.unpack cache.gz"])
def test_a_read_only_store_is_said(
    built_project: BuiltProjectMaker, invoke: InvokeRunner, cache: Path, tmp_path: Path, command: str
) -> None:
    root = built_project(PROJECT)
    invoke(root, "cache.pack", "cache.gz")
    harmed = entries(cache)[0]
    if "unpack" in command:
        harmed.unlink()
    else:
        harmed.write_bytes(b"harmed")
    before = entries(cache)
    with disks.read_only(cache):
        ran = invoke(root, *command.split())
        stats = invoke(root, "cache.stats")
        packed = invoke(root, "cache.pack", str(tmp_path / "again.gz"))

    assert ran.exit_code == 12
    assert f"error: {cache}" in ran.stderr
    assert "Read-only file system" in ran.stderr or "Permission denied" in ran.stderr
    assert "hint: PYBUILDKIT_CACHE_DIR names another place" in ran.stderr
    assert entries(cache) == before
    assert (stats.exit_code, packed.exit_code) == (0, 0)
