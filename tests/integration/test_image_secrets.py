"""What of a build on a real engine nobody else gets to see: the credentials of an index, and what its caches keep."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from plugins.projects import run_invoke

from buildkit.doors import process

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

ProjectMaker = Callable[[Mapping[str, str]], Path]

USER, TOKEN = "reader", f"t0ken{uuid4().hex}"
SETTINGS = """
[project]
name = "NAME"
version = "1"
dependencies = DEPENDENCIES

[tool.buildkit]
packages = ["app"]

[tool.buildkit.image.api]
repository = "REPOSITORY"
command = ["python", "-c", "import app.words"]
health = ""
"""


def docker(*arguments: str) -> str:
    answer = process.run(["docker", *arguments], timeout=120)
    assert answer.ok, answer.stderr
    return answer.stdout.strip()


def files(repository: str, name: str, dependencies: str = "[]") -> dict[str, str]:
    settings = SETTINGS.replace("NAME", name).replace("REPOSITORY", repository).replace("DEPENDENCIES", dependencies)
    return {
        "pyproject.toml": settings,
        "tasks.py": "from buildkit.tasks import ns\n",
        "app/__init__.py": "",
        "app/words.py": f"def loud(text: str) -> str:\n    return text.upper() + {name!r}\n",
    }


@pytest.fixture
def repository() -> Iterator[str]:
    name = f"buildkit-test-{uuid4().hex[:8]}"
    yield name
    images = docker("image", "ls", "--quiet", "--no-trunc", f"{name}*").split()
    if images:
        docker("image", "rm", "--force", *sorted(set(images)))


# ------------------------------------------------------------------ a private index


@dataclass
class Index:
    """A package index with one package, for who has the token."""

    port: int = 0
    taken: list[str] = field(default_factory=list)


def wheel() -> bytes:
    """A package that only the private index has."""
    about = "only_here-1.dist-info"
    content = {
        "only_here.py": "ANSWER = 42\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: only-here\nVersion: 1\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for name, text in content.items()
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, text in {**content, f"{about}/RECORD": f"{record}{about}/RECORD,,\n"}.items():
            file.writestr(name, text)
    return made.getvalue()


@pytest.fixture
def index() -> Iterator[tuple[str, Index]]:
    """Serve it on the address at which a build reaches this machine."""
    host = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    wanted = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    content, seen = wheel(), Index()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                body = b""
            elif self.path == "/simple/only-here/":
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                body = b'<a href="/only_here-1-py3-none-any.whl">only_here-1-py3-none-any.whl</a>'
            elif self.path.endswith(".whl"):
                seen.taken.append(self.path)
                self.send_response(200)
                body = content
            else:
                self.send_response(404)
                body = b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with contextlib.ExitStack() as stack:
        try:
            server = http.server.ThreadingHTTPServer((host, 0), Handler)
        except OSError as error:
            pytest.skip(f"the engine's network is not of this machine: {error}")
        stack.callback(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        seen.port = server.server_port
        yield host, seen


@contextlib.contextmanager
def watched(word: str) -> Iterator[list[str]]:
    """Look at the command line of every process of this machine meanwhile; a list of those that have `word`."""
    found: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if word.encode() in (line := place.read_bytes()):
                        found.append(line.replace(b"\0", b" ").decode(errors="replace"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def test_the_token_of_a_private_index_leaves_no_trace(
    project: ProjectMaker, repository: str, index: tuple[str, Index], tmp_path: Path
) -> None:
    host, seen = index
    address = f"http://{USER}:{TOKEN}@{host}:{seen.port}/simple"
    root = project(files(repository, "private", '["only-here"]'))
    given = {"PYBUILDKIT_ENGINE_BUILD_ARGS": json.dumps({"PIP_EXTRA_INDEX_URL": address, "PIP_TRUSTED_HOST": host})}
    with watched(f"wanted-{TOKEN}") as control:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", f"wanted-{TOKEN}"], check=True)
    assert control, "a token on a command line would be seen"

    with watched(TOKEN) as lines:
        done = run_invoke(root, "image", "--json", variables=given, timeout=400)

    assert done.returncode == 0, done.stderr
    assert seen.taken, "the package came from there"
    image = f"{repository}:latest"
    assert docker("run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", "import only_here") == ""
    assert lines == []
    told = {
        "what was said": done.stdout + done.stderr,
        "the history": docker("history", "--no-trunc", image),
        "labels and variables": docker("image", "inspect", image),
    }
    layers = tmp_path / "layers.tar"
    docker("save", "--output", str(layers), image)
    told["the layers"] = layers.read_bytes().decode("latin-1")
    for place in (root / ".buildkit").rglob("*"):
        if place.is_file():
            told[str(place)] = place.read_bytes().decode("latin-1")
    both = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    assert [where for where, text in told.items() if TOKEN in text or both in text] == []

    broken = {**given, "PYBUILDKIT_ENGINE_BUILD_ARGS": json.dumps({"PIP_EXTRA_INDEX_URL": address.replace("@", "x@")})}
    (root / "pyproject.toml").write_text((root / "pyproject.toml").read_text().replace('"only-here"', '"nowhere-here"'))
    failed = run_invoke(root, "image", variables=broken, timeout=400)
    assert failed.returncode == 20, failed.stderr
    assert "nowhere-here" in failed.stderr
    assert TOKEN not in failed.stdout + failed.stderr


# ------------------------------------------------------------------ the builder's caches


def mounts(root: Path) -> set[str]:
    """Return the names under which the builder keeps the caches of a project, for its architecture."""
    text = (root / ".buildkit/image/api/Dockerfile").read_text()
    python = (
        os.environ.get("PYBUILDKIT_ENGINE_PYTHON_BUILD") or f"python:{sys.version_info.major}.{sys.version_info.minor}"
    )
    machine = docker("version", "--format", "{{.Server.Arch}}")
    return {
        name.replace("${PYTHON_BUILD}", python).replace("${TARGETARCH}", machine)
        for name in re.findall(r"type=cache,id=([^,]+),", text)
    }


def files_in(name: str, folder: Path) -> set[str]:
    """Return what another Dockerfile on the same builder finds under the name of a cache."""
    slim = (
        os.environ.get("PYBUILDKIT_ENGINE_PYTHON_SLIM")
        or f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    )
    folder.mkdir(exist_ok=True)
    run = f"RUN --mount=type=cache,id={name},target=/c echo {uuid4().hex}; find /c -type f | sed 's/^/found /'"
    (folder / "Dockerfile").write_text(f"FROM {slim}\n{run}\n")
    command = ["docker", "buildx", "build", "--progress", "plain", str(folder)]  # --no-cache would empty it
    answer = process.run(command, timeout=120)
    assert answer.ok, answer.stderr
    return set(re.findall(r"found (/c/\S+)", answer.stdout + answer.stderr))


def test_projects_of_one_builder_do_not_reach_each_others_store(tmp_path: Path, repository: str) -> None:
    roots = {name: tmp_path / name / "service" for name in ("one", "other")}
    for name, root in roots.items():
        for path, text in files(f"{repository}-{name}", "service").items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.replace("upper", "upper" if name == "one" else "lower"))
        done = run_invoke(root, "image", timeout=400)
        assert done.returncode == 0, done.stderr

    one, other = (mounts(root) for root in roots.values())

    assert one.isdisjoint(other)
    (store,) = (name for name in one if "-store-" in name)
    (others,) = (name for name in other if "-store-" in name)
    kept, theirs = files_in(store, tmp_path / "look"), files_in(others, tmp_path / "look")
    assert len(kept) > 3, "the name is that of a store"
    assert len(theirs) > 3
    actions = {place for place in kept if "/actions/" in place}
    assert actions - theirs, "each compiled its own source"
    plain = "buildkit" + store[store.index("-store-") :]
    assert not files_in(plain, tmp_path / "look") & actions, "a name that anybody can tell leads to nothing of theirs"
    number = store.removeprefix("buildkit-service-").partition("-")[0]
    assert re.fullmatch(r"[0-9a-f]{20}", number), store
