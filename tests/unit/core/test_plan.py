from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from buildkit.core.fingerprint import digest_bytes, fingerprint
from buildkit.core.plan import NEVER_MADE, UNCHANGED, decide, why_changed
from buildkit.model import ABSENT, Action, Digest, Reason, Record

WORDS = st.text("abc/.", min_size=1, max_size=6)
NAMES = st.builds("{} {}".format, st.sampled_from(["source", "toolchain", "setting"]), WORDS)
FOUND = st.binary(max_size=2).map(digest_bytes)
PARTS = st.dictionaries(NAMES, FOUND | st.just(ABSENT), min_size=1, max_size=5)
OUTPUTS = st.dictionaries(WORDS, FOUND, max_size=3)


def made(parts: dict[str, Digest], outputs: dict[str, Digest]) -> Record:
    return Record(fingerprint(parts).key, parts, outputs)


@given(parts=PARTS, outputs=OUTPUTS)
def test_what_was_made_and_still_lies_there_is_left(parts: dict[str, Digest], outputs: dict[str, Digest]) -> None:
    step = decide("app", fingerprint(parts), made(parts, outputs), outputs)

    assert (step.action, step.reason) == (Action.LEAVE, UNCHANGED)


@given(parts=PARTS, outputs=OUTPUTS, data=st.data())
def test_any_change_of_one_part_is_seen_and_named(
    parts: dict[str, Digest], outputs: dict[str, Digest], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(parts)) | NAMES, "part")
    digest = data.draw((FOUND | st.just(ABSENT)).filter(lambda digest: digest != parts.get(name, ABSENT)), "digest")

    step = decide("app", fingerprint({**parts, name: digest}), made(parts, outputs), outputs)

    kind, _, detail = name.partition(" ")
    verb = "appeared" if parts.get(name, ABSENT) == ABSENT else "gone" if digest == ABSENT else "changed"
    assert (step.action, step.reason) == (Action.MAKE, Reason(f"{kind} {verb}", detail))


@given(parts=PARTS, outputs=OUTPUTS.filter(bool), data=st.data())
def test_an_output_that_is_missing_or_damaged_is_seen_and_named(
    parts: dict[str, Digest], outputs: dict[str, Digest], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(outputs)), "output")
    found = data.draw((FOUND | st.just(ABSENT)).filter(lambda digest: digest != outputs[path]), "found")

    step = decide("app", fingerprint(parts), made(parts, outputs), {**outputs, path: found})

    assert step.action is Action.MAKE
    assert step.reason == Reason("output missing" if found == ABSENT else "output damaged", path)


def test_an_output_that_nobody_looked_for_is_missing() -> None:
    parts = {"source app.py": digest_bytes(b"")}

    assert decide("app", fingerprint(parts), made(parts, {"app.so": digest_bytes(b"")}), {}).reason == Reason(
        "output missing", "app.so"
    )


def test_what_nobody_knows_is_made() -> None:
    step = decide("app", fingerprint({}), None, {})

    assert (step.subject, step.action, step.reason) == ("app", Action.MAKE, NEVER_MADE)


@given(parts=PARTS, then=st.none() | st.builds(made, PARTS, OUTPUTS))
def test_what_the_store_has_is_restored_and_for_the_same_reason(parts: dict[str, Digest], then: Record | None) -> None:
    now = fingerprint(parts)

    without = decide("app", now, then, {})
    stored = decide("app", now, then, {}, {now.key})
    other = decide("app", now, then, {}, {digest_bytes(b"another key")})

    assert stored.reason == without.reason
    assert stored.action is (Action.LEAVE if without.action is Action.LEAVE else Action.RESTORE)
    assert other == without


def test_of_several_changes_the_first_by_name_stands_for_all() -> None:
    one, other = digest_bytes(b"1"), digest_bytes(b"2")
    then = {"source b.py": one, "source a.py": one, "toolchain cython": one}
    now = {"source b.py": other, "source c.py": one, "toolchain cython": one}

    assert str(why_changed(now, then)) == "source gone: a.py and 2 more"


def test_a_file_that_was_looked_for_in_vain_and_is_still_not_there_has_not_changed() -> None:
    assert why_changed({"source a.pxd": ABSENT}, {}) == Reason("recorded under another key")


def test_a_name_does_not_command_the_terminal_that_it_is_printed_on() -> None:
    reason = why_changed({"input a\x1b[31m\n\udce9\u00e9": Digest("1")}, {})
    assert str(reason) == "input appeared: a\\x1b[31m\\n\\udce9\u00e9"
