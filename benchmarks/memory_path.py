"""What a service with the usual weight holds, what `invoke image.memory --tries` finds, and what comes of doing it.

    python -m benchmarks memory_path [--quick]

A Flask service under gunicorn with four workers: three SDKs for language models of which one is used, a client of a
cache that nothing asks, a scheduler behind a switch, and monitoring. All packages are the real ones, from the index.
First it is measured as it is, with each way to take less by itself. Then the ways are taken one after the other: the
packages that are not used at once are imported where they are needed, the switch is off, gunicorn loads the service
before it forks and freezes it. At last the packages that nobody uses are no longer declared, which `invoke image.deps`
names; that is for the bytes. It needs an engine with the base images of `.ci/engine`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import measure
from image import BUILD, CA, SLIM

REPOSITORY = "bench-memory-path"
SDKS = ("anthropic", "google-genai", "openai")
UNUSED = ("anthropic", "google-genai", "redis")
DECLARED = (*SDKS, "redis", "apscheduler", "sentry-sdk", "prometheus-client", "flask", "gunicorn")
PYPROJECT = """[project]
name = "weight"
version = "1"
dependencies = {declared}

[tool.buildkit]
packages = ["weight"]
backend = "none"

[tool.buildkit.image.api]
command = {command}
repository = "{repository}"
health = "/health"
ready-within = "10min"
environment = {environment}
"""
COMMAND = ["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "4", "weight.main:app"]
FROZEN = [*COMMAND[:-1], "--preload", "--config", "python:weight.forking", COMMAND[-1]]
FILES = {
    "tasks.py": measure.OUR_TASKS,
    "src/weight/__init__.py": "",
    "src/weight/main.py": """import os

from flask import Flask

from weight import cache, monitoring, providers

app = Flask("weight")
monitoring.start(app)
if os.environ.get("SCHEDULER", "1") != "0":
    from weight import jobs

    jobs.start()


@app.get("/health")
def health() -> str:
    return "well"


@app.get("/answer")
def answer() -> str:
    return providers.answer("question") + str(cache.known("question"))
""",
    "src/weight/monitoring.py": """import prometheus_client
import sentry_sdk
from flask import Flask

COUNT = prometheus_client.Counter("requests", "Requests that came.")


def start(app: Flask) -> None:
    sentry_sdk.init()
    app.before_request(COUNT.inc)
""",
    "src/weight/jobs.py": """from apscheduler.schedulers.background import BackgroundScheduler

recent: list[list[int]] = []


def collect() -> None:
    recent.append([len(recent)])


def start() -> None:
    scheduler = BackgroundScheduler()
    scheduler.add_job(collect, "interval", seconds=30)
    scheduler.start()
""",
    "src/weight/forking.py": """import gc


def pre_fork(server: object, worker: object) -> None:
    gc.collect()
    gc.freeze()
""",
}
AT_ONCE = {
    "src/weight/providers.py": """import anthropic
import openai
from google import genai

KINDS = {"anthropic": anthropic, "google": genai, "openai": openai}


def answer(question: str) -> str:
    return f"{KINDS['openai'].__name__}: {question}"
""",
    "src/weight/cache.py": """import redis


def known(question: str) -> bool:
    return isinstance(question, redis.Redis)
""",
}
LATE = {
    "src/weight/providers.py": """import importlib


def answer(question: str) -> str:
    return f"{importlib.import_module('openai').__name__}: {question}"
""",
    "src/weight/cache.py": """def known(question: str) -> bool:
    return False
