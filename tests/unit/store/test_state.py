from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.core.fingerprint import digest_bytes
from buildkit.core.untrusted import Odd
from buildkit.image import measure
from buildkit.model import ABSENT, Digest, Record
from buildkit.store import state as states
from buildkit.store.state import State

DIGEST = digest_bytes(b"")
PARTS: dict[str, Digest] = {"source app.py": DIGEST, "source app.pxd": ABSENT}
STATE = State(
    records={"app": Record(DIGEST, PARTS, {"app.so": DIGEST}), "bad": Record(DIGEST, PARTS, {})},
    probes={"app": ("-source app.pxd", "+source inner"), "bad": ()},
    failures={"bad": "bad.py:1:1: no"},
    headers={"headers 1": {"file /usr/include/stdio.h": Digest("d")}},
)

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0./"), min_size=1, max_size=5)
SUBJECTS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
ENDINGS = st.sampled_from([".so", "__mypyc.cpython-311-x86_64-linux-gnu.so", ".cp311-win_amd64.pyd"])
DIGESTS = st.binary(max_size=1).map(digest_bytes)
TEXTS = st.lists(NAMES, max_size=3).map(tuple)


@st.composite
def any_state(draw: st.DrawFn) -> State:
    records = {
        name: Record(
            draw(DIGESTS),
            draw(st.dictionaries(NAMES, DIGESTS)),
            {f"{name.replace('.', '/')}{ending}": draw(DIGESTS) for ending in draw(st.sets(ENDINGS))},
        )
        for name in draw(st.sets(SUBJECTS, max_size=3))
    }
    return State(
        records,
        {name: draw(TEXTS) for name in records},
        draw(st.dictionaries(NAMES, NAMES)),
        draw(st.dictionaries(NAMES, st.dictionaries(NAMES, DIGESTS))),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".buildkit" / "state.json"


def test_there_is_nothing_to_remember_at_first(file: Path) -> None:
    assert states.read(file) == State()


@given(state=any_state())
def test_what_is_written_is_read(state: State, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("state") / "state.json"

    states.write(file, state)

    assert states.read(file) == state


def test_a_state_that_is_flipped_anywhere_is_empty_and_said_to_be_damaged(file: Path) -> None:
    states.write(file, STATE)
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1 :])
        assert states.read(file) == State(damaged=True), at


def test_a_state_that_is_cut_anywhere_is_empty_and_said_to_be_damaged(file: Path) -> None:
    states.write(file, STATE)
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at])
        assert states.read(file) == State(damaged=True), at
    file.write_bytes(whole)
    assert states.read(file) == STATE


def test_a_state_that_cannot_be_read_is_damaged(tmp_path: Path) -> None:
    assert states.read(tmp_path) == State(damaged=True)


def test_a_state_of_another_version_is_none(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr(states, "SCHEMA", states.SCHEMA + 1)
        states.write(file, STATE)

    assert states.read(file) == State()


def test_a_disk_that_refuses_keeps_the_old_state(file: Path) -> None:
    states.write(file, STATE)
    (file.parent / "wall").touch()

    with pytest.raises(OSError, match="wall"):
        states.write(file.parent / "wall" / "state.json", State())

    assert states.read(file) == STATE


@pytest.mark.parametrize(
    "outputs",
    [
        {"../../victim": DIGEST},
        {"/etc/passwd": DIGEST},
        {"../app.so": DIGEST},
        {"app/../../victim.so": DIGEST},
        {"other.so": DIGEST},
        {"app.py": DIGEST},
        {"app.so\n": DIGEST},
        {"app.so": "../victim"},
        {"app.so": 5},
        ["app.so"],
        5,
    ],
)
def test_a_state_that_names_what_is_no_extension_of_its_module_counts_as_none(file: Path, outputs: Any) -> None:
    """It came with the checkout, say: with its checksum right, it would have files deleted."""
    states.write(file, State({"app": Record(DIGEST, {}, outputs)}))

    assert states.read(file) == State(damaged=True)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"5",
        b"[]",
        b'{"schema":3}',
        b'{"schema":3,"records":{"app":["k",{},{},0]},"probes":[[]],"failures":{},"headers":{}}',
        b'{"schema":3,"records":[],"probes":[],"failures":{},"headers":{}}',
        b'{"schema":3,"records":{},"probes":[[5]],"failures":{},"headers":{}}',
        b'{"schema":3,"records":{},"probes":["x",[""]],"failures":{},"headers":{}}',
        b'{"schema":3,"records":{},"probes":[],"failures":{"app":5},"headers":{}}',
        b'{"schema":3,"records":{},"probes":[],"failures":{"app":"\\ud800"},"headers":{}}',
        b'{"schema":3,"records":{},"probes":[],"failures":{},"headers":{"a":[]}}',
        b'{"schema":3,"records":{"app":["%s",{},{},-1]},"probes":[[]],"failures":{},"headers":{}}' % DIGEST.encode(),
        b'{"schema":3,"records":{"app":["%s",{"headers x":"y"},{},0]},"probes":[[]],"failures":{},"headers":{}}'
        % DIGEST.encode(),
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"9" * 5000,
    ],
)
def test_odd_json_counts_as_no_state(body: bytes) -> None:
    assert states.parse(digest_bytes(body).encode() + b"\n" + body) == State(damaged=True)


def test_a_pipe_in_the_place_of_the_state_keeps_nobody_waiting(file: Path) -> None:
    file.parent.mkdir()
    os.mkfifo(file)

    assert states.read(file) == State(damaged=True)


def test_an_image_is_remembered_by_its_name_and_id(file: Path) -> None:
    """Its state is of the same form; what may stand there is another thing."""
    identity = f"sha256:{'a' * 64}"
    state = State(records={"api": Record(digest_bytes(b"key"), {}, {"service-api:latest": Digest(identity)})})
    state.probes["api"] = ()
    states.write(file, state)

    assert states.read(file, measure.recorded_image).records == state.records
    assert states.read(file) == State(damaged=True)


@pytest.mark.parametrize("identity", ["a" * 64, "sha256:", f"sha256:{'a' * 63}/", f"md5:{'a' * 64}"])
def test_an_id_that_no_engine_gives_is_odd(identity: str) -> None:
    with pytest.raises(Odd):
        measure.recorded_image("api", "service-api:latest", identity)
