"""P8: what an edit costs until its image lies in a registry, without an engine and with one, beside a plain Dockerfile.

    python -m benchmarks image [--rounds 5] [--quick]

A service with three packages and a dozen modules: one line of one module is changed and committed, then
`invoke image.push` brings image and registry up to date. Three rows: the builder `oci`, the builder `docker`, and the
peer, `docker build` and `docker push` of the Dockerfile that such a project has by itself (packages in a layer before
the sources, nothing compiled). All push into one registry of this machine, whose log counts requests; bytes are those
of the blobs that came. Then once more with nothing changed, beside an empty Invoke task. Beside the time without an
engine stands what compiling the module alone took. After that a fresh clone on a machine whose only memory is the
archive of `invoke cache.pack`, and one small package in another version, which is to send that package alone. It needs
an engine with the base images of `.ci/engine`, and docker-registry.
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
from collections.abc import Iterator
from pathlib import Path

import measure

sys.path.insert(0, str(measure.REPOSITORY / "tests" / "integration"))

from registry import Running, program, registry

SLIM, BUILD = "localhost/python-slim:3.11", "localhost/python-build:3.11"
PYPROJECT = """[project]
name = "bench"
version = "1"
dependencies = ["starlette>=0.40", "uvicorn>=0.30", "sqlalchemy>=2", "h11==0.14.0"]

[tool.buildkit]
packages = ["bench"]

[tool.buildkit.image.api]
command = ["uvicorn", "bench.main:app", "--host", "0.0.0.0"]
"""
MODULE = '''def price_{number}(amount: int) -> int:
    """Return the price of an amount."""
    total = 0
    for piece in range(amount):
        total += piece % {number} + 1
    return total + 0
'''
MAIN = """from starlette.applications import Starlette

app = Starlette()
"""
PLAIN = f"""FROM {BUILD}
COPY requirements.txt /
RUN --mount=type=secret,id=ca,target=/ca.pem PIP_CERT=/ca.pem python3 -m venv /opt/venv && \\
    PIP_CERT=/ca.pem /opt/venv/bin/pip install --no-cache-dir -r requirements.txt
