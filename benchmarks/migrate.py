"""P10: what a migration costs, beside `alembic upgrade head` on the same revisions and the same server.

    python -m benchmarks migrate [--rounds 10] [--storms 20] [--replicas 8] [--quick]

At head: whole processes in turns, direct and through PgBouncer with transaction pooling, and what the gate adds to the
start of a container; that once more inside of one, of an image that the suite builds of this repository, where there is
an engine. From nothing: eight processes leave a barrier at once, against one that does so alone; table,
CREATE INDEX CONCURRENTLY, rows and a column. Each storm has a fresh database; it counts how many processes succeed, and
how many revisions ran. It starts a PostgreSQL of its own. A quarter of an hour on two cores; `--quick` has two rounds
of each.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure

sys.path.insert(0, str(measure.REPOSITORY / "tests" / "integration"))

import contained
from migrating import COLUMN, DATA, INDEX, TABLE, Service, pooling, serving

from buildkit.config import load
from buildkit.db import development
from buildkit.flows.image import build_images
from buildkit.migrate.discovery import find
from buildkit.report.console import Console

CHAIN = (TABLE, INDEX, DATA, COLUMN)
PYPROJECT = """[project]
name = "bench"
[tool.buildkit]
packages = []
[tool.alembic]
script_location = "%(here)s/migrations"
"""
ALEMBIC = [str(measure.PYTHON), "-m", "alembic", "upgrade", "head"]
BARRIER = """
import sys
import alembic.config, sqlalchemy, psycopg
print("ready", flush=True)
sys.stdin.readline()
alembic.config.main(["upgrade", "head"])
"""
STORM = ("8 at once", "median (s)", "alone (s)", "ratio", "target", "succeeded", "revisions applied")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="of whole processes at head")
    parser.add_argument("--storms", type=int, default=20, help="rounds of all replicas at once")
    parser.add_argument("--replicas", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="two rounds of each")
    options = parser.parse_args()
    if options.quick:
        options.rounds = options.storms = 2
    programs = development.find_programs(os.environ)
    if programs is None:
        sys.exit("there is no PostgreSQL to start: install one, or the extra `postgres`")
    bouncer = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="buildkit-bench-")))
        os.environ["PYBUILDKIT_CACHE_DIR"] = f"{place}/cache"
        server = stack.enter_context(serving(programs, place / "server"))
        ways = {"direct": server.port}
        if bouncer is None:
            print("no PgBouncer on this machine: its rows are left out")
        else:
            ways["PgBouncer"] = stack.enter_context(pooling(bouncer, server))
        numbers = iter(range(1_000_000))

        def fresh(port: int) -> Service:
            service = Service(place / f"service{next(numbers)}", server, port=port)
            service.chain(*CHAIN)
            (service.root / "pyproject.toml").write_text(PYPROJECT)
            (service.root / "tasks.py").write_text(measure.OUR_TASKS)
            return service

        at_head(ways, fresh, options.rounds)
        in_container(programs, place, options.rounds)
        storms(ways, fresh, options.storms, options.replicas)


def at_head(ways: dict[str, int], fresh: Callable[[int], Service], rounds: int) -> None:
    rows = []
    for way, port in ways.items():
        service = fresh(port)
        measure.seconds(ALEMBIC, service.root, {"DATABASE_URL": service.url})
        start = entrypoints(service)
        times = measure.in_turns(
            rounds,
            ours=lambda: measure.seconds([*measure.INVOKE, "migrate"], service.root, {"DATABASE_URL": service.url}),  # noqa: B023
            peer=lambda: measure.seconds(ALEMBIC, service.root, {"DATABASE_URL": service.url}),  # noqa: B023
            gate=start["gate"],
            bare=start["bare"],
        )
        rows.append(measure.row(f"at head, {way}: invoke migrate", times["ours"], times["peer"], "≤ 0.5"))
        rows.append(measure.row(f"at head, {way}: the entrypoint", times["gate"], times["peer"], ""))
        added = statistics.median(times["gate"]) - statistics.median(times["bare"])
        print(f"{way}: the gate adds {added * 1000:.0f} ms to the start of a container (target: ≤ 100)", flush=True)
    print("\nAt head; the peer is `alembic upgrade head`")
    measure.table(rows)


def entrypoints(service: Service) -> dict[str, Callable[[], float]]:
    """The container's entrypoint with the gate, and without it, before the command `true`."""
    settings = find(service.root)
    assert settings is not None
    command = [str(measure.PYTHON), "-m", "buildkit.runtime", "--", "true"]

    def start(name: str, migrate: object) -> Callable[[], float]:
        file = service.root / f"{name}.json"
        file.write_text(json.dumps({"root": str(service.root), "data": None, "migrate": migrate}))
        environment = {"DATABASE_URL": service.url, "PYBUILDKIT_RUNTIME": str(file)}
        return lambda: measure.seconds(command, service.root, environment)

    return {"gate": start("gate", settings.as_json()), "bare": start("bare", None)}


