"""A project's own Dockerfile: built as it is, looked at by starting it, and left alone where nothing of it changed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from textwrap import dedent

import pytest
from plugins.images import MADE, Project, docker

from buildkit.config import load
from buildkit.errors import ConfigurationError, ImageError
from buildkit.flows.image_check import check_images
from buildkit.model import Report
from buildkit.report.console import Console

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

SETTINGS = """
    [project]
    name = "own"
    version = "1"
    optional-dependencies = { postgres = ["psycopg"] }

    [tool.buildkit]
    packages = ["app"]

    [tool.buildkit.image.api]
    repository = "REPOSITORY-own"
    dockerfile = "deploy/Dockerfile"
    target = "runtime"
    extras = ["postgres"]

    [tool.buildkit.image.bad]
    repository = "REPOSITORY-bad"
    dockerfile = "bad.Dockerfile"
"""
DOCKERFILE = """
    ARG BASE=localhost/python-slim:3.11
    FROM ${BASE} AS runtime
    WORKDIR /srv
    COPY app app
    RUN useradd --create-home --uid 4000 service
    USER 4000
    ENTRYPOINT ["python3", "-m", "app"]
    FROM no-such-image AS never
"""
SERVICE = """
    import http.server, signal, sys
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if __name__ == "__main__":
        http.server.HTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
COMPOSE = """
    services:
      web:
        build: {context: ., dockerfile: bad.Dockerfile}
      proxy:
        image: proxy:1
        depends_on: {web: {condition: service_healthy}}
"""
BAD = """
    FROM localhost/python-slim:3.11
    COPY app /srv/app
    COPY .env /srv/
    ENV API_TOKEN=abcdef123456
    CMD cd /srv && sleep 100
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, repository: str) -> Project:
    made = Project(tmp_path_factory.mktemp("own"), repository)
    files = {"pyproject.toml": SETTINGS, "deploy/Dockerfile": DOCKERFILE, "bad.Dockerfile": BAD, "README.md": "1"}
    files["compose.yaml"] = COMPOSE
    files |= {"app/__init__.py": "", "app/__main__.py": SERVICE, ".env": "DB_PASSWORD=hunter2secret\n"}
    for name, text in files.items():
        (made.root / name).parent.mkdir(exist_ok=True)
        (made.root / name).write_text(dedent(text.replace("REPOSITORY", repository)))
    report = made.run({}, required=True)
    for about in report.facts["built"].values():  # type: ignore[attr-defined]
        MADE.add(about["digest"])
    return made


def checked(project: Project, name: str) -> dict[str, str]:
    """Return the verdict with its reason for each point."""
    variables = {**os.environ, "CI": ""}
    report: Report | None
    try:
        report = check_images(
            load(project.root, variables), Console(variables, talk=project.talk), variables, names=[name]
        )
    except ImageError as error:
        report = error.report
    assert report is not None
    return {row.subject.partition(": ")[2]: f"{row.result}: {row.reason}" for row in report.outcomes}


def test_it_is_built_as_it_is_and_what_it_leaves_out_is_said(own: Project) -> None:
    said = own.talk.getvalue()

    assert "image api: deploy/Dockerfile says all; without effect beside it: extras\n" in said
    assert (
        "image api: deploy/Dockerfile is built as it is and takes nothing of the suite: no compiled modules\n" in said
    )
    assert "image bad: bad.Dockerfile:4 secret: .env goes into a layer of the image\n" in said
    assert "image bad: bad.Dockerfile could be better in 2 places (root, no-signals)" in said
    assert docker("run", "--rm", "--entrypoint", "ls", f"{own.repository}-own", "/srv") == "app"


def test_what_it_does_not_take_builds_nothing_anew(own: Project) -> None:
    (own.root / "README.md").write_text("2")
    assert [row.result for row in own.run({"PATH": os.environ["PATH"]}).outcomes] == ["fresh", "fresh"]

    (own.root / "app/more.py").touch()
    try:
        assert [str(row.reason) for row in own.run({}, dry_run=True).outcomes] == ["context appeared: app/more.py"] * 2
    finally:
        (own.root / "app/more.py").unlink()


def test_the_check_finds_out_by_starting_it(own: Project) -> None:
    found = checked(own, "api")

    assert found["command is in the image"] == ("holds: python3 -m app")
    assert found["command starts"] == "holds: it runs, and listens on 8000"
    assert found["health check"] == "advice: there is none, and it listens on 8000"
    assert found["module of the command"] == "holds: app"
    assert found["user"] == "holds: user 4000"
    assert found["stops when asked"] == "holds: it does"
    assert re.fullmatch(r"holds: none in \d layers", found["secrets in layers"])
    assert found["only what it needs"] == "holds: no compiler, no packages for tests"
    assert found["folders may be written"] == "holds: /home/service"
    assert not {"entrypoint", "entrypoint is the gates", "gates can start", "compose file"} & {*found}


def test_what_is_wrong_with_one_is_found(own: Project) -> None:
    found = checked(own, "bad")

    assert found["bad.Dockerfile:4 secret"] == "wrong: .env goes into a layer of the image"
    assert found["bad.Dockerfile:5 secret"].startswith("wrong: API_TOKEN is a secret by its name")
    assert found["bad.Dockerfile:6 no-signals"].startswith("advice: CMD is in shell form")
    assert f"{'':20}CMD cd /srv && exec sleep 100\n" in own.talk.getvalue()
    assert found["health check"] == (
        "wrong: there is none, and proxy waits until web is healthy: compose would not start it"
    )
    assert found["compose file"] == "holds: compose.yaml, service web"
    assert found["user"] == "wrong: the service runs as root"
    assert found["secrets in layers"] == "wrong: /srv/.env (by COPY .env /srv/ # buildkit); the variable API_TOKEN"
    assert found["stops when asked"].startswith("advice: it does not end when it is asked to (SIGTERM)")


def test_a_stage_that_is_not_there_is_told_with_those_that_are(own: Project, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "deploy/Dockerfile", "app/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((own.root / name).read_text().replace('target = "runtime"', 'target = "serve"'))

    with pytest.raises(ConfigurationError, match=r"image.api.target: deploy/Dockerfile has no stage serve") as caught:
        Project(tmp_path, own.repository).run({}, names=["api"])
    assert caught.value.hint == "its stages with a name: runtime, never"