COPY src /app/src
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app/src
CMD ["uvicorn", "bench.main:app", "--host", "0.0.0.0"]
"""
CA = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
MODULES = 12


class Service:
    """One copy of the service, pushed in one way."""

    def __init__(self, place: Path, running: Running, builder: str) -> None:
        self.root = place / builder
        self.builder = builder
        self.running = running
        self.name = f"localhost:{running.port}/{builder}"
        self.number = 0
        self.whole = 0
        for name, text in self._files().items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        self._git("init", "--quiet")
        self._commit()

    def _files(self) -> dict[str, str]:
        modules = {f"src/bench/price{each}.py": MODULE.format(number=each + 2) for each in range(MODULES)}
        return {
            "pyproject.toml": PYPROJECT,
            "requirements.txt": "starlette>=0.40\nuvicorn>=0.30\nsqlalchemy>=2\nh11==0.14.0\n",
            "tasks.py": measure.OUR_TASKS,
            "Plain.Dockerfile": PLAIN,
            ".dockerignore": ".git\n.buildkit\n",
            ".gitignore": ".buildkit/\n*.so\n*.c\n",
            "src/bench/__init__.py": "",
            "src/bench/main.py": MAIN,
            **modules,
        }

    def _git(self, *words: str) -> None:
        who = ["-c", "user.email=bench@example.invalid", "-c", "user.name=bench", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True)

    def _commit(self) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "change")

    def edit(self) -> None:
        """Change one line and commit it."""
        self.number += 1
        file = self.root / "src/bench/price3.py"
        file.write_text(file.read_text().replace(f"total + {self.number - 1}\n", f"total + {self.number}\n"))
        self._commit()

    def bump(self) -> None:
        """Take another version of one small package, and commit that."""
        for name in ("pyproject.toml", "requirements.txt"):
            file = self.root / name
            file.write_text(file.read_text().replace("h11==0.14.0", "h11==0.16.0"))
        self.number += 1
        self._commit()

    def push(self) -> float:
        """Bring image and registry up to date; return the seconds."""
        if self.builder == "plain":
            tag = f"{self.name}/bench-api:{self.number}"
            secret = ["--secret", f"id=ca,src={CA}"] if Path(CA).is_file() else []
            build = ["docker", "build", "--quiet", "-f", "Plain.Dockerfile", *secret, "-t", tag, "."]
            return measure.seconds(build, self.root) + measure.seconds(["docker", "push", "--quiet", tag], self.root)
        return measure.seconds([*measure.INVOKE, "image.push", "--to", self.name], self.root, self.variables)

    @property
    def variables(self) -> dict[str, str]:
        base = f"localhost:{self.running.port}/base:1" if self.builder == "oci" else SLIM
        ca = {"PYBUILDKIT_ENGINE_CA_BUNDLE": CA} if Path(CA).is_file() else {}
        return {
            "PYBUILDKIT_ENGINE_BUILDER": self.builder,
            "PYBUILDKIT_ENGINE_PYTHON_SLIM": base,
            "PYBUILDKIT_ENGINE_PYTHON_BUILD": BUILD,
            **ca,
        }

    def compiling(self) -> float:
        """Return the seconds of compiling an edit alone, for release."""
        self.edit()
        return measure.seconds([*measure.INVOKE, "compile", "--profile", "release"], self.root)

    def remove(self) -> None:
        """Delete its images."""
        names = [f"{self.name}/bench-api", "bench-api"] if self.builder != "oci" else []
        for name in names:
            found = subprocess.run(["docker", "images", "-q", name], capture_output=True, text=True, check=False)
            if found.stdout.split():
                subprocess.run(["docker", "rmi", "-f", *set(found.stdout.split())], capture_output=True, check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two rounds")
    options = parser.parse_args()
    rounds = 2 if options.quick else options.rounds
    if program() is None or shutil.which("docker") is None:
        sys.exit("it needs an engine and docker-registry: .ci/engine starts the one, Debian has the other")
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="buildkit-bench-")))
        os.environ["PYBUILDKIT_CACHE_DIR"] = f"{place}/cache"
        running = stack.enter_context(registry(place / "registry", heard=True))
        stack.enter_context(based(running))
        services = {name: Service(place, running, name) for name in ("oci", "docker", "plain")}
        for service in services.values():
            stack.callback(service.remove)
            before = stored(running)
            took = service.push()
            service.whole = stored(running) - before
            print(f"{service.builder}: the first image and push took {took:.1f} s", flush=True)
        edited(services, rounds)
        cloned(services["oci"], place)
        bumped(services)
        unchanged(services, place, rounds)


@contextlib.contextmanager
def based(running: Running) -> Iterator[None]:
    """Have the base in the registry."""
    name = f"localhost:{running.port}/base:1"
    subprocess.run(["docker", "tag", SLIM, name], check=True)
    subprocess.run(["docker", "push", "--quiet", name], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["docker", "rmi", "--no-prune", name], check=False, capture_output=True)


def edited(services: dict[str, Service], rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in services}
    sent: dict[str, list[int]] = {name: [] for name in services}
    asked: dict[str, list[int]] = {name: [] for name in services}
    compiling: list[float] = []
    for _ in range(rounds):
        for name, service in services.items():
            service.edit()
            before, requests = stored(service.running), len(service.running.requests)
            times[name].append(service.push())
            sent[name].append(stored(service.running) - before)
            asked[name].append(len(service.running.requests) - requests)
        compiling.append(services["oci"].compiling())
        services["oci"].push()
    rows = [measure.row(f"one line, {name}", times[name], times["plain"], "") for name in ("oci", "docker")]
    print("\nOne changed line until it lies in the registry; the peer is docker build and push of a plain Dockerfile")
    measure.table(rows)
    beyond = statistics.median(times["oci"]) - statistics.median(compiling)
    print(f"oci: {beyond:.2f} s beside those of compiling the line alone ({measure.spread(compiling)} s; target: ≤ 2)")
    figures = [
        (name, f"{statistics.median(sent[name]) / 1000:.1f}", f"{statistics.median(asked[name]):.0f}", target)
        for name, target in (("oci", "≤ 100 kB, ≤ 12"), ("docker", ""), ("plain", ""))
    ]
    measure.table(figures, ("one line", "sent (kB)", "requests", "target"))


def cloned(service: Service, place: Path) -> None:
    """Build an edit in a fresh clone whose only memory is the archive of the store."""
    archive, clone = place / "store.tar.gz", place / "clone"
    measure.seconds([*measure.INVOKE, "cache.pack", str(archive)], service.root)
    service.edit()
    subprocess.run(["git", "clone", "--quiet", str(service.root), str(clone)], check=True)
    fresh = {**service.variables, "PYBUILDKIT_CACHE_DIR": f"{place}/fresh"}
    unpacking = measure.seconds([*measure.INVOKE, "cache.unpack", str(archive)], clone, fresh)
    rows = []
    for what, digit in (("the first image, with base and wheels fetched", 0), ("one line more", 1)):
        file = clone / "src/bench/price5.py"
        file.write_text(file.read_text().replace("total + 0", f"total + {digit}"))
        who = ["-c", "user.email=bench@example.invalid", "-c", "user.name=bench", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, "commit", "--quiet", "--all", "--allow-empty", "-m", "x"], cwd=clone, check=True)
        before = stored(service.running)
        took = measure.seconds([*measure.INVOKE, "image.push", "--to", f"{service.name}-clone"], clone, fresh)
        rows.append((what, f"{took:.2f}", f"{(stored(service.running) - before) / 1000:.1f}"))
    print(f"\nA fresh clone with the store's archive, oci; unpacking it took {unpacking:.2f} s")
    measure.table(rows, ("fresh clone", "seconds", "sent (kB)"))


def bumped(services: dict[str, Service]) -> None:
    """Push another version of one small package; beside it the bytes of the first push."""
    rows = []
    for name, service in services.items():
        service.push()
        before = stored(service.running)
        service.bump()
        service.push()
        sent = stored(service.running) - before
        rows.append(
            (name, f"{sent / 1000:.1f}", f"{100 * sent / service.whole:.1f} %", "≤ 5 %" if name == "oci" else "")
        )
    print("\nOne small package in another version; the share is that of the first push")
    measure.table(rows, ("package", "sent (kB)", "share", "target"))


def unchanged(services: dict[str, Service], place: Path, rounds: int) -> None:
    empty = place / "empty"
    empty.mkdir()
    (empty / "tasks.py").write_text(measure.EMPTY_TASKS)
    (empty / "pyproject.toml").write_text('[project]\nname = "empty"\n')
    asked = {}
    for name, service in services.items():
        service.push()
        before = len(service.running.requests)
        service.push()
        asked[name] = len(service.running.requests) - before
    ours = services["oci"]
    times = measure.in_turns(
        rounds * 2,
        image=lambda: measure.seconds([*measure.INVOKE, "image"], ours.root, ours.variables),
        push=ours.push,
        plain=services["plain"].push,
        empty=lambda: measure.seconds([*measure.INVOKE, "hi"], empty),
    )
    print("\nNothing changed")
    measure.table(
        [
            measure.row("invoke image, oci; the peer is an empty task", times["image"], times["empty"], "≤ 1.2"),
            measure.row("invoke image.push, oci; the peer is an empty task", times["push"], times["empty"], ""),
            measure.row("invoke image.push, oci; the peer is docker build and push", times["push"], times["plain"], ""),
        ]
    )
    rows = [(name, str(asked[name]), "≤ 2" if name != "plain" else "") for name in services]
    measure.table(rows, ("nothing changed", "requests", "target"))


def stored(running: Running) -> int:
    """Return the bytes of all blobs that came, in every repository."""
    return sum(place.stat().st_size for place in running.blobs)


if __name__ == "__main__":
    main()
