"""A volume that comes from somewhere else: manifests, records, journals, leases, and what lies beside them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from odd import NOISE, TEXTS, changed, documents, written
from running import emptied, inputs, survives

from buildkit.core import untrusted
from buildkit.data.stages.digests import Digests
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.status import look, scrub
from buildkit.data.volume import (
    claims,
    current_link,
    deleting,
    generations,
    isolation,
    journal,
    lease,
    outputs,
    switching,
    unfinished,
)
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume.manifest import Manifest, Piece, StageRecord
from buildkit.doors import clock
from buildkit.model import Digest
from buildkit.trees import comparing, entry, sealing
from buildkit.trees.entry import File

MADE = 1_700_000_000
KEY = Digest("ab" * 32)
TEXT = b"content\n"
WHOLE = File(len(TEXT), Digest(hashlib.sha256(TEXT).hexdigest()), MADE * 10**9)
FILES = {
    "out/a.txt": WHOLE,
    "out/deep/b.txt": WHOLE,
    "out/run": File(len(TEXT), WHOLE.digest, MADE * 10**9, entry.EXECUTABLE),
    "out/empty": File(0, entry.EMPTY, 0, entry.FOLDER),
    "out/link": File(0, entry.EMPTY, 0, f"{entry.LINK}a.txt"),
}
RECORD = StageRecord("read", KEY, {"input x": KEY}, FILES, MADE, 1.0)
PIECES = StageRecord("cut", KEY, {}, {"cut/a": WHOLE}, MADE, 1.0, pieces={"item a": Piece(KEY, ("cut/a",), MADE, 0.5)})
NAME = "000007-20260101T000000"
MANIFEST = Manifest(NAME, 7, MADE, {"read": RECORD, "cut": PIECES})
BODY = json.loads(manifests.text_of(MANIFEST))["manifest"]
HEAD = '{"checksum":"%s","manifest":'


def sealed(body: bytes) -> bytes:
    """Return the file of a manifest with this body; its checksum is right."""
    return f'{{"checksum":"{hashlib.sha256(body).hexdigest()}","manifest":'.encode() + body + b"}"


def _stays(record: StageRecord) -> None:
    for path in record.files:
        assert untrusted.path(path) == path
        assert not path.startswith(".")
    untrusted.name(record.name)


@inputs(quick=125, night=14000)
@given(documents(BODY, seal=sealed))
def test_a_manifest_is_one_of_the_suite_or_is_none(room: Path, content: bytes) -> None:
    (emptied(room) / "manifest.json").write_bytes(content)
    with contextlib.suppress(manifests.NewerSchema):
        found = survives(room, lambda: generations.load(room))
        if found is not None:
            assert manifests.parse(manifests.text_of(found)) == found
            for record in found.stages.values():
                _stays(record)


@inputs(quick=60, night=8000)
@given(documents(json.loads(manifests.stage_text(RECORD)), json.loads(manifests.stage_text(PIECES))))
def test_a_record_is_one_of_the_suite_or_is_none(room: Path, content: bytes) -> None:
    found = survives(room, lambda: manifests.parse_stage(content.decode(errors="replace")))
    if found is not None:
        assert manifests.parse_stage(manifests.stage_text(found)) == found
        _stays(found)


LINE = ["item a", manifests.piece_values(PIECES.pieces["item a"]), manifests.files_values(PIECES.files)]
FIRST = manifests.stage_text(StageRecord("cut", KEY, {}, {}, MADE, 1.0)).encode()


@inputs(quick=60, night=8000)
@given(st.lists(documents(LINE), max_size=3), documents(json.loads(FIRST)) | st.just(FIRST))
def test_a_journal_names_whole_pieces_alone(room: Path, lines: list[bytes], first: bytes) -> None:
    (emptied(room) / "cut.pieces").write_bytes(b"\n".join([first, *lines, b""]))
    found = survives(room, lambda: journal.read(room / "cut.pieces"))
    if found is not None:
        _stays(found)
        assert {path for piece in found.pieces.values() for path in piece.files} == found.files.keys()


INPUTS = {"files": {"/a/b": [1, 2, 3, 4, KEY]}, "imports": {KEY: [[0, "app", ["x"]]]}}


@inputs(quick=60, night=8000)
@given(documents(INPUTS))
@example(json.dumps({"files": {}, "imports": []}).encode())
def test_what_is_known_of_inputs_is_of_use_or_is_nothing(room: Path, content: bytes) -> None:
    (emptied(room) / "inputs.json").write_bytes(content)

    def use() -> None:
        known = Digests(room / "inputs.json")
        known.of(room / "inputs.json")
        known.of("/a/b")
        for _, module, names in known.imports(KEY) or ():
            assert isinstance(module, str)
            assert all(isinstance(name, str) for name in names)
        known.keep_imports(KEY, [(0, "app", ("x",))])
        known.save()

    survives(room, use)


@inputs(quick=50, night=6000)
@given(NOISE | st.sampled_from(TEXTS).map(lambda text: text.encode(errors="surrogatepass")))
@example(b"nan\n")
@example(b"inf\n")
def test_when_all_was_read_is_a_moment(room: Path, content: bytes) -> None:
    (emptied(room) / "read").write_bytes(content)
    found = survives(room, lambda: scrub.last_read(room, MANIFEST))
    assert found is not None
    assert MADE <= found <= 1e12


@inputs(quick=50, night=6000)
@given(
    documents({"host": "api-7", "pid": 41, "since": MADE}),
    st.lists(st.sampled_from([*TEXTS[:30], "9" * 200]) | st.text()),
)
def test_whoever_holds_the_lease_is_named_in_a_line(room: Path, content: bytes, names: list[str]) -> None:
    (emptied(room) / "leases").mkdir()
    for name in (*names, "000009", "\u0661\u0662"):
        with contextlib.suppress(OSError, ValueError):  # what leads outside is not written by this test, either
            if "/" in name:
                continue
            (room / "leases" / f"{name}.json").write_bytes(content)
    words = survives(room, lambda: claims.describe(room))
    assert words
    assert words.isprintable()
    with contextlib.suppress(lease.AlreadyClaimed):
        survives(room, lambda: _work(room))


def _work(room: Path) -> None:
    holder = lease.Lease(room, claims.highest(room))
    try:
        holder.claim()
        assert generations.number_of(switching.new(room, holder.number, MADE)) == holder.number
    finally:
        holder.end()


# ------------------------------------------------------------------ what a stage did not see


@inputs(quick=75, night=8000)
@given(documents(["out/", "other/b.txt"]) | st.lists(st.sampled_from(TEXTS)).map(lambda each: written(each).encode()))
@example(b'["../../../../victim"]')
@example(b'["/nowhere/victim"]')
@example(b'["."]')
@example(b"5")
@example(b"[5]")
@example(b"[" * 3000)
def test_what_was_hidden_comes_back_into_its_generation_alone(room: Path, content: bytes) -> None:
    place = emptied(room) / f"{NAME}.partial"
    hidden = outputs.sidecar_of(place) / "hidden"
    hidden.mkdir(parents=True)
    place.mkdir()
    for number in range(4):
        (hidden / str(number)).write_text("x")
    (outputs.sidecar_of(place) / "hidden.list").write_bytes(content)
    (room / "kept").write_text("x")
    survives(room, lambda: isolation.put_back(place))
    assert place.is_dir()
    assert (room / "kept").exists()
    assert {each.name for each in room.iterdir()} == {place.name, outputs.sidecar_of(place).name, "kept"}


# ------------------------------------------------------------------ a whole volume


PLACES = ("out", "out/a.txt", "out/deep", "out/deep/b.txt", "out/run", "out/empty", "out/link", "cut", "cut/a", "new")
LEADS = (
    "..",
    "../..",
    "../../..",
    "../../../..",
    "../../../../victim",
    "/nowhere",
    "a.txt",
    ".",
    "loop",
    "deep",
    "out",
)


def _lay(place: Path) -> None:
    for path, file in FILES.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file:
            target.write_bytes(TEXT)
            target.chmod(0o555 if file.kind else 0o444)
            os.utime(target, ns=(file.modified, file.modified))
        else:
            sealing.make_folder_or_link(file, target)
    (place / "cut").mkdir()
    (place / "cut/a").write_bytes(TEXT)
    os.utime(place / "cut/a", ns=(WHOLE.modified, WHOLE.modified))


@st.composite
def volumes(draw: Any) -> list[tuple[str, str, Any]]:
    """Give what is done to a volume that is well: links, folders and contents in places where others are."""
    older, part = f"generations/{NAME}", "generations/000008-20260102T000000.partial"
    aside = f"generations/.{Path(part).name}.aside"
    whole = [f"{top}/{path}" for top in (older, part) for path in PLACES]
    own = ["current", older, part, aside, "leases", "read", "inputs.json", "pull", "lease.lock"]
    records = [f"{aside}/read.json", f"{aside}/cut.pieces", f"{aside}/hidden.list", f"{older}/manifest.json"]
    acts = []
    for _ in range(draw(st.integers(1, 3))):
        act = draw(st.sampled_from(["link", "link", "folder", "content", "record", "manifest", "manifest", "gone"]))
        place = draw(st.sampled_from([*whole, *whole, *own, *records, "generations/000009-20260101T000000"]))
        if act == "link":
            acts.append((act, place, draw(st.sampled_from(LEADS))))
        elif act == "content":
            acts.append((act, draw(st.sampled_from([*whole, *records])), draw(NOISE)))
        elif act == "record":
            acts.append((act, f"{aside}/read.json", draw(documents(json.loads(manifests.stage_text(RECORD))))))
        elif act == "manifest":
            body = draw(changed(BODY).map(lambda value: written(value).encode(errors="surrogatepass")))
            acts.append(("content", f"{older}/manifest.json", sealed(body)))
        else:
            acts.append((act, place, None))
    return acts


def _done(room: Path, acts: list[tuple[str, str, Any]]) -> None:
    for act, name, what in acts:
        place = room / name
        with contextlib.suppress(OSError):
            if not Path(os.path.realpath(place.parent)).is_relative_to(room):
                continue
            if act in {"link", "folder", "gone"} and (place.is_symlink() or place.exists()):
                place.rename(room / f"was-{len(os.listdir(room))}")
            if act == "link":
                place.symlink_to(what)
            elif act == "folder":
                place.mkdir()
            elif act != "gone" and not place.is_symlink():
                place.unlink(missing_ok=True)
                place.write_bytes(what)


@inputs(quick=40, night=6000)
@given(volumes())
@example([("link", f"generations/{NAME}/out", "../../../..")])
@example([("link", f"generations/{NAME}", "../..")])
@example([("link", f"generations/{NAME}/out", "../../.."), ("link", f"generations/{NAME}/cut", "/nowhere")])
@example([("link", f"generations/{NAME}/out/deep", "../../../../..")])
def test_a_volume_is_used_put_in_order_and_cleared_without_a_look_outside(
    room: Path, acts: list[tuple[str, str, Any]]
) -> None:
    folder = emptied(room) / "volume"
    older = folder / "generations" / NAME
    _lay(older)
    (older / "manifest.json").write_text(manifests.text_of(MANIFEST))
    part = folder / "generations/000008-20260102T000000.partial"
    _lay(part)
    outputs.sidecar_of(part).mkdir()
    unfinished.keep_record(part, RECORD)
    (folder / "current").symlink_to(f"generations/{NAME}")
    _done(folder, acts)
    for each in ("a.txt", "link", "run", "manifest.json", "deep", "empty", "hidden.list"):
        (room / each).write_text("precious")  # under the names that a way out would meet
        (room / each).chmod(0o600)
    before = _around(room)
    pipeline = Pipeline(
        folder,
        folder,
        folder,
        (Stage("read", ("true",), outputs=("out/",)), Stage("cut", ("true",), outputs=("cut/",))),
    )

    def use() -> None:
        look.look(pipeline, {}, Digests(folder / "inputs.json"), clock.now())
        with lease.held(folder, wait=None) as holder:
            current_link.repair(folder, holder, lambda _: None)
            switching.restore_metadata(folder)
            holder.claim()
            fresh = switching.new(folder, 50, MADE)
            for place, record in unfinished.recorded_stages(folder, fresh):
                if comparing.on_disk(record.files, place, None) == record.outputs:
                    outputs.share(record, place, fresh)
                    sealing.share_equal(record.files, record.files, place, fresh, outputs.sidecar_of(fresh))
            for place in deleting.deletable(folder, below=60):
                generations.is_whole(place)
            deleting.tidy(folder, None)
        deleting.remove_all(folder)

    with contextlib.suppress(
        lease.AlreadyClaimed, manifests.NewerSchema, OSError
    ):  # a disk's refusals are worded elsewhere
        survives(folder, use, seconds=10)
    assert _around(room) == before


def _around(room: Path) -> dict[str, tuple[int, int, str]]:
    found = {}
    for place in room.iterdir():
        about = place.lstat()
        if place.name != "volume" and not place.name.startswith("was-"):
            found[place.name] = (about.st_mode, about.st_mtime_ns, place.read_text() if place.is_file() else "")
    return found


def test_the_targets_above_begin_with_what_the_suite_wrote(room: Path) -> None:
    """Without changes each is taken: else nothing of it would be tried but the refusal."""
    assert manifests.parse(sealed(json.dumps(BODY, separators=(",", ":")).encode()).decode()) == MANIFEST
    _lay(room / NAME)
    assert all(comparing.on_disk(each.files, room / NAME, None) == each.outputs for each in (RECORD, PIECES))
    (room / "journal").write_text("\n".join([FIRST.decode(), json.dumps(LINE), ""]))
    assert journal.read(room / "journal") == PIECES
