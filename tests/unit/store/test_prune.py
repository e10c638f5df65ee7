from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from buildkit.core.fingerprint import digest_bytes
from buildkit.doors import locks
from buildkit.model import Digest
from buildkit.store import prune
from buildkit.store.artifacts import OBJECT, Store
from buildkit.store.inventory import StoredFile, read_inventory
from buildkit.store.prune import Limits

DAY = 86400.0
NO_LIMITS = Limits(0, 0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, pytest.fail)


def make(store: Store, name: str, *, days: float, content: str = "") -> tuple[Digest, Digest]:
    """Keep an action that was last used that long ago, and what it made; return the key and the digest."""
    key = digest_bytes(name.encode())
    output = store.put((content or name).encode() * 100)
    store.add(key, {"output": output})
    for path in (store.path("actions", key), store.path("blobs", output)):
        idle(path, days)
    return key, output


def idle(path: Path, days: float) -> None:
    os.utime(path, times=(time.time() - days * DAY,) * 2)


def chosen(store: Store, limits: Limits) -> list[tuple[StoredFile, str]]:
    found = read_inventory(store.folder)
    return [(entry, str(why)) for entry, why in prune.choose(found, limits, time.time(), prune.blobs_named)]


def names(store: Store, limits: Limits) -> list[Digest]:
    return [entry.name for entry, _ in chosen(store, limits)]


def test_within_the_limits_nothing_goes(store: Store) -> None:
    make(store, "old", days=29)

    assert chosen(store, Limits(10**9, 30 * DAY)) == []
    assert not prune.exceeded(read_inventory(store.folder), Limits(10**9, 30 * DAY), time.time())


def test_without_limits_nothing_is_too_old_or_too_large(store: Store) -> None:
    make(store, "old", days=10_000)

    assert chosen(store, NO_LIMITS) == []


def test_what_was_not_used_for_long_goes_the_action_before_its_blob(store: Store) -> None:
    old = make(store, "old", days=31)
    make(store, "new", days=29)
    limits = Limits(0, 30 * DAY)

    assert prune.exceeded(read_inventory(store.folder), limits, time.time())
    assert names(store, limits) == list(old)
    assert {why for _, why in chosen(store, limits)} == {prune.OLD}


def test_over_the_size_the_least_recently_used_go_first_until_it_fits(store: Store) -> None:
    made = {days: make(store, f"made {days} days ago", days=days) for days in (2, 9, 4, 7)}
    size = read_inventory(store.folder).size
    one = size // 4

    assert names(store, Limits(size, 0)) == []
    assert names(store, Limits(size - 1, 0)) == [*made[9]]
    assert names(store, Limits(size - one - 1, 0)) == [*made[9], *made[7]]
    assert names(store, Limits(1, 0)) == [*made[9], *made[7], *made[4], *made[2]]


def test_objects_go_before_anything_that_a_restore_takes(store: Store) -> None:
    made = {}
    for days in (2, 9):
        key, content = digest_bytes(bytes([days])), bytes([days]) * 100
        made[days] = store.put_object(content)
        store.add(key, {"object": made[days]})
        idle(store.path("blobs", made[days], OBJECT), days)
    extension = make(store, "extension", days=20)
    size = read_inventory(store.folder).size

    assert names(store, Limits(size, 0)) == []
    assert names(store, Limits(size - 1, 0)) == [made[9]]
    assert names(store, Limits(size - 101, 0)) == [made[9], made[2]]
    assert names(store, Limits(size - 201, 0)) == [made[9], made[2], *extension]
    assert names(store, Limits(0, 15 * DAY)) == [*extension], "by age an object goes with its action"


def test_a_use_saves_an_entry(store: Store) -> None:
    first, _ = make(store, "first", days=9)
    second = make(store, "second", days=8)
    store.entries(first)

    assert names(store, Limits(read_inventory(store.folder).size - 1, 0)) == [*second]


def test_a_blob_stays_while_another_action_names_it(store: Store) -> None:
    old, shared = make(store, "old", days=40, content="the same")
    make(store, "new", days=1, content="the same")

    assert names(store, Limits(0, 30 * DAY)) == [old]
    assert names(store, Limits(1, 0))[-1] == shared


def test_a_blob_that_no_action_names_goes_after_an_hour(store: Store) -> None:
    orphan = store.put(b"its action is on the way")

    assert chosen(store, NO_LIMITS) == []

    idle(store.path("blobs", orphan), days=0.1)

    assert [(entry.name, why) for entry, why in chosen(store, NO_LIMITS)] == [(orphan, prune.UNNAMED)]


def test_a_file_that_a_killed_process_left_goes_after_an_hour(store: Store) -> None:
    _, output = make(store, "made", days=1)
    left, writing = (store.path("blobs", output).with_name(f".{output}.{name}.tmp") for name in ("left", "writing"))
    left.touch()
    writing.touch()
    idle(left, days=0.1)

    assert [(entry.path, why) for entry, why in chosen(store, NO_LIMITS)] == [(left, prune.UNFINISHED)]
    assert prune.exceeded(read_inventory(store.folder), NO_LIMITS, time.time())


def test_what_the_suite_did_not_make_is_not_looked_at(store: Store) -> None:
    _, output = make(store, "made", days=99)
    before = read_inventory(store.folder)
    blob = store.path("blobs", output)
    (blob.parent / "notes.txt").touch()
    (blob.parent / ("f" * 64)).symlink_to(blob)
    (blob.parent.parent / "README").touch()
    (blob.parent.parent / "longer").mkdir()

    assert read_inventory(store.folder) == before


def test_a_damaged_action_names_nothing_and_goes_by_its_age(store: Store) -> None:
    key, output = make(store, "made", days=40)
    store.path("actions", key).write_bytes(b"damaged")
    idle(store.path("actions", key), days=40)

    assert sorted(names(store, Limits(0, 30 * DAY))) == sorted([key, output])


def test_a_store_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    found = read_inventory(tmp_path / "nowhere")

    assert (found.size, found.actions, found.blobs, found.unfinished, found.locks) == (0, (), (), (), ())


def test_lock_files_go_unless_somebody_holds_them(store: Store) -> None:
    with store.exclusive(digest_bytes(b"done")):
        pass
    busy = digest_bytes(b"busy")
    with store.exclusive(busy):
        prune.discard_locks(read_inventory(store.folder))

        left = read_inventory(store.folder).locks

    assert left == (store.folder / "locks" / busy[:3],)


def test_it_is_ones_turn_once_a_day_and_not_on_the_first(store: Store) -> None:
    now = time.time()

    assert not prune.take_turn(store.folder, now)
    assert not prune.take_turn(store.folder, now + 0.9 * DAY)
    assert prune.take_turn(store.folder, now + 1.1 * DAY)
    assert prune.take_turn(store.folder, now - 1.1 * DAY), "the clock was set back"

    assert not prune.take_turn(store.folder, now), "it was somebody's turn just now"


def test_the_lock_of_a_deleted_file_is_none(tmp_path: Path) -> None:
    """Who waited for a lock whose file is deleted meanwhile must not hold it beside who makes the file anew."""
    lock = tmp_path / "lock"
    with locks.held(lock):
        lock.unlink()
        with locks.held(lock, wait=0):
            assert not locks.discard(lock)
            with pytest.raises(locks.Busy), locks.held(lock, wait=0):
                pytest.fail("two hold it")
    assert locks.discard(lock)
    assert not locks.discard(lock)
