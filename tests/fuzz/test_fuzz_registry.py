"""What a registry answers, byte by byte, and what lies in it; what Docker's settings say of who one is."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import json
import os
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from odd import TEXTS, changed, documents, harmed, written
from running import emptied, inputs, survives

from buildkit.core import untrusted
from buildkit.data.artifact.layers import CONFIG, LAYER, STAGE
from buildkit.data.artifact.pull import pull as pull_artifact
from buildkit.data.volume import generations
from buildkit.data.volume import manifest as manifests
from buildkit.data.volume.manifest import Manifest, StageRecord
from buildkit.errors import DataError
from buildkit.model import Digest
from buildkit.registry import exchange, patience, upload
from buildkit.registry.client import Repository
from buildkit.registry.credentials import credentials
from buildkit.registry.failure import Failure
from buildkit.registry.reference import digest_of, parse
from buildkit.registry.session import Session
from buildkit.trees import entry, tar
from buildkit.trees.entry import File

WHERE = "localhost:1/team/data:latest"
MADE = 1_700_000_000
BODY = b"content\n"
WHOLE = File(len(BODY), Digest(hashlib.sha256(BODY).hexdigest()), MADE * 10**9)
FILES = {
    "out/a.txt": WHOLE,
    "out/run": File(len(BODY), WHOLE.digest, MADE * 10**9, entry.EXECUTABLE),
    "out/empty": File(0, entry.EMPTY, 0, entry.FOLDER),
    "out/link": File(0, entry.EMPTY, 0, f"{entry.LINK}a.txt"),
}
RECORD = StageRecord("read", Digest("ab" * 32), {}, FILES, MADE, 1.0)
MANIFEST = json.loads(manifests.text_of(Manifest("000001-x", 1, MADE, {"read": RECORD})))["manifest"]
MEMBERS = ["out/a.txt", "out/run"]


def name_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Kept:
    """Stands for a registry: what it has, each blob checked as the client checks it."""

    def __init__(self, manifest: bytes, blobs: dict[str, bytes]) -> None:
        self._manifest, self._blobs = manifest, blobs

    def manifest(self) -> tuple[bytes, str]:
        return self._manifest, name_of(self._manifest)

    def blob(self, digest: str, size: int) -> bytes:
        return self._blobs.get(digest, b"")[:size]

    def download(self, digest: str, size: int, target: Path, hear: Callable[[int], None]) -> int:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._blobs.get(digest, b""))
        hear(min(size, 1))
        return min(size, 1)


def worded(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except Failure as failure:
        raise DataError(failure.message, hint=failure.hint) from None


def _layer(names: list[str]) -> bytes:
    out = b""
    for name in names:
        with contextlib.suppress(ValueError):
            out += tar.header(name, len(BODY), 0o444) + BODY + tar.padding(len(BODY))
    return out + tar.ENDING


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two tries."""
    monkeypatch.setattr(patience, "_sleep", lambda seconds: None)


BODIES = st.just(MANIFEST) | changed(MANIFEST)
LAYERS = (
    st.just(_layer(MEMBERS))
    | st.lists(
        st.sampled_from([*MEMBERS, *MEMBERS, *TEXTS[:30], "out/link/x", "out/empty/x", "out/link"]), max_size=4
    ).map(_layer)
    | harmed(st.just(_layer(MEMBERS)))
)


