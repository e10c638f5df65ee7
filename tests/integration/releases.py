"""A project that is released to this machine: its compose file, a registry, a database, and images by the dozen.

The images are not what `invoke image` builds, which takes a minute: one base has Alembic, the suite's entrypoint and a
service of the standard library, and each image is that with another label or file on top, made in a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from uuid import uuid4

import contained
import psycopg
import registry as registries
from migrating import REPOSITORY
from plugins.images import docker
from plugins.projects import InvokeRunner, Ran

from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.image import assemble
from buildkit.migrate.discovery import find
from buildkit.release.compose import lock
from buildkit.runtime.settings import RuntimeSettings

COMPOSE = """
name: {name}
services:
  {service}:
    image: {name}:none
    environment:
      DATABASE_URL: {database}
      PYBUILDKIT_MIGRATE_AHEAD: {ahead}
      COLOUR: ${{COLOUR:-blue}}
    {more}
"""
PROJECT = """
[project]
name = "orbits"
version = "1"
[tool.buildkit]
packages = ["orbits"]
[tool.buildkit.image.api]
repository = "{name}"
command = ["serve"]
[tool.buildkit.release]
registry = "{registry}"
environment = "production"
wait = "{wait}"
[tool.buildkit.release.service.api]
image = "api"
target = "compose"
{more}
"""

REVISION = '''"""{id}."""

import os, time
from alembic import op

revision = {id!r}
down_revision = {before!r}


def upgrade() -> None:
    {body}
'''

SERVICE = """
import http.server, os, signal, sys, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = os.environ.get("VERSION", "none").encode()
        self.send_response(500 if self.path == "/health" and os.environ.get("UNWELL") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

if os.environ.get("DIES"):
    sys.exit("cannot reach " + os.environ["DATABASE_URL"])
server = Server(("0.0.0.0", 8000), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(0.05)
server.server_close()
"""

LIBRARIES = ("alembic", "sqlalchemy", "mako", "markupsafe", "typing_extensions", "psycopg")
"""What a migration needs in an image; psycopg takes the libpq of the base."""


def build_base(folder: Path, name: str) -> None:
    """Build the image that all others are made from: two revisions, and the entrypoint with its migration gate."""
    for library in LIBRARIES:
        for file in distribution(library).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = folder / "site" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
    for room in assemble.RUNTIME:
        source, target = REPOSITORY / "buildkit" / room, folder / "suite/buildkit" / room
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    app = folder / "app"
    (app / "migrations/versions").mkdir(parents=True)
    shutil.copy(REPOSITORY / "migrations/env.py", app / "migrations")
    for path, text in {**revision("0001", None, TABLE), **revision("0002", "0001", COLUMN)}.items():
        (folder / path.lstrip("/")).write_text(text)
    (app / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    settings = find(app)
    assert settings is not None
    (app / "buildkit.json").write_text(RuntimeSettings(Path("/app"), None, settings.as_json(app)).as_text())
    (app / "service.py").write_text(SERVICE)
    (folder / "Dockerfile").write_text(DOCKERFILE.format(base=os.environ["PYBUILDKIT_ENGINE_PYTHON_SLIM"]))
    docker("buildx", "build", "--quiet", "--load", "--provenance=false", "--tag", name, str(folder))


def revision(identity: str, before: str | None, body: str) -> dict[str, str]:
    """Return a revision file of an image by its path."""
    return {f"/app/migrations/versions/{identity}.py": REVISION.format(id=identity, before=before, body=body)}


def with_data(policy: str, word: str) -> dict[str, str]:
    """Return the settings of an image without migrations, whose data is one file with a word in it."""
    stage = Stage("greet", ("sh", "-c", f"echo {word} > $PYBUILDKIT_DATA_OUT/greeting"), outputs=("greeting",))
    data = Pipeline(root=Path("/app"), source_root=Path("/app"), folder=Path("/data"), stages=(stage,), policy=policy)
    return {"/app/buildkit.json": RuntimeSettings(Path("/app"), data).as_text()}


TABLE = 'op.execute("CREATE TABLE things (id integer)")'
COLUMN = 'op.execute("ALTER TABLE things ADD COLUMN name text")'

DOCKERFILE = """
FROM {base}
RUN ln -sf /usr/bin/python3 /usr/local/bin/python || true
COPY site /opt/site
COPY suite /opt/suite
COPY app /app
RUN python3 -m compileall -q /opt/site /opt/suite
ENV PYTHONPATH=/opt/site:/opt/suite PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
LABEL invoke-buildkit.head=0002 invoke-buildkit.revisions="0001 0002" invoke-buildkit.ahead=fail
HEALTHCHECK --interval=20s --timeout=5s --start-period=60s --start-interval=400ms --retries=3 \\
    CMD ["python", "-m", "buildkit.runtime", "--health", "http://127.0.0.1:8000/health"]
ENTRYPOINT ["python", "-m", "buildkit.runtime", "--"]
CMD ["python", "service.py"]
"""


@dataclass
class Site:
    """A project on this machine, of which releases are made.

    Args:
        root: the project.
        name: the name of its compose project, of its image and of what else is its own here.
        base: the image that all its images are made from.
        registry: the registry's address.
        database: the URL of its database, as containers reach it.
        invoke: runs `invoke`.
    """

    root: Path
    name: str
    base: str
    registry: str
    database: str
    invoke: InvokeRunner
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.registry}/{self.name}"

    def declare(self, *, more: str = "", wait: str = "60s", compose: str = "", ahead: str = "serve") -> None:
        """Write pyproject.toml and compose.yaml."""
        (self.root / "src/orbits").mkdir(parents=True, exist_ok=True)
        (self.root / "src/orbits/__init__.py").touch()
        (self.root / "tasks.py").write_text("from buildkit.tasks import ns\n")
        (self.root / ".gitignore").write_text(".buildkit/\n__pycache__/\n")
        text = PROJECT.format(name=self.name, registry=self.registry, more=more, wait=wait)
        (self.root / "pyproject.toml").write_text(text)
        text = COMPOSE.format(name=self.name, service="api", database=self.database, ahead=ahead, more=compose)
        (self.root / "compose.yaml").write_text(text)

    def commit(self) -> str:
        """Commit everything; return the tag of its images."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "a commit")
        return self._git("rev-parse", "HEAD")[:12]

    def push(self, files: Mapping[str, str] | None = None, *, lines: str = "", **labels: str) -> str:
        """Make an image of the commit that is checked out and push it; return the image's digest.

        Args:
            files: what lies in it beside the service's own, by path.
            lines: further instructions.
            labels: labels on its migrations, `head="0006"`.
        """
        commit = self._git("rev-parse", "HEAD")
        about = {"org.opencontainers.image.revision": commit}
        about |= {f"invoke-buildkit.{name}": value for name, value in labels.items()}
        text = [f"FROM {self.base}", *(f"LABEL {name}={json.dumps(value)}" for name, value in about.items()), lines]
        with tempfile.TemporaryDirectory() as folder:
            for path, content in (files or {}).items():
                file = Path(folder, "files", path.lstrip("/"))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
            Path(folder, "files").mkdir(exist_ok=True)
            Path(folder, "Dockerfile").write_text("\n".join([*text, "COPY --link files/ /"]))
            tag = f"{self.place}:{commit[:12]}"
            docker("buildx", "build", "--quiet", "--load", "--provenance=false", "--tag", tag, folder)
        docker("push", "--quiet", tag)
        digests = json.loads(docker("image", "inspect", "--format", "{{json .RepoDigests}}", tag))
        return next(str(each).partition("@")[2] for each in digests if each.startswith(f"{self.place}@"))

    def run(self, *words: str, **variables: str) -> Ran:
        """Run an `invoke` command in the project."""
        return self.invoke(self.root, *words, **{**self.variables, **variables})

    def release(self, *words: str, **variables: str) -> tuple[int, dict[str, str], Ran]:
        """Release; return the exit code and the outcome of each step."""
        ran = self.run("release", "--yes", "--json", *words, **variables)
        return ran.exit_code, outcomes(ran), ran

    def rollback(self, *words: str) -> tuple[int, dict[str, str], Ran]:
        """Go back; as `release`."""
        ran = self.run("release.rollback", "--yes", "--json", *words)
        return ran.exit_code, outcomes(ran), ran

    @property
    def tag(self) -> str:
        """The tag of the images of the commit that is checked out."""
        return self._git("rev-parse", "HEAD")[:12]

    @property
    def password(self) -> str:
        return self.database.partition("postgres:")[2].partition("@")[0]

    def head(self) -> str:
        """Return the revision of the database."""
        with psycopg.connect(self.database) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert found is not None
        return str(found[0])

    def retag(self) -> None:
        """Push the image of the commit under the tag that it has where files differ."""
        images = [f"{self.place}:{self.tag}{ending}" for ending in ("", "-dirty")]
        docker("tag", *images)
        docker("push", "--quiet", images[1])

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of releases on this host, as a release from elsewhere does."""
        name = lock.name_of(self.name)
        docker("run", "--detach", "--rm", "--interactive", "--name", name, "--entrypoint", "cat", self.base)
        try:
            yield
        finally:
            docker("rm", "--force", name)

    def compose_up(self) -> None:
        """Let compose itself start the service anew, as somebody by hand, with the image that it has."""
        name = self.containers()[0]["Config"]["Image"]
        text = json.dumps({"services": {"api": {"image": name}}})
        (self.root / "override.yaml").write_text(text)
        files = [word for each in ("compose.yaml", "override.yaml") for word in ("--file", str(self.root / each))]
        docker("compose", *files, "up", "--detach", "--wait")
        (self.root / "override.yaml").unlink()

    def containers(self) -> list[dict[str, Any]]:
        """Return the containers of the service, however they are."""
        filters = ["--filter", f"label=com.docker.compose.project={self.name}"]
        ids = docker("ps", "--all", "--quiet", *filters).split()
        return json.loads(docker("container", "inspect", *ids)) if ids else []

    def digests(self) -> list[str]:
        """Return the digests of the images that run."""
        return [each["Config"]["Image"].partition("@")[2] for each in self.containers() if each["State"]["Running"]]

    def _git(self, *words: str) -> str:
        own = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *own, *words], cwd=self.root, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()


def outcomes(ran: Ran) -> dict[str, str]:
    """Return the outcome of each step of a release; none where it gave no result."""
    return {row["step"]: row["outcome"] for row in ran.json["steps"]} if ran.stdout.strip() else {}


@contextlib.contextmanager
def site(root: Path, base: str, postgres: Path, invoke: InvokeRunner) -> Iterator[Site]:
    """A project with a registry and a database of its own; all that it started is gone at the end."""
    name = f"buildkit-test-{uuid4().hex[:8]}"
    (root / "project").mkdir(parents=True)
    with registries.registry(root / "registry") as registry, contained.bridged(postgres, root / "database") as database:
        made = Site(root / "project", name, base, f"localhost:{registry.port}", database, invoke)
        made._git("init", "--quiet")
        made.declare()
        try:
            yield made
        finally:
            _clear(made)


def _clear(made: Site) -> None:
    given = ["--filter", f"label=com.docker.compose.project={made.name}"]
    for kind, listed in (
        ("container", ["ls", "--all", "--quiet"]),
        ("network", ["ls", "--quiet"]),
        ("volume", ["ls", "--quiet"]),
    ):
        found = docker(kind, *listed, *given).split()
        if found:
            docker(kind, "rm", "--force", *found)
    images = docker("image", "ls", "--quiet", "--no-trunc", made.place).split()
    if images:
        docker("image", "rm", "--force", *dict.fromkeys(images))
