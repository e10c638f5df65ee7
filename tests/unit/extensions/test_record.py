"""What is recorded is what was recorded, with the entries of what was done in its place."""

from __future__ import annotations

from buildkit.extensions.record import updated
from buildkit.extensions.result import Recording
from buildkit.model import Digest, Record
from buildkit.store.state import State

HEADERS = {"file /usr/include/a.h": Digest("a")}


def record(label: str, **outputs: str) -> Record:
    return Record(Digest("key"), {label: Digest("set")}, {path: Digest(each) for path, each in outputs.items()})


BEFORE = State(
    {"app.a": record("headers 1", a="1"), "app.b": record("headers 2")},
    {"app.a": ("+source x",), "app.b": ()},
    {"app.b": "no"},
    {"headers 1": HEADERS, "headers 2": HEADERS},
)


def test_what_is_not_named_stays() -> None:
    assert updated(BEFORE, {}) == BEFORE


def test_a_success_ends_a_failure() -> None:
    entry = Recording(record("headers 3", b="2"), ("-source y",), None, {"headers 3": HEADERS})

    after = updated(BEFORE, {"app.b": entry})

    assert after.records == {**BEFORE.records, "app.b": entry.record}
    assert after.probes == {"app.a": ("+source x",), "app.b": ("-source y",)}
    assert after.failures == {}
    assert after.headers.keys() == {"headers 1", "headers 3"}, "the set that nobody names is gone"
    assert BEFORE.failures == {"app.b": "no"}, "what was before is left as it was"


def test_what_would_not_happen_again_is_forgotten() -> None:
    after = updated(BEFORE, {"app.a": None, "app.b": None})

    assert after == State()
