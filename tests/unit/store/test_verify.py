from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.core.fingerprint import digest_bytes
from buildkit.store import artifacts, verify
from buildkit.store.artifacts import Store
from buildkit.store.inventory import read_inventory

KEY = digest_bytes(b"an action")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, lambda _: None)


def bad(store: Store) -> list[tuple[Path, str]]:
    return [(entry.path, wrong) for entry, wrong in verify.verify(store, read_inventory(store.folder))]


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def test_a_whole_store_has_nothing_bad(store: Store) -> None:
    store.add(KEY, {"c": store.put(b"int x;" * 100, deflate=True), "output": store.put(b"content")})

    assert bad(store) == []


def test_every_flipped_or_cut_byte_of_every_entry_is_found(store: Store) -> None:
    digests = [store.put(b"int x;" * 100, deflate=True), store.put(b"content")]
    store.add(KEY, {"c": digests[0], "output": digests[1]})
    found = read_inventory(store.folder)
    for entry in (*found.actions, *found.blobs):
        whole = entry.path.read_bytes()
        for at in range(len(whole)):
            flip(entry.path, at)
            assert entry.path in dict(bad(store)), f"{entry.path.name} flipped at {at}"
            assert not entry.path.exists()
            for length in {at, max(at - 3, 0)}:
                entry.path.write_bytes(whole[:length])
                assert entry.path in dict(bad(store)), f"{entry.path.name} cut to {length}"
            entry.path.write_bytes(whole)
            store.add(KEY, {"c": digests[0], "output": digests[1]})
            assert bad(store) == []


def test_an_action_goes_with_its_output(store: Store) -> None:
    output = store.put(b"content")
    store.add(KEY, {"output": output})
    flip(store.path("blobs", output), 0)

    assert bad(store) == [
        (store.path("blobs", output), artifacts.CONTENT_DIFFERS),
        (store.path("actions", KEY), verify.DANGLING),
    ]
    assert read_inventory(store.folder).size == 0


def test_of_several_entries_of_an_action_the_whole_ones_stay(store: Store) -> None:
    whole = {"output": store.put(b"whole")}
    store.add(KEY, whole)
    store.add(KEY, {"output": digest_bytes(b"never kept")})

    assert bad(store) == [(store.path("actions", KEY), verify.DANGLING)]
    assert store.entries(KEY) == [whole]
    assert bad(store) == []


def test_an_action_is_whole_without_what_its_output_was_made_from(store: Store) -> None:
    """The C text is read only to compile it anew; its digest alone leads to the extension."""
    store.add(KEY, {"c": digest_bytes(b"gone")})

    assert bad(store) == []


def test_an_entry_that_vanishes_meanwhile_is_not_bad(store: Store) -> None:
    output = store.put(b"content")
    store.add(KEY, {"output": output})
    found = read_inventory(store.folder)
    store.path("actions", KEY).unlink()
    store.path("blobs", output).unlink()

    assert list(verify.verify(store, found)) == []
