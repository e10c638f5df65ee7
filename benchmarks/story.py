"""The image of the reference service beside what it has without the suite: bytes, memory, start, answer, stop.

    python -m benchmarks story [--data-megabytes 2300] [--rounds 3] [--quick]

Four images of orbits: one stage with the data in it, one stage without, and this suite's by the engine and without it.
The first two are what such a service begins with: a base with compilers, `COPY . .`, `pip install`, and
`alembic upgrade head && uvicorn …` as the command. The data is random bytes of the reference's size (2.3 GB), since
making it takes 45 minutes and nothing here reads it. Each container is started beside a PostgreSQL of this machine, on
an empty database and on one at head, asked for `/version` until it answers, and stopped. Memory is what
`invoke image.memory` counts. It needs an engine with the base images of `.ci/engine`, docker-registry and PostgreSQL.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import measure
from image import BUILD, CA, SLIM, based

sys.path.insert(0, str(measure.REPOSITORY / "tests" / "integration"))

import psycopg
from registry import free_port, program, registry

from buildkit.db import development
from buildkit.image.memory import MemoryRequest, measured

SINGLE = f"""FROM {BUILD}
WORKDIR /app
COPY . .
RUN --mount=type=secret,id=ca,target=/ca.pem python3 -m venv /opt/venv && \\
    PIP_CERT=/ca.pem /opt/venv/bin/pip install --no-cache-dir ./examples/orbits
ENV PATH=/opt/venv/bin:$PATH
CMD alembic upgrade head && uvicorn orbits.main:app --host 127.0.0.1 --port $PORT
"""
DATA, PLAIN, DOCKER, OCI = "one stage, data inside", "one stage", "invoke image", "invoke image, oci"
QUICK_MEGABYTES = 300
PATIENCE = 300.0
ALIVE = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/version')"
SERVER = ("uvicorn", "orbits.main:app", "--host", "127.0.0.1", "--port")


@dataclass
class Made:
    """An image.

    Args:
        name: what the engine calls it.
        command: what follows the image's name when a container starts; the port is put behind it.
        size: its bytes.
        ready: the memory of its service, ready.
        first: seconds from its start on an empty database to an answer.
        again: the same with the database at head.
        stops: seconds that it takes to stop.
    """

    name: str
    command: tuple[str, ...]
    size: int = 0
    ready: int = 0
    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-megabytes", type=int, default=2300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, and 300 MB of data")
    options = parser.parse_args()
    rounds, megabytes = (1, QUICK_MEGABYTES) if options.quick else (options.rounds, options.data_megabytes)
    if program() is None or shutil.which("docker") is None:
        sys.exit("it needs an engine and docker-registry: .ci/engine starts the one, Debian has the other")
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="buildkit-bench-")))
        place.chmod(0o755)
        os.environ["PYBUILDKIT_CACHE_DIR"] = f"{place}/cache"
        found = built(stack, place, megabytes)
        (place / "database").mkdir()
        server = development.ensure(place / "database", os.environ)
        stack.callback(development.stop, place / "database")
        for _ in range(rounds):
            for image in found.values():
                emptied(server.url)
                run(image, server.url)
        for image in found.values():
            image.ready = memory(image)
    told(found, megabytes)


def built(stack: contextlib.ExitStack, place: Path, megabytes: int) -> dict[str, Made]:
    """Build the four images; the engine's are deleted at the end."""
    root = place / "project"
    for name in ("examples", "migrations"):
        shutil.copytree(measure.REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(measure.REPOSITORY / "pyproject.toml", root)
    (root / "tasks.py").write_text(measure.OUR_TASKS)
    (root / "Single.Dockerfile").write_text(SINGLE)
    found = {}
    (root / "data").mkdir()
    with (root / "data" / "values.bin").open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(10**6))
    for what, ignored in ((DATA, ""), (PLAIN, "data\n.buildkit\n")):
        (root / ".dockerignore").write_text(ignored)
        found[what] = single(stack, root, f"bench-story-{'data' if what == DATA else 'plain'}:1")
    (root / ".dockerignore").unlink()
    running = stack.enter_context(registry(place / "registry"))
    stack.enter_context(based(running))
    for what, builder, base in ((DOCKER, "docker", SLIM), (OCI, "oci", f"localhost:{running.port}/base:1")):
        found[what] = ours(stack, root, builder, base)
    return found


def single(stack: contextlib.ExitStack, root: Path, name: str) -> Made:
    secret = ["--secret", f"id=ca,src={CA}"] if Path(CA).is_file() else []
    took = measure.seconds(["docker", "build", "-f", "Single.Dockerfile", *secret, "-t", name, "."], root)
    print(f"{name}: built in {took:.1f} s", flush=True)
    stack.callback(removed, name)
    return sized(Made(name, ()))


