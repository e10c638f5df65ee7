"""A project with an image, as a real engine builds it, and containers of that image."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import socket
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from buildkit.config import load
from buildkit.doors import process
from buildkit.flows.image import build_images
from buildkit.model import Outcome, Report
from buildkit.report.console import Console

FILES = {
    "pyproject.toml": """
        [project]
        name = "greeter"
        version = "1.2.3"
        dependencies = ["starlette>=0.40", "uvicorn>=0.30"]

        [tool.buildkit]
        packages = ["greeter"]

        [[tool.buildkit.data.stage]]
        name = "greet"
        run = "greeter.stages:greet"
        outputs = ["greeting.txt"]

        [tool.buildkit.image.api]
        repository = "REPOSITORY"
        command = ["uvicorn", "greeter.main:app", "--host", "0.0.0.0", "--port", "8000"]
        system-packages = ["hello"]
        build-packages = ["hello"]
        assets = [{ run = "mkdir -p static && cp words.txt static/", inputs = ["words.txt"], outputs = ["static"] }]
        writable = ["uploads", "/var/lib/greeter/cache", "/tmp/greeter"]
        environment = { GREETING = "a \\"b\\" $HOME", RUN_OF_TESTS = "NUMBER" }
    """,
    "src/greeter/__init__.py": "",
    "src/greeter/stages.py": """
        from pathlib import Path

        def greet(source: Path, out: Path) -> None:
            (out / "greeting.txt").write_text("hello from the volume")
    """,
    "src/greeter/words.py": """
        def loud(text: str) -> str:
            return text.upper()
    """,
    "src/greeter/main.py": """
        import os
        from importlib.metadata import version
        from pathlib import Path

        from starlette.applications import Starlette
        from starlette.endpoints import HTTPEndpoint
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        from greeter import words

        class Greeting(HTTPEndpoint):
            def get(self, request):
                file = Path(os.environ["PYBUILDKIT_DATA_PATH"], "current", "greeting.txt")
                compiled = words.__file__.endswith(".so")
                text = words.loud(file.read_text())
                return JSONResponse([text, compiled, version("greeter"), os.getuid(), os.getpid()])

        class Health(HTTPEndpoint):
            def get(self, request):
                return JSONResponse({"status": "ok"})

        app = Starlette(routes=[Route("/", Greeting), Route("/health", Health)])
    """,
    "tests/test_greeter.py": "",
    "words.txt": "made before the copy",
    ".env": "PASSWORD=secret",
}


MADE: set[str] = set()
"""Ids of all images that were built here: one whose name went to another is still there."""


@dataclass
class Project:
    """A project with one image, and what its builds said."""

    root: Path
    repository: str
    image: str = ""
    talk: io.StringIO = field(default_factory=io.StringIO)

    def build(self, **given: Any) -> tuple[Outcome, dict[str, Any]]:
        report = self.run(given.pop("environment", {}), **given)
        facts: Any = report.facts["built"]
        MADE.update(value for key, value in facts["api"].items() if key == "digest")
        return report.outcomes[0], facts["api"]

    def run(self, environment: dict[str, str], **given: Any) -> Report:
        self.talk = io.StringIO()
        variables = {**os.environ, "CI": "", **environment}
        return build_images(load(self.root, variables), Console(variables, talk=self.talk), variables, **given)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(undented(text))

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        (self.root / name).write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def repository() -> Iterator[str]:
    """A name for images; those that were built here are removed at the end.

    Runs at once have images of their own, in which a part of it stands: one run would else remove those of another.
    """
    name = f"buildkit-test-{uuid4().hex[:8]}"
    yield name
    here = set(docker("image", "ls", "--quiet", "--no-trunc").split())
    images = set(docker("image", "ls", "--quiet", "--no-trunc", f"{name}*").split()) | (MADE & here)
    if images:
        docker("image", "rm", "--force", *sorted(images))


@pytest.fixture(scope="session")
def greeter(tmp_path_factory: pytest.TempPathFactory, repository: str) -> Project:
    """The project as it was built once; a test that changes it takes an `editable` one."""
    made = Project(tmp_path_factory.mktemp("greeter"), repository)
    for name, text in FILES.items():
        made.write(name, text.replace("REPOSITORY", repository).replace("NUMBER", repository.rpartition("-")[2]))
    made.image = made.build(required=True)[1]["digest"]
    return made


@pytest.fixture
def editable(greeter: Project, tmp_path: Path) -> Project:
    """The built project in another folder, free to change; its images have the same name and go with it."""
    shutil.copytree(greeter.root, tmp_path / "copy")
    return Project(tmp_path / "copy", greeter.repository)


@pytest.fixture
def docker_volume() -> Iterator[str]:
    name = f"buildkit-test-{uuid4().hex[:8]}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", name)


def docker(*arguments: str) -> str:
    answer = process.run(["docker", *arguments], timeout=240)
    assert answer.ok, answer.stderr
    return answer.stdout.strip()


def undented(text: str) -> str:
    return "".join(f"{line.removeprefix(' ' * 8)}\n" for line in text.strip("\n").splitlines())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextlib.contextmanager
def started(image: str, *options: str, command: Sequence[str] = ()) -> Iterator[str]:
    """Start a container, its port 8000 on a free port of this machine, and remove it at the end."""
    name = f"buildkit-test-{uuid4().hex[:8]}"
    publish = () if "host" in options else ("--publish", "127.0.0.1::8000")
    docker("run", "--detach", "--name", name, *publish, *options, image, *command)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


@contextlib.contextmanager
def created(image: str, *options: str, command: Sequence[str]) -> Iterator[str]:
    """Make a container that does not run yet, and remove it at the end."""
    name = f"buildkit-test-{uuid4().hex[:8]}"
    docker("create", "--name", name, *options, image, *command)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


def answer_of(container: str, address: str = "") -> Any:
    """Return what the service says once it answers, at `address` or where its port 8000 is published."""
    address = address or docker("port", container, "8000")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"http://{address}", timeout=2) as response,
        ):
            return json.load(response)
        time.sleep(0.05)
    raise AssertionError(log_of(container))


def log_of(container: str) -> str:
    done = process.run(["docker", "logs", container])
    return done.stdout + done.stderr


def inside(image: str, script: str) -> str:
    return docker("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script)
