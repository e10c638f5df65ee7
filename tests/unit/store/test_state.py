from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildkit.core.fingerprint import digest_bytes
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

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
DIGESTS = st.binary(max_size=1).map(digest_bytes)
TEXTS = st.lists(NAMES, max_size=3).map(tuple)


@st.composite
def any_state(draw: st.DrawFn) -> State:
    records = draw(
        st.dictionaries(
            NAMES, st.builds(Record, DIGESTS, st.dictionaries(NAMES, DIGESTS), st.dictionaries(NAMES, DIGESTS))
        )
    )
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
