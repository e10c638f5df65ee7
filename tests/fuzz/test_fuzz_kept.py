"""What a checkout and the machine's store keep, as somebody else could have written it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from odd import NOISE, TEXTS, VALUES, changed, documents, harmed, written
from running import emptied, inputs, survives

from buildkit.compile.mypyc import cache as mypyc_cache
from buildkit.compile.suffix import own_suffix
from buildkit.core import untrusted
from buildkit.doors import locks
from buildkit.extensions.entries import FIELDS, checked_entries
from buildkit.extensions.mypyc.translation import texts_of
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.image import measure
from buildkit.model import Digest, Outcome, Reason, Record, Report
from buildkit.report.console import Console
from buildkit.store import archive, inventory, output_journal, own_outputs, prune, snapshot, state, verify
from buildkit.store.artifacts import Store, action_text
from buildkit.trees import tar

KEY = Digest("ab" * 32)
BLOB = b"int answer(void) { return 42; }\n" * 20
NAME = Digest(hashlib.sha256(BLOB).hexdigest())
ENDING = ".cpython-311-x86_64-linux-gnu.so"


def sealed(body: bytes) -> bytes:
    """Return a file of the suite with this body: its checksum is right."""
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


# ------------------------------------------------------------------ the state


STATE = json.loads(
    state.text(
        state.State(
            records={
                "app.fast": Record(KEY, {"source app/fast.pyx": KEY, "headers 1": KEY}, {f"app/fast{ENDING}": KEY}),
                "app.slow": Record(KEY, {"source app/slow.py": KEY}, {}),
            },
            probes={"app.fast": ("-app/fast.pxd", "+app/limit.h"), "app.slow": ()},
            failures={"app.slow": "app/slow.py:1: no"},
            headers={"headers 1": {"app/limit.h": KEY}},
        )
    ).partition(b"\n")[2]
)
IMAGES = json.loads(
    state.text(
        state.State(records={"api": Record(KEY, {"context a": KEY}, {"api:1": Digest(f"sha256:{KEY}")})})
    ).partition(b"\n")[2]
)


@inputs(quick=125, night=12000)
@given(documents(STATE, IMAGES, seal=sealed), st.sampled_from([own_outputs.require_own, measure.recorded_image]))
def test_a_state_is_one_of_the_suite_or_counts_as_none(room: Path, content: bytes, owns: state.Owns) -> None:
    found = survives(room, lambda: state.parse(content, owns))
    assert found is not None
    again = state.parse(state.text(found), owns)
    assert (again.records, again.probes, again.failures) == (found.records, found.probes, found.failures)
    for record in found.records.values():
        assert all(untrusted.path(path) for path in record.outputs) or owns is measure.recorded_image


@inputs(quick=75, night=8000)
@given(documents([["app.fast", f"app/fast{ENDING}", KEY]]), st.booleans())
def test_what_was_begun_names_extensions_alone(room: Path, content: bytes, right: bool) -> None:
    lines = [
        f"{hashlib.sha256(line.encode(errors='replace')).hexdigest()[:16]} ".encode() + line.encode(errors="replace")
        if right
        else line.encode(errors="replace")
        for line in content.decode(errors="replace").removeprefix("[").removesuffix("]").split("\n")
    ]
    (emptied(room) / "begun").write_bytes(b"\n".join(lines))
    found = survives(room, output_journal.OutputJournal(room / "begun").read)
    for subject, files in (found or {}).items():
        assert all(own_outputs.require_own(subject, path, digest) == (path, digest) for path, digest in files)


# ------------------------------------------------------------------ what the last look saw


def _seen(header: Any, paths: bytes, numbers: bytes, digests: bytes) -> bytes:
    return sealed(written(header).encode(errors="surrogatepass") + b"\n" + paths + numbers + digests)


LOOK = {
    "asked by": KEY,
    "variables": ["CC", "PATH"],
    "machine": [*os.uname()],
    "schema": "buildkit.compile/1",
    "facts": {"profile": "dev"},
    "row": "module",
    "rows": ["app.fast", ["app.slow", "kept", "stays Python", "", "no compiler"]],
}
HEADER = {"schema": 1, "files": 1, "folders": 1, "found": LOOK}


@inputs(quick=100, night=12000)
@given(
    changed(HEADER, {**HEADER, "found": {"facts": {"cc /usr/bin/cc": ["gcc", "13"]}}}),
    st.sampled_from([b"/a/b.py\0/a\0", b"\0\0", b"", b"/a\0", b"\xff\xff\0/" + b"n" * 5000 + b"\0"]),
    st.binary(min_size=60, max_size=66) | st.just(bytes(64)),
    st.sampled_from([64, 63, 32, 0]).map(bytes),
    st.data(),
)
def test_what_was_seen_is_read_or_counts_as_none(
    room: Path, header: Any, paths: bytes, numbers: bytes, digests: bytes, data: st.DataObject
) -> None:
    content = data.draw(st.just(_seen(header, paths, numbers, digests)) | harmed(st.just(_seen(LOOK, b"", b"", b""))))
    (emptied(room) / "seen").write_bytes(content)

    def look() -> snapshot.Snapshot:
        found = snapshot.read(room / "seen")
        found.rows()
        found.touched()
        snapshot.write(room / "again", found)
        return found

    found = survives(room, look)
    assert found is not None
    again = snapshot.read(room / "again")
    assert ([*again.paths], again.stamps) == ([*found.paths], found.stamps)


class _Known(UpToDateCheck):
    """A check by somebody who knows with which variables and which Python the suite runs here."""

    def _asked_by(self, variables: list[str]) -> Digest:
        del variables
        return KEY


@inputs(quick=100, night=12000)
@given(changed(LOOK))
def test_a_check_comes_to_what_can_be_said_or_to_nothing(room: Path, found: Any) -> None:
    work = emptied(room) / ".buildkit"
    work.mkdir()
    (room / "pyproject.toml").touch()
    header = {"schema": 1, "files": 0, "folders": 0, "found": found}
    snapshot.file_in(work, own_suffix()).write_bytes(_seen(header, b"", b"", b""))

    def checked() -> Report | None:
        report = _Known(room, {}, "").report()
        for as_json in (True, False) if report else ():
            console = Console({}, as_json=as_json, talk=io.StringIO(), out=io.StringIO())
            for row in report.outcomes if report else ():
                console.outcome(row)
            console.result(report or Report("", (), 0.0), ["compiled"])
        return report

    survives(room, checked)


# ------------------------------------------------------------------ the store


ENTRY = {
    "output": NAME,
    "object": KEY,
    "c": NAME,
    "headers": ["app/limit.h"],
    "digest": "",
    "words": "",
    "read": {"app/fast.pyx": KEY},
    "probes": ["-app/x.pxd"],
    "asks": {"language": "c", "include": ["a"]},
    "units": {"app.fast": {"texts": {"fast.c": KEY}, "beside": {"fast.h": KEY}}},
    "outputs": [NAME],
}


@inputs(quick=75, night=8000)
@given(documents([ENTRY], [{"key": KEY}, ENTRY], seal=sealed), st.lists(st.sampled_from(sorted(FIELDS)), max_size=4))
def test_an_action_names_blobs_alone(room: Path, content: bytes, names: list[str]) -> None:
    store = Store(emptied(room), lambda _: None)
    place = store.path("actions", KEY)
    place.parent.mkdir(parents=True)
    place.write_bytes(content)

    def use() -> None:
        for entry in inventory.read_inventory(store.folder).actions:
            [*prune.blobs_named(entry)]
        for made in checked_entries(store, KEY, *names):
            for blob in ("output", "object", "c"):
                store.get(Digest(made.get(blob, "")))
        for _ in verify.verify(store, inventory.read_inventory(store.folder)):
            pass
        store.add(KEY, {"output": NAME})
        assert store.entries(KEY)[0] == {"output": NAME}

    survives(room, use)


@inputs(quick=50, night=6000)
@given(
    harmed(st.sampled_from([BLOB, zlib.compress(BLOB), b"", gzip.compress(BLOB)])), st.sampled_from(["", ".z", ".o"])
)
def test_a_blob_is_what_its_name_says_or_is_none(room: Path, content: bytes, ending: str) -> None:
    store = Store(emptied(room), lambda _: None)
    place = store.path("blobs", NAME, ending)
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    assert survives(room, lambda: store.get(NAME)) in {None, BLOB}


@inputs(quick=40, night=4000)
@given(documents({"texts": {"a.c": "int x;", "a.h": ""}, "units": {}}))
def test_a_bundle_of_texts_gives_texts_under_their_digests(room: Path, content: bytes) -> None:
    found = survives(room, lambda: texts_of(content))
    assert all(hashlib.sha256(text).hexdigest() == name for name, text in (found or {}).items())


@inputs(quick=40, night=4000)
@given(documents({"basis": ["1"], "files": {}, "units": {}}))
@example(b"[" * 5000)
def test_what_mypy_left_is_of_use_or_is_nothing(room: Path, content: bytes) -> None:
    (emptied(room) / "manifest.json").write_bytes(content)
    found = survives(room, lambda: mypyc_cache.recall(room, ["1"]))
    assert found is not None
    assert found.get("basis", ["1"]) == ["1"]


SIGNED = {"host": os.uname().nodename, "space": "pid:[1]", "pid": 1, "command": "invoke compile", "since": 1.7e9}


@inputs(quick=50, night=6000)
@given(documents(SIGNED))
@example(json.dumps({**SIGNED, "since": 1e300}).encode())
@example(json.dumps({**SIGNED, "since": float("nan")}).encode())
@example(json.dumps({**SIGNED, "command": "\x1b[2Jinvoke\n"}).encode())
def test_whoever_signed_a_lock_is_named_in_a_line(room: Path, content: bytes) -> None:
    (emptied(room) / "lock").write_bytes(content)
    words = survives(room, lambda: locks.describe(room / "lock"))
    assert words
    assert words.isprintable()
    assert len(words) < 1000


# ------------------------------------------------------------------ archives


def _packed(members: list[tuple[str, bytes, Mapping[str, Any]]], ending: bytes = tar.ENDING) -> bytes:
    """Return a tar; the mapping says which bytes of a header are others, its checksum is right all the same."""
    out = b""
    for name, content, other in members:
        try:
            head = bytearray(tar.header(name, len(content), 0o444))
        except ValueError:
            continue
        block = memoryview(head)[-512:]
        for at, field in other.items():
            block[int(at) : int(at) + len(field)] = field
        block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 8 * 32)
        out += bytes(head) + content + tar.padding(len(content))
    return out + ending


FIELDS_OF_A_HEADER = st.dictionaries(
    st.sampled_from(["0", "100", "124", "156", "157", "257", "265", "329", "345"]),
    st.sampled_from(
        [
            b"0",
            b"1",
            b"2",
            b"5",
            b"S",
            b"x",
            b"g",
            b"L",
            b"../../victim\0",
            b"/etc/x\0",
            b"77777777777\0",
            b"\x80",
            b"-1",
        ]
    ),
    max_size=2,
)
ENTRIES = [f"v1/blobs/{NAME[:2]}/{NAME}", f"v1/blobs/{NAME[:2]}/{NAME}.z", f"v1/actions/{KEY[:2]}/{KEY}"]
ACTION = action_text([{"key": KEY}, {"output": NAME}])
CONTENTS = st.sampled_from([BLOB, zlib.compress(BLOB), ACTION, b"", zlib.compress(bytes(4 << 20))]) | documents(
    [{"key": KEY}, ENTRY], seal=sealed
)
MEMBERS = st.lists(
    st.tuples(
        st.sampled_from(ENTRIES) | st.sampled_from(TEXTS) | st.sampled_from(ENTRIES).map(lambda name: f"../{name}"),
        CONTENTS,
        FIELDS_OF_A_HEADER | st.just({}),
    ),
    max_size=3,
)
PAIRS: st.SearchStrategy[Any] = st.sampled_from(
    [
        [(ENTRIES[0], BLOB, {}), (ENTRIES[2], ACTION, {})],
        [(ENTRIES[1], zlib.compress(BLOB), {}), (ENTRIES[2], ACTION, {})],
    ]
)
TARS = st.builds(_packed, PAIRS | MEMBERS, st.sampled_from([tar.ENDING, b"", bytes(512), bytes(20000), b"x" * 1024]))


@inputs(quick=100, night=12000)
@given(st.one_of(harmed(TARS).map(lambda each: gzip.compress(each, 1)), harmed(TARS.map(gzip.compress)), NOISE))
def test_an_archive_brings_whole_entries_or_is_damaged(room: Path, content: bytes) -> None:
    source = room.parent / "archive"
    source.write_bytes(content)
    store = Store(emptied(room), lambda _: None)

    def unpack() -> None:
        try:
            archive.unpack(store, source)
        except archive.Damaged as damaged:
            assert str(damaged).isprintable()
        assert [*verify.verify(store, inventory.read_inventory(store.folder), delete=False)] == []

    try:
        survives(room, unpack)
    finally:
        source.unlink()
    for place in room.rglob("*"):
        assert not place.is_symlink()
        assert place.is_dir() or place.relative_to(room).as_posix() in ENTRIES


@inputs(quick=75, night=10000)
@given(harmed(TARS) | NOISE)
def test_a_tar_gives_plain_files_or_is_odd(room: Path, content: bytes) -> None:
    def read() -> list[tar.Member]:
        reader = tar.Reader(io.BytesIO(content).read)
        found = []
        try:
            for member in reader:
                assert untrusted.path(member.name) == member.name
                assert sum(map(len, reader.content())) == member.size
                found.append(member)
        except untrusted.Odd as odd:
            assert str(odd).isprintable()
        return found

    found = survives(room, read) or []
    assert len({member.name for member in found}) == len(found)


@inputs(quick=100, night=20000)
@given(documents(ENTRY, LOOK, STATE) | VALUES.map(lambda value: written(value).encode(errors="surrogatepass")))
def test_json_has_one_reading_or_is_odd(room: Path, content: bytes) -> None:
    def read() -> Any:
        try:
            return untrusted.json_of(content)
        except untrusted.Odd as odd:
            assert str(odd).isprintable()
            return None

    found = survives(room, read)
    assert untrusted.json_of(json.dumps(found)) == found


def test_the_targets_above_begin_with_what_the_suite_wrote(room: Path) -> None:
    """Without changes each is taken: else nothing of it would be tried but the refusal."""
    whole = state.parse(sealed(json.dumps(STATE).encode()))
    assert [*whole.records] == ["app.fast", "app.slow"]
    assert state.parse(sealed(json.dumps(IMAGES).encode()), measure.recorded_image).records.keys() == {"api"}
    (room / "archive").write_bytes(gzip.compress(_packed([(ENTRIES[0], BLOB, {}), (ENTRIES[2], ACTION, {})])))
    assert archive.unpack(store := Store(room / "store", print), room / "archive").actions == 1
    assert len(checked_entries(store, KEY, "output")) == 1
    (room / "seen").write_bytes(_seen(HEADER, b"/a/b.py\0/a\0", bytes(64), bytes(64)))
    assert [*snapshot.read(room / "seen").paths] == ["/a/b.py", "/a"]
    assert Outcome("app.fast", "fresh", Reason("unchanged")).subject
    assert sys.getrecursionlimit() < 3000
