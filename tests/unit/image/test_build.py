"""The builder's command, and what is understood of its words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from buildkit.errors import ImageError
from buildkit.image.build import Request, build, command
from buildkit.image.progress import Progress, Vertex

REQUEST = Request(
    context=Path("/project"),
    dockerfile=Path("/project/docker/Dockerfile"),
    tags=("orbits-api:abc", "orbits-api:latest"),
    arguments={"SOURCE_ROOT": "src", "PYTHON_SLIM": "python:3.13-slim"},
    contexts={"buildkit": Path("/project/.buildkit/image/api")},
    labels={"org.opencontainers.image.revision": "abc"},
    ca_bundle=Path("/etc/bundle.pem"),
    time=1700000000,
)

FAILED = """\
#0 building with "default" instance using docker driver
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#5 [tools 1/2] COPY --from=buildkit tools.txt /requirements/
#5 CACHED
#7 [dependencies 2/2] RUN python3 -m pip install nothing-like-it
#7 0.512 ERROR: No matching distribution found for nothing-like-it
#6 [build 3/5] COPY . .
#6 DONE 1.2s
#7 ERROR: process "/bin/sh -c python3 -m pip install" did not complete successfully: exit code: 1
------
ERROR: failed to solve: process did not complete successfully
"""


def test_the_command_names_everything_and_no_attestation() -> None:
    assert command(REQUEST, Path("/tmp/metadata.json")) == [
        *("docker", "buildx", "build", "--progress=plain", "--load", "--provenance=false", "--sbom=false"),
        *("--file", "/project/docker/Dockerfile", "--metadata-file", "/tmp/metadata.json"),
        *("--tag", "orbits-api:abc", "--tag", "orbits-api:latest"),
        *("--build-arg", "PYTHON_SLIM=python:3.13-slim", "--build-arg", "SOURCE_DATE_EPOCH=1700000000"),
        *("--build-arg", "SOURCE_ROOT=src", "--build-context", "buildkit=/project/.buildkit/image/api"),
        *("--label", "org.opencontainers.image.revision=abc", "--secret", "id=ca,src=/etc/bundle.pem", "/project"),
    ]


def test_each_step_is_told_as_it_begins_and_ends_and_bookkeeping_is_not() -> None:
    told: list[Vertex] = []
    begun: list[str] = []
    progress = Progress(lambda step: told.append(step) if step.result else begun.append(step.name.partition("]")[0]))
    for line in FAILED.splitlines():
        progress.feed(line)
    assert sorted(begun) == sorted(step.name.partition("]")[0] for step in told)
    assert [(step.name.partition("]")[0], step.result, step.seconds) for step in told] == [
        ("[tools 1/2", "cached", 0.0),
        ("[build 3/5", "done", 1.2),
        ("[dependencies 2/2", "failed", 0.0),
    ]


def test_a_failure_is_the_step_with_its_last_words() -> None:
    progress = Progress(lambda _: None)
    for line in FAILED.splitlines():
        progress.feed(line)
    step, words = progress.failure()
    assert step == "[dependencies 2/2] RUN python3 -m pip install nothing-like-it"
    assert words == ["ERROR: No matching distribution found for nothing-like-it"]


def test_a_refusal_without_a_step_keeps_the_builders_words() -> None:
    progress = Progress(lambda _: None)
    progress.feed("#2 [internal] load metadata for docker.io/library/python:3.99")
    progress.feed("#2 ERROR: not found")
    progress.feed("ERROR: failed to solve: python:3.99: not found")
    assert progress.failure() == ("", ["ERROR: failed to solve: python:3.99: not found"])


def test_a_failed_build_says_step_and_reason(tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text(f"#!{sys.executable}\nimport sys\nsys.stderr.write({FAILED!r})\nsys.exit(1)\n")
    client.chmod(0o755)
    heard: list[str] = []
    path = f"{tmp_path}:{os.environ['PATH']}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)
        with pytest.raises(ImageError, match=r"orbits-api:abc did not build: \[dependencies 2/2\]") as caught:
            build(REQUEST, tmp_path / "metadata.json", lambda step: heard.append(step.result or "begins"))
    assert caught.value.details == ("ERROR: No matching distribution found for nothing-like-it",)
    assert [each for each in heard if each != "begins"] == ["cached", "done", "failed"]
    assert heard.count("begins") == 3


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        (
            "#3 [internal] load build context\n#3 transferring context: 2kB 0s\n#3 transferring context: 1.2MB 1s done",
            1_200_000,
        ),
        ("#3 [internal] load build context\n#3 transferring context: 47B done\n#3 DONE 0.0s", 47),
        ("#2 [internal] load .dockerignore\n#2 transferring context: 2B done\n#3 [1/1] RUN true", 0),
        ("#3 [internal] load build context\n#3 transferring context: much\n#3 DONE 0.0s", None),
    ],
)
def test_what_was_sent_is_what_the_builder_says_last(lines: str, sent: int | None) -> None:
    progress = Progress(lambda _: None)
    for line in lines.splitlines():
        progress.feed(line)
    assert progress.sent == sent
