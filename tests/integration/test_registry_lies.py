"""Registries that behave as the large ones do, and some that lie: nothing outside of the volume, and in bounds."""

from __future__ import annotations

import base64
import email.utils
import json
import os
import random
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lying import KEY, MADE, Artefact, Handler, Lying, digest, packed, stage, text, zipped

from buildkit.data.artifact.layers import Transfer
from buildkit.data.artifact.pull import pull as pull_artifact
from buildkit.data.volume import generations
from buildkit.errors import DataError
from buildkit.registry import deadline, exchange, patience
from buildkit.registry.client import Repository
from buildkit.registry.credentials import credentials
from buildkit.registry.failure import Failure
from buildkit.registry.reference import parse

ODD = "not data of this suite|more came than"
BLOB = random.Random(1).randbytes(3 << 20)
NAME = f"sha256:{digest(BLOB)}"


@pytest.fixture
def nobody(tmp_path: Path) -> dict[str, str]:
    """An environment without a password."""
    return {"DOCKER_CONFIG": str(tmp_path / "none"), "PATH": os.environ["PATH"]}


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """An empty volume. Whatever a test does, what lies around it is the same at the end."""
    around = tmp_path / "around"
    (around / "volume").mkdir(parents=True)
    (around / "victim").write_text("precious\n")
    before = _seen(around)
    yield around / "volume"
    assert _seen(around) == before


def _seen(around: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mode)
        for path in sorted(around.rglob("*"))
        if "volume" not in path.relative_to(around).parts
    }


def pull(volume: Path, server: Lying, environment: dict[str, str]) -> Transfer:
    return pull_artifact(volume, parse(server.where), environment, lambda _: None, lambda _: None)


def is_refused(volume: Path, server: Lying, environment: dict[str, str], words: str = ODD) -> None:
    with pytest.raises(DataError, match=words) as failure:
        pull(volume, server, environment)
    assert failure.value.message.isprintable()
    assert generations.current(volume) is None
    assert [path for path in volume.rglob("*") if path.name == "a.txt"] == []


# ------------------------------------------------------------------ artefacts that are odd


def test_one_that_is_well_is_pulled(volume: Path, nobody: dict[str, str]) -> None:
    with Lying(Artefact.of({"out/a.txt": b"content\n", "out/" + "n" * 120: b"", "out/naïve": b"x"})) as server:
        pull(volume, server, nobody)
    assert (volume / "current/out/a.txt").read_bytes() == b"content\n"
    assert (volume / f"current/out/{'n' * 120}").read_bytes() == b""


BODY = b"content\n"
ROW = [len(BODY), digest(BODY), MADE * 10**9]


@pytest.mark.parametrize(
    "path",
    [
        "../../../victim",
        "/etc/passwd",
        "out/../../../../victim",
        "./a.txt",
        "out//a.txt",
        "out/",
        "",
        "..",
        ".hidden",
        "manifest.json",
        "out/a\0b",
        "out/\ud800",
        "n" * 300,
        "a/" * 3000 + "b",
    ],
)
def test_a_file_that_does_not_stay_in_its_generation(volume: Path, nobody: dict[str, str], path: str) -> None:
    config = text(stage(files={path: ROW}))
    with Lying(Artefact.of(config=config, layers=[packed({path.encode(errors="replace").decode(): BODY})])) as server:
        is_refused(volume, server, nobody, "not data of this suite")


