"""What goes to a registry: a blob in one stream, and no password where it does not belong."""

from __future__ import annotations

import base64
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from lying import Artefact, Handler, Lying, digest, is_refused, pull, twisted

from buildkit.registry.client import Repository
from buildkit.registry.credentials import credentials
from buildkit.registry.failure import Failure
from buildkit.registry.reference import parse

BLOB = random.Random(1).randbytes(3 << 20)

NAME = f"sha256:{digest(BLOB)}"


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
