from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from archives import KEYS, PLACE, X, contents, crafted

from buildkit.core.fingerprint import digest_bytes
from buildkit.model import Digest
from buildkit.store import archive
from buildkit.store.archive import Damaged
from buildkit.store.artifacts import CONTENT_DIFFERS, Store, action_text


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store(tmp_path / "empty", pytest.fail)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache.tar.gz"


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        f"./{PLACE}",
        "../../outside",
        "v1/blobs/../../../outside",
        f"v1/blobs/..//{KEYS[0]}",
        f"v1/blobs/{KEYS[0][:2]}/{KEYS[0]}/more",
        f"v1/blobs/ab/{KEYS[0]}",
        f"v1/actions/{KEYS[0][:2]}/{KEYS[0]}.z",
        f"v1/locks/ab/{KEYS[0]}",
        f"v1/blobs/ab/{KEYS[0]}\n",
        "README",
    ],
)
def test_a_name_that_is_no_entry_is_refused(tmp_path: Path, empty: Store, file: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Damaged, match=r"is no entry of a store|does not stay in its folder"):
        archive.unpack(empty, crafted(file, (name, b"evil")))

    assert sorted(set(tmp_path.rglob("*")) - {file}) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_links_and_folders_are_no_entries(empty: Store, file: Path, kind: bytes) -> None:
    with pytest.raises(Damaged):
        archive.unpack(empty, crafted(file, (PLACE, b""), kind=kind))

    assert not empty.folder.exists()


def test_an_action_without_its_output_is_not_taken(empty: Store, file: Path) -> None:
    text = action_text([{"key": KEYS[0]}, {"headers": [], "digest": "", "output": digest_bytes(b"nowhere")}])

    archive.unpack(empty, crafted(file, (PLACE, text)))

    assert contents(empty) == {}


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ((X, b"y"), "its content is not what its name says"),
        ((f"{X}.z", b"x"), "its content is not what its name says"),
        ((PLACE, b"no checksum"), "its content is not what its name says"),
        ((PLACE, action_text([])), "its content is not what its name says"),
        ((PLACE, action_text([{"key": KEYS[1]}, {"output": ""}])), "its content is not what its name says"),
        ((PLACE.replace("v1", "v2"), b""), "layout 2"),
    ],
)
def test_an_entry_that_is_not_what_it_says_is_refused(empty: Store, file: Path, member: Any, words: str) -> None:
    with pytest.raises(Damaged, match=words):
        archive.unpack(empty, crafted(file, member))

    assert contents(empty) == {}


