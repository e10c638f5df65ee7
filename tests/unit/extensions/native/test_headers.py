from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.compile.places import Places, Probes
from buildkit.doors.statcache import StatCache
from buildkit.extensions.native.headers import Compiled, Headers

OWN = "source app/limit.h"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {"app/limit.h": "1", "limit.h": "outer", "include/math.h": "1"}.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.fixture
def headers(root: Path) -> Headers:
    """Headers as a new build sees them, long after they were written."""
    return look(root)


def look(root: Path) -> Headers:
    places = Places(str(root), (), ())
    return Headers(places, Probes(places), StatCache({}))


class Compiler:
    """Reads headers, does what it is told meanwhile, once a call, and makes what it read."""

    def __init__(self, root: Path, *meanwhile: Callable[[], object], reads: str = "app/limit.h") -> None:
        self._root = root
        self._meanwhile = list(meanwhile)
        self._reads = reads
        self.calls = 0

    def __call__(self) -> Compiled:
        self.calls += 1
        content = (self._root / self._reads).read_bytes()
        if self._meanwhile:
            self._meanwhile.pop(0)()
        return (f"source {self._reads}",), content


def settle(root: Path) -> None:
    """Wait until a change that comes now has another time stamp than those before."""
    stamp = root / "stamp"
    stamp.touch()
    first = stamp.stat().st_ctime_ns
    while stamp.stat().st_ctime_ns < first + 50_000_000:
        os.utime(stamp)


def test_what_stands_still_is_compiled_once(root: Path, headers: Headers) -> None:
    settle(root)
    compiler = Compiler(root)

    found = headers.compile_until_unchanged("app", compiler)

    assert compiler.calls == 1
    assert found == (((OWN,), b"1"), look(root).digest((OWN,), "app"))


@pytest.mark.parametrize("known", [False, True])
def test_what_changes_meanwhile_is_compiled_again(root: Path, headers: Headers, known: bool) -> None:
    settle(root)
    if known:
        headers.digest((OWN,), "app")
    compiler = Compiler(root, lambda: (root / "app/limit.h").write_text("2"))

    found = headers.compile_until_unchanged("app", compiler)

    assert compiler.calls == 2
    assert found == (((OWN,), b"2"), look(root).digest((OWN,), "app"))


def test_what_changed_since_the_build_looked_is_kept_under_what_it_is_now(root: Path, headers: Headers) -> None:
    headers.digest((OWN,), "app")
    (root / "app/limit.h").write_text("2")
    settle(root)

    found = headers.compile_until_unchanged("app", Compiler(root))

    assert found == (((OWN,), b"2"), look(root).digest((OWN,), "app"))


def test_what_changes_again_and_again_is_given_up(root: Path, headers: Headers) -> None:
    texts = iter("23456")
    compiler = Compiler(root, *[lambda: (root / "app/limit.h").write_text(next(texts))] * 5)

    assert headers.compile_until_unchanged("app", compiler) is None
    assert compiler.calls == 3


def test_stamps_of_the_future_cost_one_more_call_and_no_more(
    root: Path, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a clock that was set back leaves them."""
    monkeypatch.setattr("time.time", lambda: 10**9)
    compiler = Compiler(root)

    assert headers.compile_until_unchanged("app", compiler) is not None
    assert compiler.calls == 2


def test_a_header_that_turns_up_in_front_meanwhile_is_seen(root: Path, headers: Headers) -> None:
    (root / "app/limit.h").unlink()
    settle(root)
    compiler = Compiler(root, lambda: (root / "app/limit.h").write_text("1"), reads="limit.h")

    assert headers.compile_until_unchanged("app", compiler) is not None
    assert compiler.calls == 2


def test_the_shared_part_leaves_out_what_is_named_by_itself(root: Path, headers: Headers) -> None:
    names = (f"file {root}/include/math.h", OWN)
    before = headers.outside_digest(names, "app"), headers.digest(names, "app")

    (root / "app/limit.h").write_text("2")
    shared, whole = look(root).outside_digest(names, "app"), look(root).digest(names, "app")

    assert shared == before[0]
    assert whole != before[1]
    (root / "app/math.h").touch()
    assert look(root).outside_digest(names, "app") != shared, "a header in front of the system's"