@inputs(quick=100, night=6000)
@given(BODIES, LAYERS, st.data())
def test_an_artefact_is_a_generation_or_is_said_to_be_odd(
    room: Path, body: Any, layer: bytes, data: st.DataObject
) -> None:
    text = written(body).encode(errors="surrogatepass")
    config = f'{{"checksum":"{hashlib.sha256(text).hexdigest()}","manifest":'.encode() + text + b"}"
    about = {
        "schemaVersion": 2,
        "config": {"mediaType": CONFIG, "digest": name_of(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": name_of(layer), "size": len(layer), "annotations": {STAGE: "read"}}],
    }
    index = data.draw(st.just(written(about).encode()) | documents(about))
    emptied(room)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "buildkit.data.artifact.pull.Repository",
            lambda *_: Kept(index, {name_of(config): config, name_of(layer): layer}),
        )
        found = survives(room, lambda: pull_artifact(room, parse(WHERE), {}, lambda _: None, lambda _: None), 10)
    if found is not None:
        here = generations.current(room)
        assert here is not None
        assert generations.is_whole(here)
        for path in here.rglob("*"):
            assert path.resolve().is_relative_to(here.resolve())


# ------------------------------------------------------------------ answers as bytes


HEADS = st.lists(
    st.builds(
        lambda name, value: f"{name}: {value}\r\n".encode("latin-1", "replace"),
        st.sampled_from(
            [
                *("Content-Length", "Transfer-Encoding", "Content-Encoding", "Location", "Range", "Content-Range", "X"),
                *("WWW-Authenticate", "WWW-Authenticate", "Retry-After", "Retry-After", "Connection", "", " folded"),
            ]
        ),
        st.sampled_from(
            [
                *(
                    "0",
                    "8",
                    "9999999999999999999",
                    "-1",
                    "chunked",
                    "gzip",
                    "br",
                    "0-7",
                    "bytes 3-7/8",
                    "0-" + "9" * 5000,
                ),
                *(
                    "/v2/x",
                    "http://localhost:1/x",
                    "https://localhost:1/x",
                    "http://[::1",
                    "//",
                    "http://x:99999/",
                    "Basic",
                ),
                *(
                    'Bearer realm="http://localhost:1/t",service="s",scope="x"',
                    'Bearer realm="',
                    "Bearer",
                    'Bearer realm="\xff"',
                ),
                *(
                    "Wed, 21 Oct 2099 07:28:00 GMT",
                    "Mon, 99 Foo 10000000 99:99:99 +9999",
                    "1e9",
                    "nan",
                    "9" * 400,
                    "\xff",
                    "",
                ),
                *TEXTS[:12],
            ]
        ).map(lambda text: text.replace("\r", "").replace("\n", "").replace("\ud800", "")),
    ),
    max_size=4,
)
TOKEN = json.dumps({"token": "abc", "errors": [{"message": "no\x1b[2J"}]}).encode()
ANSWERS = st.builds(
    lambda line, heads, length, body: (
        line + b"".join(heads) + (b"Content-Length: %d\r\n" % len(body) if length else b"") + b"\r\n" + body
    ),
    st.sampled_from(
        [
            f"HTTP/1.1 {each} X\r\n".encode()
            for each in (200, 200, 200, 201, 202, 204, 206, 301, 307, 401, 401, 403, 404, 416, 429, 500, 100, 999)
        ]
        + [
            b"HTTP/1.1 200\r\n",
            b"HTTP/9.9 200 X\r\n",
            b"HTTP/1.1 -5 X\r\n",
            b"",
            b"ICY 200 OK\r\n",
            b"HTTP/1.0 200 " + b"x" * 70000 + b"\r\n",
        ]
    ),
    HEADS,
    st.booleans(),
    st.sampled_from(
        [
            b"",
            BODY,
            TOKEN,
            gzip.compress(BODY),
            zlib.compress(BODY),
            b"8\r\ncontent\n\r\n0\r\n\r\n",
            b"-5\r\n",
            b"f" * 9000,
        ]
    )
    | documents(json.loads(TOKEN)),
)


class Told:
    """Answers each connection with the next of some texts, whatever it is asked."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = iter(answers * 3)
        self._threads: list[threading.Thread] = []

    def connect(self, connection: Any) -> None:
        answer = next(self._answers, None)
        if answer is None:
            raise ConnectionRefusedError
        connection.sock, other = socket.socketpair()
        connection.sock.settimeout(2)
        thread = threading.Thread(target=self._serve, args=(other, answer), daemon=True)
        thread.start()
        self._threads.append(thread)

    @staticmethod
    def _serve(other: socket.socket, answer: bytes) -> None:
        with other, contextlib.suppress(OSError):
            other.sendall(answer)
            other.shutdown(socket.SHUT_WR)
            other.settimeout(2)
            while other.recv(1 << 16):
                pass

    def end(self) -> None:
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def answering(answers: list[bytes]) -> Iterator[None]:
    told = Told(answers)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(http.client.HTTPConnection, "connect", lambda self: told.connect(self))  # noqa: PLW0108 - no method
        patched.setattr(http.client.HTTPSConnection, "connect", lambda self: told.connect(self))  # noqa: PLW0108 - no method
        yield
    told.end()


NEVER = b"HTTP/1.1 202 X\r\nLocation: /v2/u\r\nContent-Length: 0\r\n\r\n"
FAR = b"HTTP/1.1 204 X\r\nRange: 0-" + b"9" * 5000 + b"\r\nContent-Length: 0\r\n\r\n"


@inputs(quick=60, night=5000)
@given(
    st.lists(ANSWERS, min_size=1, max_size=4),
    st.sampled_from(["manifest", "blob", "download", "upload", "how far", "tag"]),
)
@example([FAR], "how far")
@pytest.mark.usefixtures("still")
def test_whatever_a_registry_answers_has_an_end_in_words(room: Path, answers: list[bytes], what: str) -> None:
    where = parse(f"localhost:1/team/data@{name_of(BODY)}")
    variables = {"PYBUILDKIT_REGISTRY_USER": "robot", "PYBUILDKIT_REGISTRY_PASSWORD": "secret"}
    repository = Repository(where, variables)
    target = emptied(room) / "part"

    def ask() -> object:
        if what == "manifest":
            return repository.manifest()[0]
        if what == "blob":
            return repository.blob(name_of(BODY), 64)
        if what == "download":
            repository.download(name_of(BODY), len(BODY), target)
            return target.read_bytes()
        if what == "upload":
            repository.upload(name_of(BODY), len(BODY), lambda offset: [BODY[offset:]])
        elif what == "tag":
            repository.tag(BODY, ["x"])
        else:
            upload._how_far(Session(where, variables), "http://localhost:1/v2/u")
        return BODY

    with answering(answers):
        assert survives(room, lambda: worded(ask), 30) in {None, BODY}


@inputs(quick=150, night=10000)
@given(st.sampled_from(TEXTS) | st.text(max_size=30), st.sampled_from(TEXTS) | st.text(max_size=30))
def test_where_an_answer_leads_is_a_place_or_is_refused(room: Path, url: str, place: str) -> None:
    def lead() -> None:
        patience.seconds_of(place)
        with contextlib.suppress(patience.PermanentFailure):
            assert exchange.led_to(f"https://x/{url}", place).startswith("https:")
        with contextlib.suppress(patience.PermanentFailure):
            exchange.checked(url)
        with contextlib.suppress(untrusted.Odd):
            assert len(digest_of(place)) == len(name_of(b""))
        survives_words(url)

    def survives_words(text: str) -> None:
        with contextlib.suppress(untrusted.Odd):
            found = parse(text)
            assert str(found).startswith(found.host)

    survives(room, lead)


# ------------------------------------------------------------------ who one is


DOCKER = {
    "auths": {"localhost:1": {"auth": "cm9ib3Q6c2VjcmV0"}, "x": {}},
    "credHelpers": {"other": "kept"},
    "credsStore": "",
}


@inputs(quick=120, night=8000)
@given(documents(DOCKER))
@example(json.dumps({"credsStore": "../../../../victim"}).encode())
@example(json.dumps({"credsStore": "kept\n"}).encode())
@example(b'{"auths": {"localhost:1": {"auth": "\xff"}}}')
def test_dockers_settings_say_who_one_is_or_nothing(room: Path, content: bytes) -> None:
    (emptied(room) / "config.json").write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("buildkit.registry.credentials.process.run", _no_helper)
        found = survives(room, lambda: credentials("localhost:1", {"DOCKER_CONFIG": str(room), "PATH": os.defpath}))
    assert found == "" or (found is not None and found.isascii() and found.startswith("Basic ") and found.isprintable())


def _no_helper(command: list[str], **_: Any) -> None:
    assert "/" not in command[0]
    assert command[0].isprintable()
    raise FileNotFoundError(command[0])


@pytest.mark.usefixtures("still")
def test_the_targets_above_begin_with_what_the_suite_understands(room: Path) -> None:
    """Without changes each is taken: else nothing of it would be tried but the refusal."""
    text = json.dumps(MANIFEST).encode()
    config = f'{{"checksum":"{hashlib.sha256(text).hexdigest()}","manifest":'.encode() + text + b"}"
    layer = _layer(MEMBERS)
    about = {
        "config": {"mediaType": CONFIG, "digest": name_of(config), "size": len(config)},
        "layers": [{"digest": name_of(layer), "size": len(layer), "annotations": {STAGE: "read"}}],
    }
    with pytest.MonkeyPatch.context() as patched:
        blobs = {name_of(config): config, name_of(layer): layer}
        patched.setattr("buildkit.data.artifact.pull.Repository", lambda *_: Kept(json.dumps(about).encode(), blobs))
        pull_artifact(room, parse(WHERE), {}, lambda _: None, lambda _: None)
    assert (room / "current/out/link").read_bytes() == BODY
    with answering([b"HTTP/1.1 200 X\r\nContent-Length: 8\r\n\r\n" + BODY]):
        found = Repository(parse(f"localhost:1/team/data@{name_of(BODY)}"), {"HOME": str(room)}).manifest()
    assert found == (BODY, name_of(BODY))
    (room / "config.json").write_text(json.dumps(DOCKER))
    assert credentials("localhost:1", {"DOCKER_CONFIG": str(room)}) == "Basic cm9ib3Q6c2VjcmV0"
