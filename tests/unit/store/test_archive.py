from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from archives import KEYS, contents

from buildkit.store import archive
from buildkit.store.archive import Damaged
from buildkit.store.artifacts import KEEP, Store
from buildkit.store.inventory import read_inventory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache.tar.gz"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with the two actions of two modules."""
    store = Store(tmp_path / "full", pytest.fail)
    for number in (0, 2):
        c = store.put(f"int x{number};".encode() * 50, deflate=True)
        store.add(KEYS[number], {"c": c, "read": {}, "probes": [], "words": ""})
        made = {"object": store.put_object(os.urandom(400)), "output": store.put(os.urandom(500))}
        store.add(KEYS[number + 1], {"headers": [], "digest": "", **made})
    return store


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store(tmp_path / "empty", pytest.fail)


def actions(store: Store) -> list[archive.PackedAction]:
    return [(key, store.entries(key)) for key in KEYS]


def test_what_is_packed_is_what_is_unpacked(store: Store, empty: Store, file: Path) -> None:
    packed = archive.pack(store, actions(store), file, with_intermediates=True)
    taken = archive.unpack(empty, file)

    assert contents(empty) == contents(store)
    assert (packed.actions, packed.blobs) == (taken.actions, taken.blobs) == (4, 6)


def test_without_the_means_it_has_what_a_restore_takes(store: Store, empty: Store, file: Path) -> None:
    packed = archive.pack(store, actions(store), file)
    archive.unpack(empty, file)

    assert (packed.actions, packed.blobs) == (4, 2)
    assert [empty.entries(key) for key in KEYS] == [store.entries(key) for key in KEYS]
    assert all(empty.get(made["output"]) for key in KEYS[1::2] for made in empty.entries(key))


def test_the_same_entries_make_the_same_bytes(store: Store, file: Path) -> None:
    archive.pack(store, actions(store), file)
    first = file.read_bytes()
    for entry in read_inventory(store.folder).blobs:
        os.utime(entry.path, (1, 1))

    archive.pack(store, actions(store), file.with_name("another.tar.gz"))

    assert file.with_name("another.tar.gz").read_bytes() == first


def test_what_the_store_has_stays(store: Store, empty: Store, file: Path) -> None:
    archive.pack(store, actions(store), file)
    archive.unpack(empty, file)
    own = {"headers": ["another.h"], "digest": "", "output": empty.put(b"made here")}
    empty.add(KEYS[1], own)
    before = contents(empty)

    taken = archive.unpack(empty, file)

    assert contents(empty) == before
    assert (taken.actions, taken.blobs, taken.known) == (0, 0, 6)


def test_entries_of_one_action_are_joined_the_own_first(store: Store, empty: Store, file: Path) -> None:
    own = {"headers": ["another.h"], "digest": "", "output": empty.put(b"made here")}
    empty.add(KEYS[1], own)
    archive.pack(store, actions(store), file)

    archive.unpack(empty, file)

    assert empty.entries(KEYS[1]) == [own, *store.entries(KEYS[1])]
    assert len(empty.entries(KEYS[1])) <= KEEP


def test_an_entry_without_its_output_is_not_packed(store: Store, empty: Store, file: Path) -> None:
    lost = store.path("blobs", store.entries(KEYS[1])[0]["output"])
    lost.unlink()

    packed = archive.pack(store, actions(store), file)
    archive.unpack(empty, file)

    assert packed.actions == 3
    assert empty.entries(KEYS[1]) == []


def test_a_damaged_blob_is_not_packed(store: Store, file: Path) -> None:
    said: list[str] = []
    harmed = Store(store.folder.parent, said.append)
    store.path("blobs", store.entries(KEYS[1])[0]["output"]).write_bytes(b"harmed")

    packed = archive.pack(harmed, actions(store), file)

    assert (packed.actions, packed.blobs) == (3, 1)
    assert len(said) == 1
    assert "is damaged" in said[0]


def test_every_cut_is_noticed_and_what_was_whole_is_kept(store: Store, tmp_path: Path, file: Path) -> None:
    store.add(KEYS[1], {"headers": ["large.h"], "digest": "", "output": store.put(os.urandom(50_000))})
    archive.pack(store, actions(store), file)
    whole = file.read_bytes()
    most = 0
    for length in {*range(0, len(whole), 499), *range(len(whole) - 9, len(whole))}:
        file.write_bytes(whole[:length])
        target = Store(tmp_path / f"cut{length}", pytest.fail)
        with pytest.raises(Damaged):
            archive.unpack(target, file)
        assert contents(target).items() <= contents(store).items()
        most = max(most, len(contents(target)))
    assert most > 0


def test_every_flipped_byte_is_noticed_or_changes_nothing(
    store: Store, empty: Store, tmp_path: Path, file: Path
) -> None:
    """gzip has bits without meaning: the time in its header, what fills up the last byte."""
    archive.pack(store, actions(store), file)
    archive.unpack(empty, file)
    whole = file.read_bytes()
    noticed = 0
    for at in range(len(whole)):
        content = bytearray(whole)
        content[at] ^= 0x10
        file.write_bytes(content)
        target = Store(tmp_path / f"flipped{at}", pytest.fail)
        try:
            archive.unpack(target, file)
        except Damaged:
            noticed += 1
            assert contents(target).items() <= contents(empty).items()
        else:
            assert contents(target) == contents(empty)
    assert noticed > 0.98 * len(whole)


def test_a_killed_pack_leaves_the_old_archive(store: Store, file: Path) -> None:
    file.write_bytes(b"the old one")

    def killed() -> Any:
        yield from actions(store)[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.pack(store, killed(), file)

    assert file.read_bytes() == b"the old one"
    assert [path for path in file.parent.iterdir() if path.suffix == ".tmp"] == []


# ------------------------------------------------------------------ somebody means harm


def test_an_unpack_that_is_killed_leaves_whole_entries_alone(store: Store, tmp_path: Path, file: Path) -> None:
    """Killed at each call that changes the disk, from the first to the last."""
    archive.pack(store, actions(store), file, with_intermediates=True)
    for at in range(1, 200):
        empty = Store(tmp_path / f"killed{at}", pytest.fail)
        child = os.fork()
        if not child:
            left = at

            def end(event: str, arguments: Any) -> None:
                nonlocal left
                if event in {"os.rename", "os.chmod", "os.mkdir"} or (event == "open" and arguments[2] & os.O_CREAT):
                    left -= 1
                    if not left:
                        os._exit(9)

            sys.addaudithook(end)
            archive.unpack(empty, file)
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert contents(empty).items() <= contents(store).items()
        if not killed:
            assert at > 20
            break
        archive.unpack(empty, file)
        assert contents(empty) == contents(store)