@pytest.mark.parametrize(
    "config",
    [
        text(stage(files=[1, 2])),
        text(stage(files={"out/a.txt": 5})),
        text(stage(files={"out/a.txt": [1, "../../victim", 1]})),
        text(stage(files={"out/a.txt": [-1, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [1.5, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [True, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [1 << 70, digest(BODY), 1]})),
        text(stage(files={"out/a.txt": [8, digest(BODY), 10**30]})),
        text(stage(files={"out/a.txt": [*ROW, "?"]})),
        text(stage(files={"out/a.txt": [*ROW, 5]})),
        text(stage(files={"out": ROW, "out/a.txt": ROW})),
        text(stage(files={"out/l": [0, digest(b""), 0, "@../../../victim"]}), schema=2),
        text(stage(files={"out/l": [0, digest(b""), 0, "@."], "out/l/a.txt": ROW}), schema=2),
        text(stage("../../../evil")),
        text(stage("a/b")),
        text(stage(5)),  # type: ignore[arg-type]
        text(stage(key="../../victim")),
        text(stage(parts=[])),
        text(stage(parts={"a": 5})),
        text(stage(made="yesterday")),
        text(stage(made=1e300)),
        text(stage(pieces=[])),
        text(stage(pieces={"a": [KEY, 1, 1, ["../../victim"]]})),
        text(stage(), stage()),
        text(stage(), stage("other")),
        text(5),
        text(stage(), generation="../../../evil"),
        text(stage(), number=-1),
        text(stage(), made=None),
        text(stage(), schema="1"),
        text(stage(), schema=1e400),
        text(stage())[:-1],
        b"[" * 100_000,
        b"5",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf" + text(stage()),
        text(stage()).replace(b'"number"', b'"number":1,"number"'),
    ],
)
def test_a_manifest_of_a_generation_that_is_odd(volume: Path, nobody: dict[str, str], config: bytes) -> None:
    with Lying(Artefact.of(config=config)) as server:
        is_refused(volume, server, nobody, "not data of this suite")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (b"[" * 100_000, "more brackets than content|nested"),
        (b"", "not JSON"),
        (b"5", "no object"),
        (b"\xff", "not UTF-8"),
        (b'{"config":{},"config":{}}', "a name twice"),
        (b'{"a":NaN}', "NaN is no number"),
        (b'{"a":1e999}', "a number without end"),
        (b'{"a":' + b"9" * 5000 + b"}", "not data of this suite"),
        (b'{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json"}', "it is a application/vnd.oci.im"),
        (b'{"config":{"mediaType":"\\u001b[2J"}}', "it is a \N{REPLACEMENT CHARACTER}"),
        (b" " * (5 << 20), "more came than the 4,194,304 bytes"),
    ],
)
def test_a_manifest_of_an_artefact_that_is_odd(
    volume: Path, nobody: dict[str, str], manifest: bytes, words: str
) -> None:
    with Lying(Artefact(manifest=manifest)) as server:
        is_refused(volume, server, nobody, words)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"digest": "../../../victim"}, "is no digest"),
        ({"digest": "/etc/passwd", "size": 0}, "is no digest"),
        ({"digest": f"sha512:{'a' * 128}"}, "a digest by sha512: SHA-256 alone is compared"),
        ({"digest": f"sha256:{'A' * 64}"}, "is no digest"),
        ({"digest": f"sha256:{'a' * 63}"}, "is no digest"),
        ({"digest": 5}, "is no text"),
        ({"size": -1}, "is no whole number"),
        ({"size": 1e3}, "is no whole number"),
        ({"size": "1"}, "is no whole number"),
        ({"size": 1 << 80}, "is no whole number"),
        ({"size": 1 << 40}, "are larger than its files"),
        ({"annotations": {}}, "lacks what one of this suite has"),
        ({"annotations": []}, "is no object"),
        ({"annotations": {"invoke-buildkit.stage": "other"}}, "of which its manifest says nothing"),
    ],
)
def test_a_layer_that_is_odd(volume: Path, nobody: dict[str, str], row: dict[str, Any], words: str) -> None:
    with Lying(Artefact.of(layer_row=row)) as server:
        is_refused(volume, server, nobody, words)


@pytest.mark.parametrize("row", [{"size": 1 << 40}, {"size": 10}, {"digest": "sha256:x"}, {"size": None}])
def test_a_config_that_is_odd(volume: Path, nobody: dict[str, str], row: dict[str, Any]) -> None:
    with Lying(Artefact.of(config_row=row)) as server:
        is_refused(volume, server, nobody)


