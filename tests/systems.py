"""The suite on a current Debian: `debootstrap` into a folder, then commands in a chroot with mounts of their own.

    python3 develop.py python tests/systems.py forky                the unit tests, all questions, other quick ones
    python3 develop.py python tests/systems.py forky run COMMAND…   one command there, in the repository
    python3 develop.py python tests/systems.py trixie docutils      `invoke compile` of docutils, there and here

It needs root, Linux, `debootstrap`, and the machine's own sources of packages. The first call takes two or three
minutes; a folder that is there is used again: .buildkit/systems/NAME, or `--folder`. What trusts the machine's
certificates trusts them there too. CI does not run it: forky changes from day to day, and its Python runs with its own
C library alone.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = {"trixie": "python3.13", "forky": "python3.14"}
PACKAGES = "gcc,g++,libc6-dev,ca-certificates,git,strace"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
SETTINGS = '\n[tool.buildkit]\npackages = ["docutils"]\nexclude = []\n'
PARTS = (
    ("unit tests", ["pytest", "-q", "-n", "2", "tests/unit"]),
    ("questions, plain and compiled", ["pytest", "-q", "-n", "2", "tests/integration/test_sameness.py"]),
    ("quick integration tests", ["pytest", "-q", "-n", "2", "--quick", "tests/integration"]),
)
MOUNTS = """
mount --make-rprivate /
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
mount --bind /sys "$0/sys"
mkdir -p "$0$1" "$0$2"
mount --bind "$1" "$0$1"
mount --bind "$2" "$0$2"
place=$3 system=$0
shift 3
exec chroot "$system" /bin/sh -c 'cd "$0" && exec "$@"' "$place" "$@"
"""


class System:
    """A Debian in a folder.

    Args:
        name: its release.
        folder: where it lies.
        work: a folder that it sees too.
    """

    def __init__(self, name: str, folder: Path, work: Path) -> None:
        self.name, self.folder, self.work = name, folder, work

    def make(self) -> None:
        """Make it, with the suite and its tools in /venv, unless it is there."""
        if not (self.folder / "venv/made").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            python = PYTHONS[self.name]
            packages = f"{python},{python}-dev,{python}-venv,{PACKAGES}"
            script = "/usr/share/debootstrap/scripts/sid"
            _run(
                ["debootstrap", "--variant=minbase", f"--include={packages}", self.name, self.folder, _mirror(), script]
            )
            self.run([f"/usr/bin/{python}", "-m", "venv", "/venv"], check=True)
            self.run(["pip", "install", "--quiet", f"{ROOT}[dev]"], check=True)
            self.run(["pip", "uninstall", "--quiet", "--yes", "invoke-buildkit"], check=True)
            (self.folder / "venv/made").touch()
        self.run(["pip", "install", "--quiet", "--no-deps", "--editable", ROOT], check=True)

    def run(self, command: Sequence[object], place: Path = ROOT, *, check: bool = False, quiet: bool = False) -> int:
        """Run a command in it; return its exit code."""
        for file in (BUNDLE, Path("/etc/resolv.conf"), Path("/etc/hosts")):
            if file.exists():
                shutil.copyfile(file, self.folder / file.relative_to("/"))
        known = {name: value for name, value in os.environ.items() if name not in ("PYENV_VERSION", "PYTHONPATH")}
        environment = {**known, "PATH": "/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TMPDIR": "/tmp"}
        words = ["unshare", "--mount", "sh", "-ec", MOUNTS, self.folder, ROOT, self.work, place, *command]
        return _run(words, environment=environment, check=check, quiet=quiet)


def _run(
    words: Sequence[object],
    place: Path = ROOT,
    *,
    environment: dict[str, str] | None = None,
    check: bool = True,
    quiet: bool = False,
) -> int:
    out = subprocess.DEVNULL if quiet else None
    command = [str(word) for word in words]
    return subprocess.run(command, cwd=place, env=environment, check=check, stdout=out, stderr=out).returncode


def _mirror() -> str:
    """Return where this machine has its Debian packages from."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    return next(uri for uri in found if not uri.rstrip("/").endswith("security"))


def tested(system: System) -> int:
    """Run each part of the tests there; return how many failed."""
    failed = [name for name, command in PARTS if system.run([*command, "-p", "no:cacheprovider"])]
    print(f"{system.name}: {'failed: ' + ', '.join(failed) if failed else 'all passed'}")
    return len(failed)


def docutils(system: System, rounds: int) -> int:
    """Compile docutils for `dev` from nothing, there and here in turns; print the figures."""
    work = system.work
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "docutils", "docutils==0.23"]
    _run([*pip, "--dest", work])
    figures: dict[str, list[tuple[float, float]]] = {system.name: [], "here": []}
    for at in range(rounds):
        for name, found in figures.items():
            project = _unpacked(work, f"{name}-{at}")
            found.append(_measured(system, name, project, ["python", "-m", "invoke", "compile"]))
    last = work / f"{system.name}-{rounds - 1}/docutils-0.23"
    print("nothing changed, programs started:", _programs(system, last))
    print("from nothing, programs started:", _programs(system, _unpacked(work, "counted")))
    for which, unit in enumerate(("wall", "CPU")):
        medians = {name: statistics.median(each[which] for each in found) for name, found in figures.items()}
        said = ", ".join(f"{name} {median:.2f} s" for name, median in medians.items())
        print(f"docutils, {unit}, median of {rounds}: {said}, ratio {medians[system.name] / medians['here']:.2f}")
    return 0


def _unpacked(work: Path, name: str) -> Path:
    with tarfile.open(next(work.glob("docutils-0.23.tar*"))) as tar:
        tar.extractall(work / name, filter="data")
    root = work / name / "docutils-0.23"
    with (root / "pyproject.toml").open("a") as file:
        file.write(SETTINGS)
    (root / "tasks.py").write_text("from buildkit.tasks import ns\n")
    return root


def _measured(system: System, name: str, project: Path, command: list[str]) -> tuple[float, float]:
    """Return the wall and the CPU seconds of a command in a project, with a store of its own."""
    place = f"PYBUILDKIT_CACHE_DIR={project.parent}/cache"
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    if name == system.name:
        code = system.run(["env", place, *command], project, quiet=True)
    else:
        code = _run(["env", place, sys.executable, *command[1:]], project, check=False, quiet=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        sys.exit(f"{name}: {' '.join(command)} ended with {code}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _programs(system: System, project: Path) -> dict[str, int]:
    """Return how often `invoke compile` starts each program in a project."""
    log = project.parent / "started"
    words = ["strace", "--follow-forks", "--trace=execve", f"--output={log}", "python", "-m", "invoke", "compile"]
    system.run(["env", f"PYBUILDKIT_CACHE_DIR={project.parent}/cache", *words], project, check=True, quiet=True)
    started = re.findall(r'execve\("([^"]+)".*= 0$', log.read_text(), re.MULTILINE)
    return dict(Counter(Path(each).name for each in started[1:]))


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("system", choices=PYTHONS)
    parser.add_argument("what", nargs="?", choices=("tests", "docutils", "run"), default="tests")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("a chroot needs root")
    with tempfile.TemporaryDirectory(prefix="buildkit-systems-") as work:
        folder = options.folder or ROOT / ".buildkit/systems" / options.system
        system = System(options.system, folder.resolve(), Path(work))
        system.make()
        if options.what == "run":
            return system.run(options.command)
        return docutils(system, options.rounds) if options.what == "docutils" else tested(system)


if __name__ == "__main__":
    sys.exit(main())