def ours(stack: contextlib.ExitStack, root: Path, builder: str, base: str) -> Made:
    repository = f"bench-story-{builder}"
    ca = {"PYBUILDKIT_ENGINE_CA_BUNDLE": CA} if Path(CA).is_file() else {}
    variables = {
        "PYBUILDKIT_ENGINE_BUILDER": builder,
        "PYBUILDKIT_ENGINE_PYTHON_SLIM": base,
        "PYBUILDKIT_ENGINE_PYTHON_BUILD": BUILD,
        "PYBUILDKIT_IMAGE_API_REPOSITORY": repository,
        **ca,
    }
    took = measure.seconds([*measure.INVOKE, "image"], root, variables)
    print(f"{repository}: built in {took:.1f} s", flush=True)
    name = f"{repository}:latest"
    if builder == "oci":
        measure.seconds([*measure.INVOKE, "image.save", "--output", "api.tar"], root, variables)
        measure.seconds(["docker", "image", "load", "--input", "api.tar"], root)
        (root / "api.tar").unlink()
    stack.callback(removed, repository)
    return sized(Made(name, SERVER))


def sized(image: Made) -> Made:
    """Note the bytes of an image."""
    image.size = int(said("docker", "image", "inspect", "--format", "{{.Size}}", image.name))
    return image


def emptied(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def run(image: Made, url: str) -> None:
    """Start it on an empty database, and once more on one at head; note when it answers and how fast it stops."""
    with volume() as data:
        for times in (image.first, image.again):
            port = free_port("127.0.0.1")
            options = ["--network", "host", "--env", f"DATABASE_URL={url}", "--env", f"PORT={port}"]
            mount = ["--volume", f"{data}:/app/data"] if image.command else []
            begun = time.perf_counter()
            command = (*image.command, str(port)) if image.command else ()
            container = said("docker", "run", "--detach", *options, *mount, image.name, *command)
            try:
                answered(container, port)
                times.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                said("docker", "stop", container)
                image.stops.append(time.perf_counter() - begun)
            finally:
                said("docker", "rm", "--force", "--volumes", container)


def answered(container: str, port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError, urllib.error.URLError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/version", timeout=5) as answer:
                answer.read()
            return
        if (
            time.monotonic() > deadline
            or said("docker", "inspect", "--format", "{{.State.Running}}", container) != "true"
        ):
            logs = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=False)
            sys.exit(f"no answer:\n{(logs.stdout + logs.stderr)[-2000:]}")
        time.sleep(0.02)


@contextlib.contextmanager
def volume() -> Iterator[str]:
    name = said("docker", "volume", "create")
    try:
        yield name
    finally:
        said("docker", "volume", "rm", name)


def memory(image: Made) -> int:
    """Return the memory of the service alone, without what starts it."""
    command = ["/opt/venv/bin/uvicorn", *SERVER[1:], "8000"]
    request = MemoryRequest(image.name, command, ["python", "-c", ALIVE], "", "127.0.0.1:8000/version", "/app/data")
    found = measured(request, os.environ)
    if found.why_not:
        sys.exit(f"{image.name}: {found.why_not}")
    return found.held


def told(found: Mapping[str, Made], megabytes: int) -> None:
    def smaller(image: Made, than: Made) -> str:
        return f"{100 * (1 - image.size / than.size):.0f} %"

    rows = [
        (
            what,
            f"{image.size / 10**6:.0f}",
            smaller(image, found[DATA]) if what != DATA else "",
            smaller(image, found[PLAIN]) if what in {DOCKER, OCI} else "",
            f"{image.ready / 10**6:.1f}",
        )
        for what, image in found.items()
    ]
    print(f"\nBytes and memory, with {megabytes:,} MB of data; targets: ≥ 83 % and ≥ 30 % smaller")
    measure.table(rows, ("image", "MB", "than with data", "than one stage", "memory (MB)"))
    times = [
        (what, *(f"{statistics.median(each):.2f}" for each in (image.first, image.again)), measure.spread(image.stops))
        for what, image in found.items()
    ]
    print("\nSeconds until it answers, with the migrations and at head, and until it has stopped; target: < 2")
    measure.table(times, ("image", "first start", "second start", "stop"))


def said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout.strip()


def removed(name: str) -> None:
    """Delete an image by its name, or all of a repository."""
    names = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", name], capture_output=True, text=True, check=False
    )
    for each in names.stdout.split():
        subprocess.run(["docker", "rmi", "--force", each], capture_output=True, check=False)


if __name__ == "__main__":
    main()
