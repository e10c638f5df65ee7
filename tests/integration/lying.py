"""A registry that answers as a test wants it to: like one of the large ones, or like somebody who means harm."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from buildkit.data.artifact.layers import CONFIG, LAYER, STAGE, Transfer
from buildkit.data.artifact.pull import pull as pull_artifact
from buildkit.data.volume import generations
from buildkit.errors import DataError
from buildkit.registry.reference import parse

KEY = "0" * 64
MADE = 1_700_000_000
ODD = "not data of this suite|more came than"
BODY = b"content\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed(files: dict[str, bytes]) -> bytes:
    """Return a layer with these files, as tarfile makes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def stage(name: str = "read", files: Any = None, **other: Any) -> dict[str, Any]:
    """Return a stage as a manifest has it; `files` are contents by path, or whatever a test puts there."""
    rows = files if files is not None else {"out/a.txt": b"content\n"}
    if isinstance(rows, dict):
        rows = {
            path: [len(content), digest(content), MADE * 10**9] if isinstance(content, bytes) else content
            for path, content in rows.items()
        }
    return {"name": name, "key": KEY, "made": MADE, "seconds": 1.0, "parts": {}, "files": rows, **other}


def text(*stages: Any, **other: Any) -> bytes:
    """Return the manifest of a generation."""
    values = {"schema": 1, "generation": "000001-x", "number": 1, "made": MADE, "stages": list(stages), **other}
    body = json.dumps(values, separators=(",", ":"))
    return f'{{"checksum":"{digest(body.encode())}","manifest":{body}}}'.encode()


@dataclass
class Artefact:
    """What the registry has: the generation's manifest, the layers, and what the artefact's own says of them."""

    config: bytes = b""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifest: bytes = b""

    @classmethod
    def of(
        cls,
        files: dict[str, bytes] | None = None,
        *,
        config: bytes | None = None,
        layers: list[bytes] | None = None,
        name: str = "read",
        config_row: dict[str, Any] | None = None,
        layer_row: dict[str, Any] | None = None,
    ) -> Artefact:
        """Make one; the rows say what is written instead of the truth."""
        files = {"out/a.txt": b"content\n"} if files is None else files
        config = text(stage(name, dict(files))) if config is None else config
        layers = [packed(files)] if layers is None else layers
        rows = [
            {
                "mediaType": LAYER,
                "digest": f"sha256:{digest(layer)}",
                "size": len(layer),
                "annotations": {STAGE: name},
                **(layer_row or {}),
            }
            for layer in layers
        ]
        about = {"mediaType": CONFIG, "digest": f"sha256:{digest(config)}", "size": len(config), **(config_row or {})}
        blobs = {f"sha256:{digest(each)}": each for each in (config, *layers)}
        return cls(config, blobs, json.dumps({"schemaVersion": 2, "config": about, "layers": rows}).encode())


Hear = Callable[["Handler"], bool]


class Handler(http.server.BaseHTTPRequestHandler):
    """One request. A test's own function sees it first, and answers it or not."""

    protocol_version = "HTTP/1.1"
    server: Lying

    def _heard(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(size)
        self.server.heard.append((self.command, self.path.partition("?")[0], self.headers.get("Authorization")))
        if not self.server.hear(self):
            self._usual()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _heard  # noqa: N815

    def say(self, status: int, body: bytes = b"", **headers: Any) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def pieces(self, *pieces: bytes, **headers: Any) -> None:
        """Answer in pieces, without saying how many bytes there are."""
        self.say(200, Content_Length=None, Transfer_Encoding="chunked", **headers)
        for piece in (*pieces, b""):
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def zeros(self) -> None:
        """Answer without end."""
        self.close_connection = True
        self.say(200, Content_Length=None, Transfer_Encoding="chunked")
        piece = f"{1 << 20:x}\r\n".encode() + bytes(1 << 20) + b"\r\n"
        while not self.server.over:
            self.wfile.write(piece)

    def _usual(self) -> None:
        there, path = self.server.artefact, self.path.partition("?")[0]
        what = path.rpartition("/")[2]
        if self.command == "POST":
            self.say(202, Location=f"/v2/team/data/blobs/uploads/1?state={len(self.server.heard)}")
        elif self.command == "PUT" and "/manifests/" in path:
            there.manifest = self.body
            self.say(201)
        elif self.command == "PUT":
            name = f"sha256:{digest(self.body)}"
            good = f"digest={name.replace(':', '%3A')}" in self.path
            if good:
                there.blobs[name] = self.body
            self.say(201 if good else 400)
        elif "/manifests/" in path:
            self.say(200, there.manifest)
        elif what in there.blobs:
            whole = there.blobs[what]
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            said: dict[str, Any] = {"Content_Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if start else {}
            self.say(206 if start else 200, whole[start:], **said)
        else:
            self.say(404)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Lying(http.server.ThreadingHTTPServer):
    """The registry, at a port of this machine's own.

    Args:
        artefact: what it has.
        hear: sees each request first; returns whether it answered.
    """

    daemon_threads = True

    def __init__(self, artefact: Artefact | None = None, hear: Hear = lambda _: False, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), Handler)
        self.artefact = artefact or Artefact()
        self.hear = hear
        self.heard: list[tuple[str, str, str | None]] = []
        self.over = False
        self.where = f"{host}:{self.server_address[1]}/team/data:latest"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    def __enter__(self) -> Lying:  # noqa: PYI034 - Python 3.10
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True
        self.shutdown()
        self.server_close()
        self._thread.join()

    def count(self, method: str) -> int:
        """Return how often a method was used."""
        return sum(each == method for each, _, _ in self.heard)


def zipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def twisted(hear: Hear) -> Lying:
    """Return a registry with an artefact that is well, which answers as `hear` does."""
    return Lying(Artefact.of(), hear)


def pull(volume: Path, server: Lying, environment: dict[str, str]) -> Transfer:
    """Pull what the registry has into a volume."""
    return pull_artifact(volume, parse(server.where), environment, lambda _: None, lambda _: None)


def is_refused(volume: Path, server: Lying, environment: dict[str, str], words: str = ODD) -> None:
    """See that a pull is refused with these words (a pattern), and leaves neither a generation nor a file of it."""
    with pytest.raises(DataError, match=words) as failure:
        pull(volume, server, environment)
    assert failure.value.message.isprintable()
    assert generations.current(volume) is None
    assert [path for path in volume.rglob("*") if path.name == "a.txt"] == []
