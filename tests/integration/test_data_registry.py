"""A registry as one is outside this machine: TLS with a certificate of one's own CA, and tokens that end."""

from __future__ import annotations

import base64
import http.server
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import data_service
import pytest
from data_service import Service
from registry import OTHER, Authority, Running, Tokens, registry

from buildkit.data.artifact.pull import pull as pull_artifact
from buildkit.data.artifact.push import push as push_artifact
from buildkit.data.status.verify import require_whole, verify
from buildkit.errors import DataError
from buildkit.registry import client, upload
from buildkit.registry.exchange import Request
from buildkit.registry.patience import TransientFailure
from buildkit.registry.reference import parse
from buildkit.registry.session import Session

USER, PASSWORD = "robot", "s3cret-of-the-robot"
BIG = 20 << 20

pytestmark = pytest.mark.usefixtures("docker_registry")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    made = data_service.make(tmp_path / "service")
    made.refresh()
    yield made
    made.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def tokens(authority: Authority) -> Iterator[Tokens]:
    made = Tokens(authority, 300, f"{USER}:{PASSWORD}")
    yield made
    made.close()


@pytest.fixture
def running(tmp_path: Path, authority: Authority, tokens: Tokens) -> Iterator[Running]:
    with registry(tmp_path / "registry", authority=authority, tokens=tokens) as found:
        yield found


def there(running: Running) -> str:
    return f"{OTHER}:{running.port}/team/data:latest"


def given(authority: Authority, password: str = PASSWORD) -> dict[str, str]:
    return {
        "SSL_CERT_FILE": str(authority.certificate),
        "PYBUILDKIT_REGISTRY_USER": USER,
        "PYBUILDKIT_REGISTRY_PASSWORD": password,
    }


def says_nothing_secret(text: str) -> bool:
    shown = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return not any(secret in text for secret in (PASSWORD, shown, "Bearer", "eyJ"))


def test_data_goes_over_tls_to_another_volume(
    service: Service, tmp_path: Path, authority: Authority, running: Running, tokens: Tokens
) -> None:
    before = service.content()
    service.declare(artifact=there(running))
    assert service.start("--push", **given(authority)).wait() == 0, service.log()
    service.declare(folder=tmp_path / "new")
    assert service.start("--pull", **given(authority)).wait() == 0, service.log()
    require_whole(verify(service.pipeline, deep=True))
    assert service.content() == before
    assert {frozenset(actions.split(",")) for actions in tokens.given} == {
        frozenset({"pull"}),
        frozenset({"pull", "push"}),
    }
    assert says_nothing_secret(service.log())


@pytest.mark.parametrize("what", ["--push", "--pull"])
def test_an_unknown_ca_is_named_and_nothing_is_lost(
    service: Service, authority: Authority, running: Running, what: str
) -> None:
    before = service.content()
    service.declare(artifact=there(running))
    variables = {**given(authority), "SSL_CERT_FILE": os.devnull}
    assert service.start(what, **variables).wait() == 30
    said = f"error: registry {OTHER}:{running.port}: the certificate of {OTHER}:{running.port} is not trusted: self"
    assert said in service.log()
    assert (
        "hint: where a CA of your own signed it, name the file of all that you trust: SSL_CERT_FILE=" in service.log()
    )
    assert service.content() == before
    assert says_nothing_secret(service.log())
    assert service.start("--push", **given(authority)).wait() == 0