""",
}


class Service:
    """The service in one folder, changed step by step."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.declared: tuple[str, ...] = DECLARED
        self.command = COMMAND
        self.environment: dict[str, str] = {}

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, and the settings as they are now."""
        table = ", ".join(f'{name} = "{value}"' for name, value in self.environment.items())
        settings = PYPROJECT.format(
            declared=json.dumps(self.declared),
            command=json.dumps(self.command),
            repository=REPOSITORY,
            environment=f"{{ {table} }}",
        )
        for name, text in {**files, "pyproject.toml": settings}.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def measured(self, *more: str) -> dict[str, Any]:
        """Build the image and measure it; return what is known of it, its bytes too."""
        built = self.invoke("image", "--json")["built"]["api"]
        found: dict[str, Any] = self.invoke("image.memory", "--json", *more)["measured"]["api"]
        if found["why-not"]:
            sys.exit(f"not measured: {found['why-not']}")
        return {**found, "bytes": built["bytes"], "held": max(found["ready"], found["loaded"] or 0)}

    def invoke(self, *words: str) -> dict[str, Any]:
        ca = {"PYBUILDKIT_ENGINE_CA_BUNDLE": CA} if Path(CA).is_file() else {}
        bases = {"PYBUILDKIT_ENGINE_PYTHON_SLIM": SLIM, "PYBUILDKIT_ENGINE_PYTHON_BUILD": BUILD}
        done = subprocess.run(
            [*measure.INVOKE, *words],
            cwd=self.root,
            env={**os.environ, **bases, **ca},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"invoke {' '.join(words)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="nothing is tried by itself")
    options = parser.parse_args()
    if shutil.which("docker") is None:
        sys.exit("it needs an engine: .ci/engine starts one")
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as folder:
        os.environ["PYBUILDKIT_CACHE_DIR"] = f"{folder}/cache"
        service = Service(Path(folder, "weight"))
        try:
            steps = path(service, tries=not options.quick)
        finally:
            names = subprocess.run(
                ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY],
                capture_output=True,
                text=True,
                check=False,
            )
            for name in names.stdout.split():
                subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=False)
    first = steps[0][1]
    rows = [
        (what, f"{found['held'] / 10**6:.0f}", f"{found['held'] / first['held']:.2f}", f"{found['bytes'] / 10**6:.0f}")
        for what, found in steps
    ]
    print("\nOne after the other: anonymous and shared memory at most, of its four workers; bytes of the image")
    measure.table(rows, ("step", "memory (MB)", "of the first", "image (MB)"))


def path(service: Service, *, tries: bool) -> list[tuple[str, dict[str, Any]]]:
    """Take the ways one after the other; return what was measured at each step."""
    steps = []

    def step(what: str, files: Mapping[str, str], *more: str) -> None:
        service.write(files)
        steps.append((what, service.measured(*more)))
        print(f"{what}: {steps[-1][1]['held'] / 10**6:.0f} MB", flush=True)
        if "tries" in steps[-1][1]:
            told(steps[-1][1])

    step("as it was", {**FILES, **AT_ONCE}, *(["--tries", "--off", "SCHEDULER=0"] if tries else []))
    step("packages imported where they are used", LATE)
    service.environment = {"SCHEDULER": "0"}
    step("the scheduler switched off", {})
    service.command = FROZEN
    step("loaded before the fork and frozen", {})
    service.declared = tuple(name for name in DECLARED if name not in UNUSED)
    step("what is not used no longer declared", {})
    return steps


def told(found: Mapping[str, Any]) -> None:
    """Print what holds the memory at first, and each way by itself."""
    print("\nWhat holds it in each worker, measured by imports without each package")
    rows = [(row["package"], f"{row['alone'] / 10**6:.1f}", f"{row['freed'] / 10**6:.1f}") for row in found["holders"]]
    measure.table(rows, ("package", "alone (MB)", "freed (MB)"))
    print("\nEach way by itself")
    ways = [
        (
            row["try"],
            f"{row['held'] / 10**6:.0f}" if row["held"] else row["why-not"],
            f"{row['saves'] / 10**6:.0f}" if row["saves"] is not None else "",
        )
        for row in found["tries"]
    ]
    measure.table([("as it is", f"{found['held'] / 10**6:.0f}", ""), *ways], ("way", "memory (MB)", "saves (MB)"))


if __name__ == "__main__":
    main()
