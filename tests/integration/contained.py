"""The migration gate inside of a container, on a database of this machine: what it adds to a start."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from migrating import serving

from buildkit.db import development
from buildkit.doors import process

# Runs in the container: whole processes in turns, with the gate and without, each `true` in the service's place.
MEASURE = """
import json, os, subprocess, sys, time

def settings(name, **changed):
    file = f"/tmp/{name}.json"
    with open("/app/buildkit.json") as given, open(file, "w") as taken:
        json.dump({**json.load(given), "data": None, **changed}, taken)
    return {**os.environ, "PYBUILDKIT_RUNTIME": file}

ways = {"gate": settings("gate"), "bare": settings("bare", migrate=None)}
times = {name: [] for name in ways}
for _ in range(1 + int(sys.argv[1])):
    for name, environment in ways.items():
        command = [sys.executable, "-m", "buildkit.runtime", "--", "true"]
        start = time.perf_counter()
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=True)
        times[name].append(time.perf_counter() - start)
        assert ("already at head" in done.stderr) == (name == "gate" and len(times[name]) > 1), done.stderr
print(json.dumps({name: found[1:] for name, found in times.items()}))
"""


@contextlib.contextmanager
def bridged(programs: Path, folder: Path) -> Iterator[str]:
    """A server that containers reach over the engine's bridge; gives the URL that they use."""
    asked = ["docker", "network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}"]
    network = json.loads(process.run(asked, timeout=60).stdout)
    with serving(programs, folder) as server:
        data = server.home / "data"
        development.stop(folder)
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"listen_addresses = '127.0.0.1, {network['Gateway']}'\n")
        with (data / "pg_hba.conf").open("a") as file:
            file.write("host all all all scram-sha-256\n")  # networks of compose have addresses of their own
        again = development.ensure(folder, {"PYBUILDKIT_POSTGRES": str(programs)})
        yield again.url.replace("@127.0.0.1:", f"@{network['Gateway']}:")


def starts(image: str, url: str, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each start with the gate, at head, and of those without, all in one container.

    The first start of both is not among them: it migrates.
    """
    command = ["docker", "run", "--rm", "--env", f"DATABASE_URL={url}", "--entrypoint", "python", image]
    done = process.run([*command, "-c", MEASURE, str(rounds)], timeout=600)
    assert done.ok, done.stderr
    found = json.loads(done.stdout)
    return found["gate"], found["bare"]