@pytest.mark.parametrize("content", [b"", b"no archive at all", gzip.compress(b"not a tar" * 100, mtime=0)])
def test_what_is_no_archive_is_said_so(empty: Store, file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(Damaged):
        archive.unpack(empty, file)


# ------------------------------------------------------------------ somebody means harm


def refused(store: Store, file: Path, words: str) -> None:
    """Unpack, see that it is refused with these words, that nothing of it is kept, and that it takes little memory."""
    code = (
        "import resource, sys, pathlib\n"
        "from buildkit.store import archive\n"
        "from buildkit.store.artifacts import Store\n"
        "used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    archive.unpack(Store(pathlib.Path(sys.argv[1]), print), pathlib.Path(sys.argv[2]))\n"
        "except archive.Damaged as error:\n"
        "    print(error)\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 40_000, 'KiB'\n"
    )
    command = [sys.executable, "-c", code, str(store.folder.parent), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert words in done.stdout, done
    assert done.returncode == 0, done
    assert contents(store) == {}


def test_an_action_cannot_name_a_file_of_the_user(empty: Store, file: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for field in ("output", "c", "object"):
        text = action_text([{"key": KEYS[0]}, {field: str(victim)}])
        refused(empty, crafted(file, (PLACE, text)), CONTENT_DIFFERS)
    refused(empty, crafted(file, (PLACE, action_text([{"key": KEYS[0]}, {"outputs": [str(victim)]}]))), CONTENT_DIFFERS)

    assert victim.read_text() == "precious"


def test_an_entry_of_the_store_itself_cannot_name_one_either(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    said: list[str] = []
    harmed = Store(tmp_path / "harmed", said.append)
    harmed.path("actions", KEYS[0]).parent.mkdir(parents=True)
    harmed.path("actions", KEYS[0]).write_bytes(action_text([{"output": str(victim)}]))

    assert harmed.get(Digest(str(victim))) is None
    assert not harmed.has(Digest(str(victim)))
    assert harmed.entries(KEYS[0]) == []
    assert (len(said), victim.read_text()) == (1, "precious")


@pytest.mark.parametrize(
    "body",
    [
        f'[{{"key":"{KEYS[0]}"}},5]',
        "[" * 100_000,
        '[{"a":' * 500 + "1" + "}]" * 500,
        f'[{{"key":"{KEYS[0]}","key":"{KEYS[0]}"}}]',
        f'[{{"key":"{KEYS[0]}"}},{{"a":NaN}}]',
        f'[{{"key":"{KEYS[0]}"}},{{"a":1e999}}]',
        f'[{{"key":"{KEYS[0]}"}},{{"a":{"9" * 5000}}}]',
        f'[{{"key":"{KEYS[0]}"}},{{"a":"\\ud800"}}]',
        f'\ufeff[{{"key":"{KEYS[0]}"}},{{}}]',
        f'[{{"key":"{KEYS[0]}"}},{{"outputs":{{}}}}]',
        "{}",
        "5",
    ],
)
def test_odd_json_is_refused(empty: Store, file: Path, body: str) -> None:
    text = f"{digest_bytes(body.encode())}\n{body}".encode()

    with pytest.raises(Damaged, match=CONTENT_DIFFERS):
        archive.unpack(empty, crafted(file, (PLACE, text)))

    assert contents(empty) == {}


def test_a_text_of_zeros_without_end_is_given_up(empty: Store, file: Path) -> None:
    packer, whole, parts = zlib.compressobj(9), hashlib.sha256(), []
    for _ in range(400):
        whole.update(bytes(1 << 20))
        parts.append(packer.compress(bytes(1 << 20)))
    digest = whole.hexdigest()
    name = f"v1/blobs/{digest[:2]}/{digest}.z"
    refused(empty, crafted(file, (name, b"".join([*parts, packer.flush()]))), "it unpacks to far more than it holds")


def test_a_member_of_zeros_without_end_is_given_up(empty: Store, file: Path) -> None:
    head = tarfile.TarInfo(X)
    head.size = 511 << 20
    with gzip.open(file, "wb", 9) as packed:
        packed.write(head.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(300):
            packed.write(bytes(1 << 20))
    refused(empty, file, "it unpacks to far more than it holds")


def test_headers_without_end_are_given_up(empty: Store, file: Path) -> None:
    head = tarfile.TarInfo(X)
    with gzip.open(file, "wb", 1) as packed:
        packed.write(head.tobuf(tarfile.USTAR_FORMAT) * 2)
    refused(empty, file, CONTENT_DIFFERS)


def block(name: str, kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    """One header with its content, of a kind that the suite does not write."""
    head = tarfile.TarInfo(name)
    head.type, head.size = kind, len(content) if size is None else size
    return head.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


@pytest.mark.parametrize(
    "blocks",
    [
        block("././@LongLink", b"L", b"abc\0") * 2000 + block(X, b"0"),
        block("p", b"x", b"10 size=x\n") + block(X, b"0"),
        block("p", b"x", b"9999999999 path=x\n") + block(X, b"0"),
        block("p", b"x", b"path\n") + block(X, b"0"),
        block("p", b"x", b"22 GNU.sparse.major=1\n") + block(X, b"0"),
        block("p", b"x", b"12 path=a/b\n" * 2) + block(X, b"0"),
        block("p", b"x", b"14 path=../../x\n") + block(X, b"0"),
        block("p", b"x", size=1 << 30),
        block("p", b"x", b"12 path=a/b\n") * 2 + block(X, b"0"),
        block("g", b"g", b"12 path=a/b\n") + block(X, b"0"),
        block(X, b"S", size=7 << 30),
        block(X, b"7"),
        block(X, b"K", b"/etc/passwd\0") + block(X, b"1"),
        block(X, tarfile.CHRTYPE),
        block(X, tarfile.BLKTYPE),
        block(X, b"0", b"x") * 2,
        block(X, b"0", b"x").replace(b"ustar\x0000", b"ustar  \0"),
        block(X, b"0", b"x")[:-1] + b"\1" + bytes(1024) + b"more",
        b"\1" * 512,
    ],
)
def test_what_no_pack_of_the_suite_has_written_is_refused(empty: Store, file: Path, blocks: bytes) -> None:
    with gzip.open(file, "wb") as packed:
        packed.write(blocks + bytes(1024))

    with pytest.raises(Damaged):
        archive.unpack(empty, file)

    assert {name for name in contents(empty) if "actions" in name} == set()


def test_a_pipe_is_no_archive(empty: Store, file: Path) -> None:
    os.mkfifo(file)

    with pytest.raises(Damaged, match="no regular file"):
        archive.unpack(empty, file)