def _special(kind: bytes, size: int = 0) -> bytes:
    head = tarfile.TarInfo("out/a.txt")
    head.type, head.size, head.linkname = kind, size, "/etc/passwd"
    return head.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)


@pytest.mark.parametrize(
    "layer",
    [
        *(_special(kind) for kind in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"L", b"K", b"g")),
        _special(b"S", 3 << 30),
        packed({"out/b.txt": BODY}),
        packed({"out/a.txt": BODY + b"more"}),
        packed({"out/a.txt": BODY}) + b"more",
        packed({"out/a.txt": BODY})[:600],
        bytes(1024),
        b"no tar",
    ],
)
def test_a_layer_with_anything_but_the_files_of_its_stage(volume: Path, nobody: dict[str, str], layer: bytes) -> None:
    with Lying(Artefact.of(config=text(stage()), layers=[layer])) as server:
        is_refused(volume, server, nobody, "not data of this suite")


def test_a_link_that_lies_where_a_layer_is_kept_is_not_written_through(volume: Path, nobody: dict[str, str]) -> None:
    """Who can write on the volume needs not be who pulls."""
    there = Artefact.of()
    (name,) = [name for name, blob in there.blobs.items() if blob != there.config]
    (volume / "pull").mkdir()
    (volume / "pull" / name.replace(":", "-")).symlink_to(volume.parent / "victim")
    with Lying(there) as server:
        pull(volume, server, nobody)
    assert (volume / "current/out/a.txt").read_bytes() == BODY


# ------------------------------------------------------------------ registries that lie


def twisted(hear: Callable[[Handler], bool]) -> Lying:
    return Lying(Artefact.of(), hear)


def is_layer(handler: Handler) -> bool:
    there, what = handler.server.artefact, handler.path.rpartition("/")[2]
    return handler.command == "GET" and what in there.blobs and there.blobs[what] != there.config


@pytest.mark.parametrize("part", ["layer", "config", "manifest"])
def test_an_answer_without_end_is_given_up_in_little_memory(volume: Path, nobody: dict[str, str], part: str) -> None:
    def hear(handler: Handler) -> bool:
        there = handler.server.artefact
        wanted = {
            "layer": is_layer(handler),
            "config": there.blobs.get(handler.path.rpartition("/")[2]) == there.config,
            "manifest": "/manifests/" in handler.path,
        }
        if wanted[part]:
            handler.zeros()
        return wanted[part]

    code = (
        "import resource, sys, os, pathlib\n"
        "from buildkit.data.artifact.pull import pull as pull_artifact\n"
        "from buildkit.registry.reference import parse\n"
        "from buildkit.errors import DataError\n"
        "used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    pull_artifact(pathlib.Path(sys.argv[1]), parse(sys.argv[2]), os.environ, print, print)\n"
        "except DataError as error:\n"
        "    print(error)\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used < 60_000, 'KiB'\n"
    )
    with twisted(hear) as server:
        command = [sys.executable, "-c", code, str(volume), server.where]
        done = subprocess.run(command, env=nobody, capture_output=True, text=True, timeout=60, check=False)
    assert "more came than the" in done.stdout
    assert done.returncode == 0, done.stderr
    assert sum(path.stat().st_size for path in volume.rglob("*") if path.is_file()) < 100_000


