"""Any tree: as it was made, after it was sealed, shared, copied and mended; and its key differs where it does."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from buildkit.data.stages import globs
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.inputs import fingerprint_of
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.volume import outputs
from buildkit.data.volume.manifest import StageRecord, parse_stage, stage_text
from buildkit.model import Digest
from buildkit.trees import comparing, entry, folders, sealing

STAGE = Stage("make", ("make",), ("in",), ("out/",))

names = some.sampled_from(
    ["a", "b", "B", "\u00e9", "e\u0301", os.fsdecode(b"\xe9"), " ", "-x", ".hidden", "new\nline", "*"]
)
paths = some.lists(names, min_size=1, max_size=3).map("/".join)
things = some.sampled_from(["folder", "one", "two", "one x", "two x", "", "link"])
trees = some.dictionaries(paths, things, min_size=1, max_size=8)
"""What lies where: an empty folder, a file of this content that may be executed or not, a link to what came before."""

pairs = trees.flatmap(
    lambda one: some.tuples(
        some.just(one),
        some.tuples(some.sampled_from(list(one)) | paths, things).map(lambda change: {**one, change[0]: change[1]}),
    )
)
"""Two trees that are the same, or differ in one thing."""

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # sealing waits for the disk
quick = settings(deadline=None, max_examples=60)


def lay(tree: Mapping[str, str], top: Path) -> None:
    """Make as much of a tree as fits together, and something that is always there."""
    top.mkdir(parents=True)
    (top / "first").write_text("first")
    made = ["first"]
    for path, thing in tree.items():
        place = top / path
        if place.exists() or any(top.joinpath(*place.relative_to(top).parts[:at]).is_file() for at in range(1, 4)):
            continue
        folders.make_deep_folder(place.parent)
        if place.parent.resolve() != top.resolve() / place.parent.relative_to(top):
            continue  # through a link
        if thing == "folder":
            place.mkdir()
        elif thing == "link":
            target = os.path.relpath(top / made[len(path) % len(made)], place.parent)
            place.symlink_to(target)
        else:
            place.write_text(thing.partition(" ")[0])
            place.chmod(0o755 if thing.endswith("x") else 0o644)
        made.append(path)


def seen(top: Path, *, follow: bool) -> dict[str, str]:
    """Return what a stage sees of a tree."""
    found = {}
    for folder, inner, files_ in os.walk(top, followlinks=follow):
        for place in (Path(folder, name) for name in [*inner, *files_]):
            path, mode = place.relative_to(top).as_posix(), (place.stat() if follow else place.lstat()).st_mode
            if stat.S_ISLNK(mode):
                found[path] = f"-> {place.readlink()}"
            else:
                found[path] = "folder" if stat.S_ISDIR(mode) else f"{bool(mode & 0o100)} {place.read_text()}"
    return found


@pytest.mark.parametrize("linked", [True, False], ids=["linked", "copied"])
@quick
@given(tree=trees)
def test_an_output_is_the_same_wherever_it_is_shared(linked: bool, tree: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as place, pytest.MonkeyPatch.context() as patch:
        if not linked:
            patch.setattr(os, "link", _refuse)
        one, two, three = (Path(place, name) for name in ("one", "two", "three"))
        lay(tree, one / "out")
        before = seen(one / "out", follow=False)
        record = StageRecord("make", Digest("a" * 64), {}, outputs.seal(STAGE, one), 0.0, 0.0)
        assert parse_stage(stage_text(record)) == record
        shared = outputs.share(outputs.share(record, one, two), two, three)
        assert seen(one / "out", follow=False) == seen(three / "out", follow=False) == before
        assert comparing.on_disk(shared.files, three, None) == comparing.hashed(shared.files, three) == record.outputs
        for path, file in shared.files.items():  # as a copy leaves it that knows files and their content alone
            if file.is_file:
                (three / path).chmod(0o644)
            else:
                folders.remove_tree(three / path)
        sealing.restore_metadata(shared.files, three)
        assert seen(three / "out", follow=False) == before


@quick
@given(pair=pairs)
def test_outputs_have_one_state_where_they_look_the_same(pair: tuple[dict[str, str], dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        looks, states = [], []
        for number, tree in enumerate(pair):
            generation = Path(place, str(number))
            lay(tree, generation / "out")
            looks.append(seen(generation / "out", follow=False))
            states.append({path: file.state for path, file in outputs.seal(STAGE, generation).items()})
        assert (looks[0] == looks[1]) == (states[0] == states[1])


@quick
@given(pair=pairs, pattern=some.sampled_from(["in", "in/**", "in/"]))
def test_inputs_have_one_key_where_they_look_the_same(
    pair: tuple[dict[str, str], dict[str, str]], pattern: str
) -> None:
    """Through every link: one in a tree leads to a file or to a folder beside it."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        looks, keys = [], []
        for number, tree in enumerate(pair):
            root = Path(place, str(number))
            lay(tree, root / "in")
            looks.append(seen(root / "in", follow=True) if not _circles(root / "in") else {"circle": str(number)})
            pipeline = Pipeline(root, root, root / "data", (STAGE,))
            stage = Stage("make", ("make",), (pattern,), ("out/",))
            keys.append(fingerprint_of(stage, pipeline, {}, {}, Digests(root / "inputs.json")).key)
        if "circle" not in {**looks[0], **looks[1]}:
            assert (looks[0] == looks[1]) == (keys[0] == keys[1])


def _circles(top: Path) -> bool:
    """Return whether a link leads to a folder above it: that counts as a link, which `seen` would follow."""
    return any(
        each.is_symlink() and each.is_dir() and each.parent.resolve().is_relative_to(each.resolve())
        for each in _all(top)
    ) or any(found.kind.startswith(entry.LINK) for found in globs.inputs("in", top.parent))


def _all(top: Path) -> list[Path]:
    return [Path(folder, name) for folder, inner, files_ in os.walk(top) for name in [*inner, *files_]]


def _refuse(*_: object) -> None:
    raise OSError(1, "no hard links here")
