"""Secrets in an image as the engine saves it: in layers, variables, history."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

from buildkit.image import leaks
from buildkit.image.saved import read


def packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def saved(layers: list[dict[str, bytes]], history: list[dict[str, Any]], **configuration: Any) -> io.BytesIO:
    """Return an image with these layers as `docker image save` writes it."""
    about = {"config": configuration, "history": history}
    names = [f"blobs/sha256/{number}" for number in range(len(layers))]
    manifest = [{"Config": "blobs/sha256/c", "Layers": names}]
    blobs = {name: packed(files) for name, files in zip(names, layers, strict=True)}
    texts = {"blobs/sha256/c": json.dumps(about).encode(), "manifest.json": json.dumps(manifest).encode()}
    return io.BytesIO(packed({**blobs, **texts}))


def found(stream: io.BytesIO) -> leaks.Seen:
    return leaks.of_saved(read(stream, "sample", leaks.secret_files))


def by(*instructions: str) -> list[dict[str, Any]]:
    return [{"created_by": each} for each in instructions]


def test_a_file_is_found_where_a_later_layer_deletes_it() -> None:
    layers = [{"srv/.env": b"DB_PASSWORD=hunter2\n"}, {"srv/.wh..env": b""}]
    history = [*by("COPY .env /srv"), {"created_by": "ENV A=1", "empty_layer": True}, *by("RUN rm /srv/.env")]

    seen = found(saved(layers, history))

    assert seen == leaks.Seen(2, (leaks.Leak("/srv/.env", "COPY .env /srv"),))
    assert [leaks.words(each) for each in seen.leaks] == ["/srv/.env (by COPY .env /srv)"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("root/.netrc", "machine example.org login me password x1y2z3"),
        ("root/.pypirc", "[pypi]\nusername = me\npassword = x1y2z3"),
        ("app/.git/config", '[remote "origin"]\n\turl = https://me:x1y2z3@github.com/a/b'),
        ("opt/venv/lib/python3.12/site-packages/a-1.dist-info/direct_url.json", '{"url": "https://me:x1y2z3@a.org/b"}'),
        ("root/.ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("root/.docker/config.json", '{"auths": {"a": {"auth": "bWU6eA=="}}}'),
        ("root/.aws/credentials", "aws_secret_access_key = x1y2z3"),
        ("etc/pip.conf", "[global]\nindex-url = https://me:x1y2z3@example.org/simple"),
        ("srv/service-account.json", '{"private_key": "x"}'),
    ],
)
def test_what_builds_leave_behind_is_found(path: str, content: str) -> None:
    assert [each.place for each in found(saved([{path: content.encode()}], by("RUN x"))).leaks] == [f"/{path}"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("srv/.env", "DEBUG=1\nSECRET_KEY=change-me\n"),
        ("srv/.env.example", "DB_PASSWORD=hunter2"),
        ("etc/ssl/private/ssl-cert-snakeoil.key", "-----BEGIN PRIVATE KEY-----"),
        ("opt/venv/lib/python3.12/site-packages/a/tests/b.pem", "-----BEGIN PRIVATE KEY-----"),
        ("etc/pip.conf", "[global]\nindex-url = https://mirror.example.org/simple"),
        ("srv/ca.pem", "-----BEGIN CERTIFICATE-----"),
        ("app/.git/config", '[remote "origin"]\n\turl = git@github.com:a/b.git'),
    ],
)
def test_what_is_no_secret_is_left(path: str, content: str) -> None:
    assert found(saved([{path: content.encode()}], by("RUN x"))).leaks == ()


def test_variables_and_history_are_read_too() -> None:
    run = "RUN |2 A=1 NPM_TOKEN=f3a9bc /bin/sh -c npm ci # buildkit"
    history = by("FROM x", run, "RUN pip install -i https://me:x1y2z3@a.org/simple b")

    seen = found(saved([{}, {}, {}], history, Env=["PATH=/bin", "API_TOKEN=f3a9bc", "GPG_KEY=" + "A0" * 20]))

    assert [leaks.words(each) for each in seen.leaks] == [
        "the variable API_TOKEN",
        "the build argument NPM_TOKEN in the history (by RUN /bin/sh -c npm ci # buildkit)",
        "an address with credentials in the history (by RUN pip install -i https://****@a.org/simple b)",
    ]


def test_what_no_engine_would_save_is_told() -> None:
    assert leaks.look("no-image", {"PATH": "/nowhere"}).why_not != ""


@pytest.mark.parametrize(
    ("instruction", "shown"),
    [
        ("ENV API_KEY=hunter2 PORT=80", "ENV API_KEY=*** PORT=80"),
        ('ENV api_key="hunter 2" PORT=80', "ENV api_key=*** PORT=80"),
        ("ENV API_TOKEN=$GIVEN PORT=80", "ENV API_TOKEN=$GIVEN PORT=80"),
        ("RUN |1 API_TOKEN=hunter2 /bin/sh -c make", "RUN /bin/sh -c make"),
        ("RUN /bin/sh -c echo API_TOKEN=hunter2 > /srv/.env", "RUN /bin/sh -c echo API_TOKEN=*** > /srv/.env"),
    ],
)
def test_an_instruction_is_told_without_its_secrets(instruction: str, shown: str) -> None:
    assert leaks.masked(instruction) == shown
