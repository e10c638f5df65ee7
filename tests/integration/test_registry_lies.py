"""Registries that lie, lead astray, drip or are busy: given up in bounds, or understood."""

from __future__ import annotations

import email.utils
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lying import (
    BODY,
    Handler,
    is_refused,
    pull,
    twisted,
    zipped,
)

from buildkit.registry import deadline, exchange, patience

# ------------------------------------------------------------------ registries that lie


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
