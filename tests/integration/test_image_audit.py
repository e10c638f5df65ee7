"""`invoke image.audit` on images of a real engine: what it finds in them, and that it finds nothing in a sound one."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from plugins.images import Project, answer_of, docker, started

from buildkit.config import load
from buildkit.errors import ImageError
from buildkit.flows.image_audit import audit_images
from buildkit.flows.image_audit_lines import lines
from buildkit.model import Report
from buildkit.report.console import Console

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

PLANTED = """
FROM {image} AS planted
USER root
RUN echo API_TOKEN=hunter2 > /app/.env && head -c 2000000 /dev/urandom > /app/big.bin
RUN rm /app/.env && chown 10001 /app/big.bin
RUN printf '\\177ELF' > /app/broken.so && cp /bin/true /bin/git
ENV API_KEY=hunter2
"""


def audited(project: Project, **given: Any) -> Report:
    variables = {**os.environ, "CI": ""}
    return audit_images(load(project.root, variables), Console(variables, talk=io.StringIO()), variables, **given)


def test_nothing_is_wrong_with_what_the_suite_builds(greeter: Project) -> None:
    docker("image", "tag", greeter.image, f"{greeter.repository}:latest")
    report = audited(greeter, since=greeter.image, picture=".buildkit/image.svg")
    assert [row for row in report.outcomes if row.result == "wrong"] == []
    facts: Any = report.facts["images"]
    about = facts["api"]
    owners = {row["owner"]: row["version"] for row in about["rows"]}
    assert {"starlette", "uvicorn", "(service)", "libc6", "(nobody's)"} <= owners.keys()
    assert owners["starlette"]
    assert sum(layer["bytes"] for layer in about["layers"]) == about["bytes"]
    contents = sum(row["bytes"] for row in about["rows"])
    assert contents + sum(layer["frame"] for layer in about["layers"]) == about["bytes"]
    size = int(docker("image", "inspect", "--format", "{{.Size}}", greeter.image))
    assert abs(contents - size) < size / 100, "the engine counts the contents of files as well"
    assert about["grown"] == []
    text = "\n".join(lines(report))
    assert "(base)" in text
    assert f"since {greeter.image}: nothing changed" in text
    picture = (greeter.root / ".buildkit/image.svg").read_text()
    assert "<title>starlette: code, " in picture
    assert "<title>(service): " in picture


def test_what_was_planted_is_found(editable: Project, tmp_path: Path) -> None:
    name = f"{editable.repository}-planted"
    editable.edit("pyproject.toml", editable.repository, name)
    folder = tmp_path / "planted"
    folder.mkdir()
    docker("image", "tag", f"{editable.repository}:latest", f"{name}:before")
    (folder / "Dockerfile").write_text(PLANTED.format(image=f"{name}:before"))
    docker("build", "--quiet", "--tag", f"{name}:latest", str(folder))
    with pytest.raises(ImageError, match="2 things are wrong with what the image holds") as caught:
        audited(editable)
    report = caught.value.report
    assert report is not None
    found = {(row.subject, row.result, row.reason.kind) for row in report.outcomes}
    assert found >= {
        ("api: app/.env", "wrong", "secret"),
        ("api: app/broken.so", "advice", "may not load"),
        ("api: usr/bin/git", "advice", "build tool"),
    }
    assert "hunter2" not in "\n".join([*lines(report), *caught.value.details])
    facts: Any = report.facts["images"]
    about = facts["api"]
    assert about["since"] == f"{name}:before"
    assert about["grown"][0]["owner"] == "(service)"
    assert about["grown"][0]["after"] - about["grown"][0]["before"] == pytest.approx(4_000_000, rel=0.01)
    again = [row.reason.detail for row in report.outcomes if row.reason.kind == "written again"]
    assert "the file app/big.bin of a lower layer, 2 MB: nothing but owner, mode or date changed" in again


def test_an_image_that_is_not_there_is_told(editable: Project) -> None:
    editable.edit("pyproject.toml", editable.repository, f"{editable.repository}-none")
    with pytest.raises(ImageError, match="-none:latest could not be read") as caught:
        audited(editable)
    assert caught.value.hint == "invoke image builds it"


def test_slimmed_packages_weigh_less_and_the_service_starts(greeter: Project, editable: Project) -> None:
    editable.edit("pyproject.toml", "build-packages", 'slim = ["symbols", "bytecode"]\nbuild-packages')
    slim = editable.build(required=True)[1]
    report = audited(editable, since=greeter.image)

    facts: Any = report.facts["images"]
    about = facts["api"]
    assert [row["rule"] for row in about["slimmed"]] == ["symbols", "bytecode"]
    taken = {row["rule"]: row["bytes"] for row in about["slimmed"]}
    assert taken["bytecode"] > 1_000_000
    assert about["bytes_before"] - about["bytes"] > sum(taken.values()) * 0.9
    assert not [row for row in about["rows"] if row["kind"] == "bytecode" and row["owner"] == "starlette"]
    assert "slimmed: bytecode" in "\n".join(lines(report))
    with started(slim["digest"]) as container:
        assert answer_of(container)[0] == "HELLO FROM THE VOLUME"
