"""The data in a real volume of a real engine: killed, crowded, read-only, of another owner, stopped in every state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import data_service
import pytest
from data_service import until

import buildkit
from buildkit.doors import process
from buildkit.runtime.settings import RuntimeSettings

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.slow]

IMAGE = os.environ.get("PYBUILDKIT_ENGINE_PYTHON_SLIM", "localhost/python-slim:3.11")
STOPS = 2
"""Seconds after which `docker stop` would kill."""


def docker(*arguments: str) -> str:
    done = process.run(["docker", *arguments], timeout=120)
    assert done.ok, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


class Host:
    """The service's project on this machine, its volume, and containers that run it."""

    def __init__(self, root: Path) -> None:
        self.service = data_service.make(root)
        for folder in (root, *root.parents[:2]):
            folder.chmod(0o755)
        self.volume = f"buildkit-test-{uuid4().hex[:8]}"
        docker("volume", "create", self.volume)
        self.containers: list[str] = []
        self.declare()

    def declare(self, **changes: object) -> None:
        self.service.declare(**changes)
        inside = replace(self.service.pipeline, root=Path("/app"), source_root=Path("/app/src"), folder=Path("/data"))
        (self.service.root / "buildkit.json").write_text(RuntimeSettings(Path("/app"), inside).as_text())

    def start(self, *arguments: str, mode: str = "rw", user: str = "0", **variables: str) -> str:
        """Start a container with the entrypoint; return its name."""
        name = f"{self.volume}-{len(self.containers)}"
        given = {"PYTHONPATH": "/opt", "PYBUILDKIT_RUNTIME": "/app/buildkit.json", "NOTES": "/app/notes", **variables}
        self.containers.append(name)
        docker(
            *("run", "--detach", "--name", name, "--user", user, "--workdir", "/app"),
            *(part for key, value in given.items() for part in ("--env", f"{key}={value}")),
            *("--volume", f"{Path(buildkit.__file__).parent}:/opt/buildkit:ro"),
            *("--volume", f"{self.service.root}:/app", "--volume", f"{self.volume}:/data:{mode}"),
            *(IMAGE, "python3", "-B", "-m", "buildkit.runtime", *arguments),
        )
        return name

    def log(self, name: str) -> str:
        done = process.run(["docker", "logs", name], timeout=60)
        return done.stderr + done.stdout

    def wait(self, name: str) -> int:
        return int(docker("wait", name))

    def serve(self, *, mode: str = "rw") -> str:
        """Start a service that says so, and ends at once when it is asked to."""
        return self.start("--", "sh", "-c", "trap 'exit 7' TERM; echo serving; while :; do sleep 0.1; done", mode=mode)

    def until(self, name: str, words: str) -> None:
        until(lambda: words in self.log(name), 60)

    def stop(self, name: str) -> int:
        """Stop a container; return its exit code, which is 137 where it had to be killed."""
        docker("stop", "--time", str(STOPS), name)
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", name))

    def close(self) -> None:
        if self.containers:
            docker("rm", "--force", "--volumes", *self.containers)
        docker("volume", "rm", self.volume)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "service")
    yield made
    made.close()


def test_killed_in_the_middle_of_a_refresh_and_started_again(host: Host) -> None:
    first = host.start("--", "cat", "/data/current/count.txt")
    assert (host.wait(first), host.log(first).endswith("2")) == (0, True)
    host.service.runs()
    (host.service.root / "in/a.txt").write_text("other\n")
    host.service.hold("select")
    renewal = host.start("--renew")
    host.until(renewal, "select is at work")
    docker("kill", renewal)
    host.service.let_go("select")
    assert host.service.runs() == ["read", "select"]
    old = host.start("--", "cat", "/data/current/count.txt", PYBUILDKIT_DATA_POLICY="serve-stale")
    assert host.wait(old) == 0
    assert "inputs changed" in host.log(old)
    host.service.runs()
    assert host.wait(host.start("--renew")) == 0
    new = host.start("--", "cat", "/data/current/read/all.txt")
    assert host.wait(new) == 0
    assert host.log(new).splitlines()[0].endswith("ago: starting")
    assert "other" in host.log(new)
    assert "read" not in host.service.runs()


def test_two_containers_on_one_volume_work_once(host: Host) -> None:
    host.service.hold("read")
    first = host.start("--", "cat", "/data/current/count.txt")
    host.until(first, "read is at work")
    second = host.start("--", "cat", "/data/current/count.txt")
    host.until(second, "waiting (somebody else makes it)")
    host.service.let_go("read")
    assert (host.wait(first), host.wait(second)) == (0, 0)
    assert host.service.runs() == ["read", "select", "count"]


def test_a_read_only_volume_is_served_as_it_is(host: Host) -> None:
    empty = host.start("--", "true", mode="ro")
    assert host.wait(empty) == 30
    assert "missing: the folder is read-only" in host.log(empty)
    assert host.wait(host.start("--renew")) == 0
    (host.service.root / "in/a.txt").write_text("other\n")
    due = host.start("--", "cat", "/data/current/count.txt", mode="ro")
    assert host.wait(due) == 0
    assert "starting (policy serve-stale, and the folder is read-only)" in host.log(due)


def test_a_volume_of_another_owner_is_explained(host: Host) -> None:
    name = host.start("--", "true", user="10001")
    assert host.wait(name) == 30
    assert "/data belongs to user 0; once, as root: chown -R 10001 /data" in host.log(name)


def test_docker_stop_is_quick_in_every_state(host: Host) -> None:
    host.service.hold("read")
    making = host.serve()
    host.until(making, "read is at work")
    waiting = host.serve()
    host.until(waiting, "waiting (somebody else makes it)")
    assert host.stop(waiting) == 143
    assert host.stop(making) == 143
    host.service.let_go("read")
    assert host.wait(host.start("--renew")) == 0
    serving = host.serve()
    host.until(serving, "serving")
    assert host.stop(serving) == 7
    (host.service.root / "in/a.txt").write_text("other\n")
    host.service.hold("select")
    renewing = host.serve()
    host.until(renewing, "serving")
    host.until(renewing, "select is at work")
    assert host.stop(renewing) == 7
    read_only = host.serve(mode="ro")
    host.until(read_only, "serving")
    assert host.stop(read_only) == 7
