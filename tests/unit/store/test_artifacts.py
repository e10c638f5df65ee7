from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.core.fingerprint import digest_bytes
from buildkit.model import Digest
from buildkit.store.artifacts import Store

KEY = digest_bytes(b"key")
ENTRY = {"output": digest_bytes(b"content"), "headers": ["a.h"]}

Warnings = list[str]


@pytest.fixture
def warnings() -> Warnings:
    return []


@pytest.fixture
def store(tmp_path: Path, warnings: Warnings) -> Store:
    return Store(tmp_path / "cache", warnings.append)


def files_of(store: Store, kind: str) -> list[Path]:
    return sorted(path for path in (store.folder / kind).rglob("*") if path.is_file())


@pytest.mark.parametrize("deflate", [False, True])
def test_content_is_had_by_its_digest(store: Store, warnings: Warnings, deflate: bool) -> None:
    digest = store.put(b"content" * 100, deflate=deflate)

    assert digest == digest_bytes(b"content" * 100)
    assert store.has(digest)
    assert store.get(digest) == b"content" * 100
    assert not store.has(digest_bytes(b"other"))
    assert store.get(digest_bytes(b"other")) is None
    assert warnings == []


def test_content_is_kept_once_and_small_where_wished(store: Store) -> None:
    store.put(b"c" * 10_000, deflate=True)
    store.put(b"c" * 10_000, deflate=True)

    (file,) = files_of(store, "blobs")
    assert file.stat().st_size < 1000


def test_the_newest_result_of_an_action_comes_first(store: Store) -> None:
    for number in range(12):
        store.add(KEY, {"number": number})
    store.add(KEY, {"number": 9})

    assert [entry["number"] for entry in store.entries(KEY)] == [9, 11, 10, 8, 7, 6, 5, 4]
    assert store.entries(digest_bytes(b"another key")) == []


Harm = Callable[[bytes, int], bytes]
HARMS: dict[str, Harm] = {
    "flipped": lambda whole, at: whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :],
    "cut": lambda whole, at: whole[:at],
}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("deflate", [False, True])
def test_content_harmed_at_any_byte_is_not_had_and_can_be_put_again(
    store: Store, warnings: Warnings, harm: str, deflate: bool
) -> None:
    digest = store.put(b"content of a file", deflate=deflate)
    (file,) = files_of(store, "blobs")
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(HARMS[harm](whole, at))
        warnings.clear()

        found = store.get(digest)

        if found is None:
            assert warnings == [f"store: {file.name[:12]}… is damaged; deleted, made anew"]
            assert not store.has(digest)
            assert store.put(b"content of a file", deflate=deflate) == digest
        assert store.get(digest) == b"content of a file", f"never a wrong answer (byte {at})"


@pytest.mark.parametrize("harm", HARMS)
def test_a_record_of_an_action_harmed_at_any_byte_is_none_and_can_be_made_again(
    store: Store, warnings: Warnings, harm: str
) -> None:
    store.add(KEY, ENTRY)
    (file,) = files_of(store, "actions")
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(HARMS[harm](whole, at))
        warnings.clear()

        assert store.entries(KEY) == [], at

        assert warnings == [f"store: {KEY[:12]}… is damaged; deleted, made anew"]
        assert store.entries(KEY) == []
        assert len(warnings) == 1, "it is reported once"
        store.add(KEY, ENTRY)
        assert store.entries(KEY) == [ENTRY]


def test_a_harmed_plain_copy_does_not_hide_a_whole_deflated_one(store: Store) -> None:
    digest = store.put(b"content")
    (file,) = files_of(store, "blobs")
    file.write_bytes(b"harmed!")
    store.put(b"content", deflate=True)

    assert store.get(digest) == b"content"


def test_a_store_that_cannot_be_written_is_said_so_once_and_costs_nothing_else(
    tmp_path: Path, warnings: Warnings
) -> None:
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file", warnings.append)

    digest = store.put(b"content")
    store.add(KEY, ENTRY)
    with store.exclusive(KEY):
        pass

    assert digest == digest_bytes(b"content")
    assert store.get(digest) is None
    assert store.entries(KEY) == []
    assert warnings == [f"store: {tmp_path}/file cannot be written (Not a directory); nothing is kept"]


def test_a_store_without_locks_lets_everyone_work(tmp_path: Path, warnings: Warnings) -> None:
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file", warnings.append)

    with store.exclusive(KEY), store.exclusive(KEY):
        pass

    assert len(warnings) == 1


def test_one_works_at_an_action_at_a_time(store: Store) -> None:
    inside = 0
    most = 0
    turns = 0

    def work() -> None:
        nonlocal inside, most, turns
        for _ in range(20):
            with store.exclusive(KEY):
                inside += 1
                most = max(most, inside)
                turns += 1
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (most, turns) == (1, 80)


def test_another_action_need_not_wait(store: Store) -> None:
    with store.exclusive(KEY), store.exclusive(digest_bytes(b"another key")):
        pass


def test_a_writer_that_is_killed_leaves_nothing_that_is_had(store: Store) -> None:
    """What it had not renamed yet lies beside, under a name that no one asks for."""
    digest = digest_bytes(b"content")
    folder = store.folder / "blobs" / digest[:2]
    folder.mkdir(parents=True)
    (folder / f".{digest}.x.tmp").write_bytes(b"cont")

    assert not store.has(digest)
    assert store.get(digest) is None
    assert store.put(b"content") == digest
    assert store.get(digest) == b"content"


def test_keys_of_the_same_lock_wait_for_each_other_and_end(store: Store) -> None:
    """4096 locks serve all keys; two keys of one lock lose time, not the work."""
    twin = Digest(KEY[:3] + digest_bytes(b"twin")[3:])
    done: list[str] = []
    with store.exclusive(KEY):
        thread = threading.Thread(target=lambda: _work(store, twin, done))
        thread.start()
        thread.join(0.05)
        assert done == []
    thread.join(30)
    assert done == [twin]


def _work(store: Store, key: Digest, done: list[str]) -> None:
    with store.exclusive(key):
        done.append(key)
