"""Whether public packages mean the same when all of them is compiled: their own tests, both ways, test by test.

    python -m benchmarks same [NAME …] [--profile release] [--keep FOLDER] [--quick]

Each package is fetched as its newest source archive, gets an environment of its own with what its tests need, and is
given to `invoke compile.verify --tests` as it is: no `exclude` and no setting but the command of its tests. The peer is
the package itself as plain Python. A row says how many modules became extensions, how many tests ran, which of them
come out otherwise (their names stand below the table), how many fail in both forms, and the seconds of the tests both
ways. A quarter of an hour for all that are small, hours for all; `--quick` takes the first four. With `--keep` the
environments are kept there and used again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import measure
import peers
import servers
from subjects import SUBJECTS, Subject

HEADING = ("package", "extensions", "in C", "tests", "otherwise", "fail in both", "flaky", "plain (s)", "compiled (s)")
HERE = Path(__file__).parent.resolve()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="packages; all if none is named")
    parser.add_argument("--profile", choices=("dev", "release"), default="dev")
    parser.add_argument("--keep", type=Path, help="a folder for archives and environments")
    parser.add_argument("--quick", action="store_true", help="the first four")
    options = parser.parse_args()
    known = {each.name: each for each in SUBJECTS}
    if unknown := {*options.names} - {*known}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = [known[name] for name in options.names] or [*SUBJECTS][: 4 if options.quick else None]
    print(peers.machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as new:
        place = (options.keep or Path(new)).resolve()
        rows, words = [], []
        for subject in chosen:
            begun = time.monotonic()
            row, differences = compared(subject, place, options.profile)
            print(f"{subject.name}: {'; '.join(row[1:])}  [{time.monotonic() - begun:.0f} s]", flush=True)
            rows.append(row)
            words += differences
    measure.table(rows, HEADING)
    print(*words, sep="\n")


def compared(subject: Subject, place: Path, profile: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the row of a package, and a line for each difference."""
    try:
        python = environment(subject, place / subject.name / "venv")
        project = unpacked(subject, place / subject.name)
        with servers.serving(subject.server) as variables:
            around = surroundings(python, {**subject.variables, **variables})
            if subject.before:
                command = [str(python.parent / subject.before[0]), *subject.before[1:]]
                own = {**around, "PYTHONPATH": str(project)}  # as installed: the project itself is not
                subprocess.run(command, cwd=project, env=own, check=True, capture_output=True, text=True)
            found = verified(project, python, profile, around)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines()
        return (subject.name, f"not run: {' | '.join(said[-4:])}", *[""] * (len(HEADING) - 2)), []
    tests: Mapping[str, Any] = found["tests"]
    differing = [each for each in found["modules"] if each["outcome"] == "differs"]
    taken = found["bought"]["tests-seconds"]
    share = shared(project, python, found)
    row = (
        f"{subject.name} {next(python.parents[2].glob('*.tar.gz')).name[:-7].rpartition('-')[2]}",
        str(len(found["modules"])),
        f"{share['compiled']} of {share['functions']}",
        str(tests["plain"]),
        str(len(tests["differences"]) + len(differing)),
        str(len(tests["failing"])),
        str(len(tests["flaky"])),
        *(f"{taken[form]:.1f}" for form in ("plain", "compiled")),
    )
    words = [
        f"{subject.name}: {each['test']}: {each['plain']} → {each['compiled']} ({each['words']}), {each['modules']}"
        for each in tests["differences"]
    ]
    words += [
        f"{subject.name}: {each['module']}: {each['reason']}"
        for each in found["modules"]
        if each["outcome"] == "differs"
    ]
    kept = (f"{count} {reason}" for reason, count in share["reasons"])
    words += [f"{subject.name}: stay Python: {', '.join(kept)}"]
    return row, words


def shared(project: Path, python: Path, found: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return how many functions of the compiled modules run C (`shares.py`)."""
    names = [each["module"].replace(".", "/") + ".py" for each in found["modules"]]
    roots = [project / root for root in (".", "src", "lib", "src/py")]
    files = [str(root / name) for root in roots for name in names if (root / name).exists()]
    return json.loads(run([str(python), str(HERE / "shares.py"), *files]))


def environment(subject: Subject, venv: Path) -> Path:
    """Return the Python of the package's environment: itself, what its tests need, and this suite."""
    python = venv / "bin" / "python"
    done = venv / "complete"
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    if not done.exists():
        shutil.rmtree(venv, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(venv)])
        package = f"{subject.name}[{subject.extras}]" if subject.extras else subject.name
        run([*pip, *([] if subject.repository else [package]), "pytest", *subject.needs.split()])
        run([*pip, f"{measure.REPOSITORY}[fast]"])
        done.touch()
    run([*pip, "--force-reinstall", "--no-deps", str(measure.REPOSITORY)])  # one that is kept has an older suite
    return python


def unpacked(subject: Subject, place: Path) -> Path:
    """Return the source archive of the package that is installed, unpacked anew, as a project of the suite."""
    python = place / "venv/bin/python"
    if not [*place.glob("*.tar.gz")]:
        (fetched if subject.repository else downloaded)(subject, place, python)
    archive = next(place.glob("*.tar.gz"))
    whole = place / archive.name.removesuffix(".tar.gz")
    shutil.rmtree(whole, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    project = whole / subject.folder
    (project / "tasks.py").write_text(measure.OUR_TASKS)
    settings = project / "pyproject.toml"
    text = settings.read_text() if settings.exists() else f'[project]\nname = "{subject.name}"\nversion = "0"\n'
    settings.write_text(f"{text}\n{subject.settings}\n[tool.buildkit.nox]\ntests = {json.dumps(subject.command)}\n")
    packages = Path(run([str(python), "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]).strip())
    for file in (file for pattern in subject.taken for file in packages.glob(pattern)):
        shutil.copy(file, project / file.relative_to(packages))
    return project


def downloaded(subject: Subject, place: Path, python: Path) -> None:
    """Put the source archive of the version that is installed into a folder."""
    asked = f"from importlib.metadata import version; print(version({subject.name!r}))"
    version = run([str(python), "-c", asked]).strip()
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    run([*pip, f"{subject.name}=={version}", "-d", str(place)])


def fetched(subject: Subject, place: Path, _python: Path) -> None:
    """Put an archive of the repository's commit into a folder."""
    url, _, commit = subject.repository.rpartition("@")
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as clone:
        git = ["git", "-C", clone]
        run([*git, "clone", "--quiet", "--no-checkout", url, "."])
        name = f"{subject.name}-{commit}"
        run([*git, "archive", f"--prefix={name}/", "-o", str(place / f"{name}.tar.gz"), commit])


def surroundings(python: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process in the environment of a Python."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "VIRTUAL_ENV": str(python.parents[1]), "PATH": path, **more}


def verified(project: Path, python: Path, profile: str, variables: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Return what `invoke compile.verify --tests --json` says of a project."""
    command = [str(python), "-m", "invoke", "compile.verify", "--tests", "--json", "--profile", profile]
    done = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)
    (python.parents[2] / "said.txt").write_text(done.stderr)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr) from None


def run(command: Sequence[str]) -> str:
    """Return what a command printed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