def in_container(programs: Path, place: Path, rounds: int) -> None:
    """What the gate adds to a start inside of a container, on a server of this machine."""
    root, name = place / "orbits", f"buildkit-bench-{os.getpid()}"
    for folder in ("examples", "migrations"):
        shutil.copytree(measure.REPOSITORY / folder, root / folder)
    shutil.copy(measure.REPOSITORY / "pyproject.toml", root)
    variables = {**os.environ, "PYBUILDKIT_IMAGE_API_REPOSITORY": name}
    report = build_images(load(root, variables), Console(variables), variables)
    built: Any = report.facts["built"]
    if "api" not in built:
        print(f"in a container: left out, {report.outcomes[0].reason}")
        return
    try:
        with contained.bridged(programs, place / "bridged") as url:
            gate, bare = contained.starts(built["api"]["tags"][0], url, rounds)
    finally:
        subprocess.run(["docker", "image", "rm", "--force", *built["api"]["tags"]], check=False, capture_output=True)
    added = statistics.median(gate) - statistics.median(bare)
    print(f"in a container: {measure.spread(gate)} s with the gate, {measure.spread(bare)} s without it")
    print(f"in a container: the gate adds {added * 1000:.0f} ms to a start (target: ≤ 100)", flush=True)


def storms(ways: dict[str, int], fresh: Callable[[int], Service], rounds: int, replicas: int) -> None:
    rows = []
    for way, port in ways.items():
        for name, run in (("ours", ours), ("alembic", alembic)):
            alone: list[float] = []
            all_of_them: list[float] = []
            succeeded = applied = 0
            for _ in range(rounds):
                alone.append(run(fresh(port), 1)[0])
                taken, good, revisions = run(fresh(port), replicas)
                all_of_them.append(taken)
                succeeded += good
                applied += revisions
            ratio = statistics.median(all_of_them) / statistics.median(alone)
            rows.append(
                (
                    f"{name}, {way}",
                    measure.spread(all_of_them),
                    measure.spread(alone),
                    f"{ratio:.2f}",
                    "< 2" if run is ours else "",
                    f"{succeeded} of {rounds * replicas}",
                    f"{applied} of {rounds * len(CHAIN)}" if run is ours else "not told",
                )
            )
    print(f"\nFrom nothing to head, {replicas} processes from a barrier, {rounds} rounds")
    measure.table(rows, (f"{replicas} at once", *STORM[1:]))


def ours(service: Service, replicas: int) -> tuple[float, int, int]:
    ended, seconds = service.together(replicas)
    applied = sum(line.startswith("applied") for done in ended for line in done.stderr.splitlines())
    return seconds, sum(done.ok for done in ended), applied


def alembic(service: Service, replicas: int) -> tuple[float, int, int]:
    """The peer, all of it loaded before the barrier, as ours is."""
    children: list[Any] = [
        subprocess.Popen(
            [measure.PYTHON, "-c", BARRIER],
            cwd=service.root,
            env={**os.environ, "DATABASE_URL": service.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(replicas)
    ]
    for child in children:
        child.stdout.readline()
    start = time.perf_counter()
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    return time.perf_counter() - start, sum(child.returncode == 0 for child in children), 0


if __name__ == "__main__":
    main()
