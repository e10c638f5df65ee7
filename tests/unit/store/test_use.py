from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from buildkit.core.fingerprint import digest_bytes
from buildkit.store.artifacts import Store

KEY = digest_bytes(b"an action")
DAY = 86400.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, pytest.fail)


def age(path: Path, days: float) -> None:
    os.utime(path, times=(time.time() - days * DAY,) * 2)


def idle(path: Path) -> float:
    """Days since the last use, as the entry says."""
    return (time.time() - path.stat().st_mtime) / DAY


def test_to_take_an_action_is_a_use(store: Store) -> None:
    store.add(KEY, {"output": ""})
    age(store.path("actions", KEY), days=20)

    store.entries(KEY)

    assert idle(store.path("actions", KEY)) < 0.01


def test_a_second_use_on_one_day_writes_nothing(store: Store) -> None:
    store.add(KEY, {"output": ""})
    age(store.path("actions", KEY), days=0.9)

    store.entries(KEY)

    assert idle(store.path("actions", KEY)) > 0.89


def test_to_put_what_is_there_is_a_use(store: Store) -> None:
    path = store.path("blobs", store.put(b"content"))
    age(path, days=20)

    store.put(b"content")

    assert idle(path) < 0.01


def test_a_store_knows_whether_it_grew(store: Store, tmp_path: Path) -> None:
    again = Store(tmp_path, pytest.fail)

    store.put(b"content")
    again.put(b"content")

    assert (store.grew, again.grew) == (True, False)