def test_a_certificate_of_another_name_is_not_trusted(
    service: Service, authority: Authority, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    monkeypatch.setattr("socket.getaddrinfo", lambda _, port, *__, **___: [(2, 1, 6, "", (OTHER, port))])
    with pytest.raises(DataError, match=r"registry\.example:\d+ is not trusted: Hostname mismatch"):
        push(service, f"registry.example:{running.port}/team/data:latest", os.environ)


def test_a_wrong_password_is_refused_and_not_shown(service: Service, authority: Authority, running: Running) -> None:
    before = service.content()
    service.declare(artifact=there(running))
    variables = given(authority, password="wr0ng-one")
    assert service.start("--push", **variables).wait() == 30
    assert f"error: registry {OTHER}:{running.port}: user and password are not accepted (status 401)" in service.log()
    assert f"docker login {OTHER}:{running.port}" in service.log()
    assert "wr0ng-one" not in service.log()
    assert base64.b64encode(f"{USER}:wr0ng-one".encode()).decode() not in service.log()
    assert service.content() == before
    assert service.start("--push", **given(authority)).wait() == 0


def push(service: Service, where: str, environment: dict[str, str] | os._Environ[str]) -> int:
    return push_artifact(service.pipeline.folder, parse(where), environment, lambda _: None).transferred


def slow(read: upload.Reader) -> upload.Reader:
    """Return a reader that takes 0.1 s for each MiB."""

    def reader(offset: int) -> Iterator[bytes]:
        for block in read(offset):
            time.sleep(0.1)
            yield block

    return reader


@pytest.mark.parametrize("way", ["one stream", "pieces"])
def test_a_token_that_ends_in_the_middle_of_a_push_is_renewed(
    service: Service, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Each is good for a second, a blob takes two; where the line does not hold, each of its pieces asks anew."""
    program = (
        "import os, pathlib, random; out = pathlib.Path(os.environ['PYBUILDKIT_DATA_OUT'], 'count.txt');"
        f"out.write_bytes(random.Random(1).randbytes({BIG}))"
    )
    service.change_stage("count", run=(sys.executable, "-c", program))
    service.refresh()
    tokens = Tokens(authority, 1, f"{USER}:{PASSWORD}")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    monkeypatch.setattr(upload, "PIECE", 2 << 20)
    send, once = upload.upload, Session.once
    monkeypatch.setattr(
        client, "upload", lambda session, digest, size, read, hear: send(session, digest, size, slow(read), hear)
    )
    cuts = [] if way == "one stream" else ["the line"]

    def cut_once(self: Session, request: Request, **options: Any) -> Any:
        if cuts and request.method == "PUT" and request.size > upload.PIECE:
            raise TransientFailure(cuts.pop())
        return once(self, request, **options)

    monkeypatch.setattr(Session, "once", cut_once)
    try:
        with registry(tmp_path / "registry", authority=authority, tokens=tokens) as running:
            moved = push(service, there(running), {**os.environ, **given(authority)})
            assert not cuts
            assert len(tokens.given) >= {"one stream": 3, "pieces": 4}[way]
            assert BIG < moved < 2.5 * BIG
            other = replace(service.pipeline, folder=tmp_path / "other")
            environment = {**os.environ, **given(authority)}
            pull_artifact(other.folder, parse(there(running)), environment, print, lambda _: None)
            require_whole(verify(other, deep=True))
    finally:
        tokens.close()


def test_a_registry_without_tls_under_another_name_is_named(service: Service, tmp_path: Path) -> None:
    with (
        registry(tmp_path / "plain", host=OTHER) as running,
        pytest.raises(DataError, match="speaks no TLS") as failure,
    ):
        push(service, there(running), os.environ)
    assert "plain HTTP is spoken with localhost and 127.0.0.1 alone" in failure.value.hint


def test_a_password_does_not_go_to_a_token_server_without_tls(
    service: Service, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    tokens = Tokens(authority, 300, f"{USER}:{PASSWORD}", tls=False)
    try:
        with (
            registry(tmp_path / "registry", authority=authority, tokens=tokens) as running,
            pytest.raises(DataError, match="speaks no TLS: no password goes there"),
        ):
            push(service, there(running), {**os.environ, **given(authority)})
        assert tokens.refused == len(tokens.given) == 0
    finally:
        tokens.close()


def test_an_upload_that_leads_elsewhere_gets_neither_token_nor_data(
    service: Service, tmp_path: Path, authority: Authority, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an upload goes is what the registry says; this one names another host, without TLS."""
    shown: list[str | None] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            shown.append(self.headers.get("Authorization"))
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(403)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        outside = f"http://127.0.0.1:{server.server_address[1]}"
        with (
            registry(tmp_path / "registry", authority=authority, tokens=tokens, outside=outside) as running,
            pytest.raises(DataError, match="an upload has no place to go to: it leads from TLS to plain HTTP"),
        ):
            push(service, there(running), {**os.environ, **given(authority)})
        server.shutdown()
        thread.join()
    assert tokens.given
    assert shown == []