def test_a_layer_that_is_shorter_than_it_was_said_to_be(
    volume: Path, nobody: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_sleep", lambda _: None)

    def hear(handler: Handler) -> bool:
        if is_layer(handler):
            handler.say(200, b"short")
        return is_layer(handler)

    with twisted(hear) as server:
        is_refused(volume, server, nobody, "it ended early")
        assert server.count("GET") < 20


def test_a_layer_that_goes_on_at_another_place(volume: Path, nobody: dict[str, str]) -> None:
    """It answers each request for a rest with the whole, or with another part."""
    asked = 0

    def hear(handler: Handler) -> bool:
        nonlocal asked
        if not is_layer(handler):
            return False
        whole = handler.server.artefact.blobs[handler.path.rpartition("/")[2]]
        asked += 1
        if asked == 1:
            handler.say(200, whole[:700], Content_Length=len(whole))
            handler.close_connection = True
        elif asked == 2:
            handler.say(206, whole[200:], Content_Range=f"bytes 200-{len(whole) - 1}/{len(whole)}")
        else:
            handler.say(200, whole)
        return True

    with twisted(hear) as server:
        pull(volume, server, nobody)
    assert asked == 3
    assert (volume / "current/out/a.txt").read_bytes() == BODY


def test_answers_in_pieces_and_packed_ones_are_understood(volume: Path, nobody: dict[str, str]) -> None:
    def hear(handler: Handler) -> bool:
        there = handler.server.artefact
        content = there.manifest if "/manifests/" in handler.path else there.blobs.get(handler.path.rpartition("/")[2])
        if content is None:
            return False
        packed = zipped(content)
        handler.pieces(packed[:10], packed[10:], Content_Encoding="gzip")
        return True

    with twisted(hear) as server:
        pull(volume, server, nobody)
    assert (volume / "current/out/a.txt").read_bytes() == BODY


def test_a_packed_answer_without_end_is_given_up(volume: Path, nobody: dict[str, str]) -> None:
    def hear(handler: Handler) -> bool:
        handler.say(200, zipped(bytes(64 << 20)), Content_Encoding="gzip")
        return True

    with twisted(hear) as server:
        is_refused(volume, server, nobody, "more came than the 4,194,304 bytes")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Location": "/again"}, "it leads in a circle"),
        ({}, "it leads to another place and does not say where"),
        ({"Location": "file:///etc/passwd"}, "it leads to a place that is none"),
        ({"Location": "http://["}, "it leads to a place that is none"),
        ({"Location": "http://127.0.0.1:99999/"}, "it leads to a place that is none"),
        ({"Location": "/a b"}, "it leads to a place that is none"),
    ],
)
def test_a_registry_that_leads_nowhere(
    volume: Path, nobody: dict[str, str], headers: dict[str, Any], words: str
) -> None:
    def hear(handler: Handler) -> bool:
        handler.say(307, **headers)
        return True

    with twisted(hear) as server:
        is_refused(volume, server, nobody, words)
        assert len(server.heard) <= exchange.MOST_REDIRECTS


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"nothing of HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="gopher://x"\r\nContent-Length: 0\r\n\r\n',
    ],
)
def test_heads_that_are_odd(
    volume: Path, nobody: dict[str, str], answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_sleep", lambda _: None)

    def hear(handler: Handler) -> bool:
        handler.wfile.write(answer)
        handler.close_connection = True
        return True

    with twisted(hear) as server:
        is_refused(volume, server, nobody, r"registry 127\.0\.0\.1:\d+: ")


@pytest.mark.parametrize("drip", [b"HTTP/1.1 100 Continue\r\n\r\n", b"X"])
def test_an_answer_byte_by_byte_has_its_time(
    volume: Path, nobody: dict[str, str], drip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then renews the time limit of a socket, and for some clients so does `100 Continue`."""
    monkeypatch.setattr(deadline, "PATIENCE", 0.5)

    def hear(handler: Handler) -> bool:
        while not handler.server.over:
            handler.wfile.write(drip)
            time.sleep(0.05)
        return True

    with twisted(hear) as server:
        is_refused(volume, server, nobody, "no whole answer within")


def test_a_body_byte_by_byte_has_its_time(
    volume: Path, nobody: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "PATIENCE", 0.5)

    def hear(handler: Handler) -> bool:
        handler.say(200, Content_Length=4000)
        while not handler.server.over:
            handler.wfile.write(b" ")
            time.sleep(0.05)
        return True

    with twisted(hear) as server:
        is_refused(volume, server, nobody, "no whole answer within")


# ------------------------------------------------------------------ registries that are busy


def busy(times: int, status: int, after: str | None) -> Callable[[Handler], bool]:
    left = times

    def hear(handler: Handler) -> bool:
        nonlocal left
        left -= 1
        if left >= 0:
            handler.say(status, **dict.fromkeys([] if after is None else ["Retry_After"], after))
        return left >= 0

    return hear


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", ["7", "date", None, "nonsense"])
def test_a_registry_that_is_busy_is_asked_again_when_it_says(
    volume: Path, nobody: dict[str, str], status: int, after: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(patience, "_sleep", waited.append)
    said = email.utils.formatdate(time.time() + 8, usegmt=True) if after == "date" else after
    with twisted(busy(2, status, said)) as server:
        pull(volume, server, nobody)
    assert len(waited) == 2
    assert all(5 < each <= 8 for each in waited) == (after in {"7", "date"})


@pytest.mark.parametrize(("after", "asked"), [("3600", 1), ("120", 3), ("9" * 400, 1)])
def test_one_that_wants_to_be_waited_for_without_end_is_given_up(
    volume: Path, nobody: dict[str, str], after: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_sleep", lambda _: None)
    with twisted(busy(100, 429, after)) as server:
        is_refused(volume, server, nobody, "status 429: it asks to wait for")
        assert len(server.heard) == asked


# ------------------------------------------------------------------ up


def send(server: Lying, environment: dict[str, str]) -> int:
    return Repository(parse(server.where), environment).upload(NAME, len(BLOB), lambda offset: [BLOB[offset:]])


@pytest.mark.parametrize("place", ["relative", "absolute", "query"])
def test_a_blob_goes_up_in_one_stream(nobody: dict[str, str], place: str) -> None:
    """ECR answers 201 to a piece and drops the next; others refuse pieces of more than 4 MB."""

    def hear(handler: Handler) -> bool:
        if handler.command == "PATCH":
            handler.say(201)
            return True
        if handler.command == "POST":
            path = "/v2/team/data/blobs/uploads/7" + ("?state=a%2Bb" if place == "query" else "")
            host = f"http://{handler.headers['Host']}" if place == "absolute" else ""
            handler.say(202, Location=host + path)
            return True
        return False

    with Lying(hear=hear) as server:
        assert send(server, nobody) == len(BLOB)
        assert server.artefact.blobs[NAME] == BLOB
        assert [method for method, _, _ in server.heard] == ["HEAD", "POST", "PUT"]
        assert send(server, nobody) == 0


def test_what_it_took_and_does_not_have_is_said(nobody: dict[str, str]) -> None:
    def hear(handler: Handler) -> bool:
        if handler.command == "PUT":
            handler.say(202)
        return handler.command == "PUT"

    with Lying(hear=hear) as server, pytest.raises(Failure, match="it took a blob and does not have it"):
        send(server, nobody)


def test_an_upload_without_a_place_is_said(nobody: dict[str, str]) -> None:
    def hear(handler: Handler) -> bool:
        if handler.command == "POST":
            handler.say(202)
        return handler.command == "POST"

    with Lying(hear=hear) as server, pytest.raises(Failure, match="an upload has no place to go to"):
        send(server, nobody)


def test_a_refusal_in_the_middle_of_a_stream_is_heard(nobody: dict[str, str]) -> None:
    def hear(handler: Handler) -> bool:
        if handler.command == "PUT":
            handler.say(413, json.dumps({"errors": [{"message": "too \x1b[2Jlarge"}]}).encode())
        return handler.command == "PUT"

    with Lying(hear=hear) as server, pytest.raises(Failure, match=r"too \ufffd\[2Jlarge \(status 413\)"):
        send(server, nobody)


# ------------------------------------------------------------------ passwords


def known(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "PYBUILDKIT_REGISTRY_USER": "robot", "PYBUILDKIT_REGISTRY_PASSWORD": "s3cret"}


def asks(realm: str) -> Callable[[Handler], bool]:
    def hear(handler: Handler) -> bool:
        if handler.headers.get("Authorization"):
            return False
        handler.say(401, WWW_Authenticate=f'Bearer realm="{realm}",service="x"')
        return True

    return hear


@pytest.mark.parametrize("host", ["127.0.0.2", "127.0.0.1.nip.example", "localhost.example"])
def test_no_password_goes_to_a_token_server_elsewhere_without_tls(
    volume: Path, nobody: dict[str, str], host: str
) -> None:
    with Lying(host="127.0.0.2") as other:
        realm = f"http://{host}:{other.server_address[1]}/token"
        with twisted(asks(realm)) as server:
            is_refused(volume, server, known(nobody), "speaks no TLS: no password goes there")
            assert all(shown is None for _, _, shown in server.heard)
        assert other.heard == []


def test_a_token_server_of_this_machine_may_have_it(volume: Path, nobody: dict[str, str]) -> None:
    def give(handler: Handler) -> bool:
        handler.say(200, json.dumps({"token": "t0ken"}).encode())
        return True

    with Lying(hear=give) as tokens, twisted(asks(f"http://127.0.0.1:{tokens.server_address[1]}/token?a=b")) as server:
        pull(volume, server, known(nobody))
        assert {shown for _, _, shown in server.heard if shown} == {"Bearer t0ken"}
        assert tokens.heard[0][2] == f"Basic {base64.b64encode(b'robot:s3cret').decode()}"


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "naïve", 5, ["a"], "", "a b"])
def test_a_token_that_is_none_is_not_shown(volume: Path, nobody: dict[str, str], token: object) -> None:
    def give(handler: Handler) -> bool:
        handler.say(200, json.dumps({"token": token}).encode())
        return True

    with Lying(hear=give) as tokens, twisted(asks(f"http://127.0.0.1:{tokens.server_address[1]}/token")) as server:
        is_refused(volume, server, known(nobody), "status 401")


def test_neither_password_nor_token_goes_where_a_registry_leads(volume: Path, nobody: dict[str, str]) -> None:
    there = Artefact.of()

    def lead(handler: Handler) -> bool:
        if not handler.headers.get("Authorization"):
            handler.say(401, WWW_Authenticate='Basic realm="x"')
        elif handler.command == "GET" and "/blobs/" in handler.path:
            handler.say(307, Location=f"http://127.0.0.1:{other.server_address[1]}{handler.path}")
        else:
            return False
        return True

    with Lying(there) as other, Lying(there, lead) as server:
        pull(volume, server, known(nobody))
        assert other.heard
        assert all(shown is None for _, _, shown in other.heard)


@pytest.mark.parametrize(
    "settings",
    [
        {"credsStore": "../../bin/evil"},
        {"credsStore": "/bin/evil"},
        {"credsStore": "a b"},
        {"credsStore": "-x"},
        {"credsStore": 5},
        {"credHelpers": {"r.example": "../evil"}},
        {"credHelpers": []},
        {"auths": {"r.example": {"auth": "a\r\nX: y"}}},
        {"auths": {"r.example": {"auth": 5}}},
        {"auths": {"r.example": {"auth": "bm90aGluZw=="}}},
        {"auths": {"r.example": []}},
        {"auths": []},
        [],
    ],
)
def test_settings_of_docker_that_are_odd_are_none(tmp_path: Path, settings: object) -> None:
    evil = tmp_path / "evil"
    evil.write_text("#!/bin/sh\ntouch ran\n")
    evil.chmod(0o755)
    (tmp_path / "config.json").write_text(json.dumps(settings))
    assert credentials("r.example", {"DOCKER_CONFIG": str(tmp_path), "PATH": str(tmp_path)}) == ""


@pytest.mark.parametrize(
    "words",
    ["[]", "5", "[" * 10_000, '{"Username":5,"Secret":"x"}', "{}", '{"Username":"\\ud800"}'],
)
def test_a_helper_that_answers_oddly_knows_nothing(tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "docker-credential-odd"
    (tmp_path / "words").write_text(words)
    helper.write_text(f"#!/bin/sh\ncat {tmp_path}/words\n")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text('{"credsStore": "odd"}')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert credentials("r.example", {"DOCKER_CONFIG": str(tmp_path), "PATH": os.environ["PATH"]}) == ""
