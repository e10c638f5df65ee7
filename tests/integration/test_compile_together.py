"""Many builds at once, killed builds, edits while a build runs: nothing wrong, nothing twice, nothing left over."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

from buildkit.config import load
from buildkit.extensions.decide import decide
from buildkit.extensions.look import look
from buildkit.extensions.record import record_look
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.extensions.workspace import workspace_of
from buildkit.model import Report
from buildkit.report.console import Console

NIGHTLY = settings.get_current_profile_name() == "nightly"

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

PROJECT = {
    "pyproject.toml": APP,
    "tasks.py": "from buildkit.tasks import ns\n",
    "src/app/__init__.py": "",
    "src/app/plain.py": "def answer() -> int:\n    return 42\n",
    "src/app/fast.pyx": "from app cimport shared\n\ndef twice(int number):\n    return shared.double(number)\n",
    "src/app/shared.pxd": "cdef inline int double(int number):\n    return number * 2\n",
    "src/app/inner/__init__.py": "",
    "src/app/inner/deep.py": "WORD = 'deep'\n",
    "src/app/words.py": "def words(text: str) -> list[str]:\n    return text.split()\n",
}
MODULES = 4
SMALL = {name: text for name, text in PROJECT.items() if "inner" not in name and "words" not in name}

pytestmark = pytest.mark.usefixtures("compiler", "tools_are_known")

Build = subprocess.Popen[str]

DEV = {"PYBUILDKIT_COMPILE_PROFILE": "dev"}
"""CI asks for release; what a module's fixture builds must be what its tests build."""


def start(root: Path, *arguments: str, **environment: str) -> Build:
    """Start `invoke compile` and return at once."""
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", "compile", "--json", *arguments],
        cwd=root,
        env={**os.environ, **DEV, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def results(builds: list[Build]) -> list[dict[str, int]]:
    """Return how many modules came to what in each build, all of which must end well."""
    found = []
    for build in builds:
        out, err = build.communicate(timeout=120)
        assert build.returncode == 0, err
        found.append(json.loads(out)["counts"])
    return found


def total(counts: list[dict[str, int]], result: str) -> int:
    return sum(count.get(result, 0) for count in counts)


def extensions(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.so"))}


def built_from_nothing(root: Path, place: Path) -> dict[str, bytes]:
    """Build a copy of the tree without anything that another build made, and return its extensions."""
    clone = place / "tree"
    if clone.exists():
        shutil.rmtree(clone / "src")
    shutil.copytree(root, clone, ignore=shutil.ignore_patterns(".buildkit", "*.so", "*.tmp"), dirs_exist_ok=True)
    results([start(clone, "--no-cache", "--jobs", "1", PYBUILDKIT_CACHE_DIR=str(place / "cache"))])
    return extensions(clone)


@pytest.mark.usefixtures("all_cores")
def test_builds_at_once_on_one_tree_make_each_module_once(project: ProjectMaker) -> None:
    root = project(PROJECT)

    counts = results([start(root) for _ in range(6)])

    assert total(counts, "compiled") == MODULES
    assert total(counts, "fresh") == 5 * MODULES
    assert len(extensions(root)) == MODULES


@pytest.mark.usefixtures("all_cores")
def test_clones_at_once_on_one_store_make_each_module_once(project: ProjectMaker, tmp_path: Path) -> None:
    root = project(PROJECT)
    clones = [tmp_path / f"clone-{number}" for number in range(4)]
    for clone in clones:
        shutil.copytree(root, clone)

    counts = results([start(clone) for clone in clones])

    assert total(counts, "compiled") == MODULES
    assert total(counts, "restored") == 3 * MODULES
    assert all(extensions(clone) == extensions(clones[0]) for clone in clones)
    assert len(extensions(clones[0])) == MODULES


@pytest.mark.slow
def test_builds_killed_at_any_moment_leave_nothing_wrong_and_nothing_over(
    project: ProjectMaker, tmp_path: Path
) -> None:
    """Every second round a module that the killed builds may have made is deleted before anybody could record it."""
    root = project(SMALL)
    chance = random.Random(20)
    passing = root / "src/app/passing.py"
    for number in range(20 if NIGHTLY else 4):
        (root / "src/app/plain.py").write_text(f"def answer() -> int:\n    return {number}\n")
        passing.write_text(f"NUMBER = {number}\n")
        builds = [start(root, PYBUILDKIT_COMPILE_JOBS="1") for _ in range(3)]
        for build in builds:
            time.sleep(chance.uniform(0.0, 0.8))
            build.kill()
            build.communicate(timeout=60)
        if number % 2:
            passing.unlink()

        results([start(root)])

        assert extensions(root) == built_from_nothing(root, tmp_path / "clean"), f"round {number}"
        assert list(root.rglob("*.tmp")) == []


KILLED = """
import os, signal, sys
moment, ending = sys.argv[1:3]
whole = os.replace
def replace(source, target):
    last = str(target).endswith(ending)
    if not last or moment == "after":
        whole(source, target)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
from invoke.main import program
program.run(["invoke", "compile", "--jobs", "1"])
"""


@pytest.fixture(scope="module", params=["before", "after"])
def killed_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `project`, whose last build was killed just before, or after, an extension came to its place."""
    place = tmp_path_factory.mktemp(f"killed-{request.param}")
    root = place / "project"
    for name, text in SMALL.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    results([start(root, PYBUILDKIT_CACHE_DIR=str(place / "cache"))])
    (root / "src/app/plain.py").write_text("def answer() -> int:\n    return 43\n")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, request.param, f"plain{SUFFIX}"],
        cwd=root,
        env={**os.environ, **DEV, "PYBUILDKIT_CACHE_DIR": str(place / "cache")},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert bool(list(root.rglob("*.tmp"))) == (request.param == "before")
    return place


@pytest.fixture
def killed(killed_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of `killed_once`, edited `app.plain` and all, with its store."""
    shutil.copytree(killed_once, tmp_path / "killed")
    monkeypatch.setenv("PYBUILDKIT_CACHE_DIR", str(tmp_path / "killed/cache"))
    return tmp_path / "killed/project"


def test_a_killed_build_is_finished_by_the_next(killed: Path) -> None:
    (counts,) = results([start(killed)])

    assert counts == {"fresh": 1, "restored": 1}
    assert python(killed, "import app.plain; print(app.plain.answer())") == "43"
    assert list(killed.rglob("*.tmp")) == []
    assert results([start(killed)]) == [{"fresh": 2}]


def test_an_edit_that_is_taken_back_after_a_killed_build_is_taken_back(killed: Path) -> None:
    (killed / "src/app/plain.py").write_text(PROJECT["src/app/plain.py"])

    results([start(killed)])

    assert python(killed, "import app.plain; print(app.plain.answer())") == "42"
    assert list(killed.rglob("*.tmp")) == []


def test_a_module_that_is_deleted_after_a_killed_build_leaves_no_extension(killed: Path) -> None:
    (killed / "src/app/plain.py").unlink()

    (counts,) = results([start(killed)])

    assert counts == {"fresh": 1, "removed": 1}
    assert list(killed.rglob("plain*")) == []
    assert list(killed.rglob(".plain*")) == []


def test_a_module_that_breaks_after_a_killed_build_is_not_hidden_by_it(killed: Path, invoke: InvokeRunner) -> None:
    (killed / "src/app/plain.py").write_text("def answer(:\n")

    assert invoke(killed, "compile").exit_code == 10

    assert [file.name for file in killed.rglob("*plain*")] == ["plain.py"]


def test_all_can_be_cleaned_after_a_killed_build(killed: Path) -> None:
    results([start(killed, "--clean")])

    assert extensions(killed) == {}
    assert list(killed.rglob("*.tmp")) == []


def test_a_build_with_nothing_to_do_takes_nothing_from_the_record_of_another(project: ProjectMaker) -> None:
    """It notes down what it saw unchanged, which another build may have overtaken."""
    root = project(PROJECT)
    results([start(root)])
    check = UpToDateCheck(root, os.environ, "")
    slow = workspace_of(load(root, {}), Console({}), check.environment)
    (root / "src/app/words.py").touch()
    sight = look(slow)
    overtaken = Report("buildkit.compile/1", decide(sight).foretold(), 0.0, {}, row="module")
    late = root / "src/app/late.py"
    late.write_text("LATE = 1\n")
    results([start(root)])

    record_look(sight, check, overtaken)

    assert UpToDateCheck(root, os.environ, "").report() is None, (
        "a check does not answer from a look that was overtaken"
    )
    assert results([start(root)]) == [{"fresh": MODULES + 1}]
    late.unlink()
    assert results([start(root)]) == [{"fresh": MODULES, "removed": 1}]


def test_an_importer_never_sees_anything_but_a_whole_extension(project: ProjectMaker) -> None:
    root = project(PROJECT)
    source = root / "src/app/plain.py"
    texts = [f"def answer() -> int:\n    return {number}\n" for number in (1, 2)]
    seen: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(python(root, "import app.plain; print(app.plain.__file__[-3:], app.plain.answer())"))

    source.write_text(texts[0])
    results([start(root)])
    importers = [threading.Thread(target=look) for _ in range(2)]
    for importer in importers:
        importer.start()
    for text in itertools.islice(itertools.cycle(reversed(texts)), 8 if NIGHTLY else 4):
        source.write_text(text)
        results([start(root)])
    done.set()
    for importer in importers:
        importer.join()

    assert set(seen) == {".so 1", ".so 2"}


# ------------------------------------------------------------------ an edit while it is compiled

VALUE = {
    "pyproject.toml": PROJECT["pyproject.toml"],
    "src/app/__init__.py": "",
    "src/app/limit.h": "#define LIMIT 1\n",
    "src/app/shared.pxd": "cdef inline int shared() noexcept:\n    return 1\n",
    "src/app/value.pyx": (
        "from app.shared cimport shared\n"
        'cdef extern from "limit.h":\n    int LIMIT\n'
        "def value():\n    return [1, shared(), LIMIT]\n"
    ),
}
EDITS: Mapping[str, tuple[str, str, str]] = {
    "value.pyx": ("[1,", "[2,", "[2, 1, 1]"),
    "shared.pxd": ("return 1", "return 2", "[1, 2, 1]"),
    "limit.h": ("LIMIT 1", "LIMIT 2", "[1, 1, 2]"),
}


def value(root: Path) -> str:
    return python(root, "import app.value; print(app.value.value())")


@pytest.mark.parametrize(("name", "before"), [*((name, "known module") for name in EDITS), ("limit.h", "first build")])
def test_an_edit_while_the_c_compiler_starts_is_stored_under_no_wrong_key(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, compiler: str, name: str, before: str
) -> None:
    """The compiler itself makes the edit: after all was looked at, and before it reads any header."""
    root = project(VALUE)
    file, new, now = root / "src/app" / name, tmp_path / "new", tmp_path / "now"
    wrapper = tmp_path / "cc"
    edit = f"[ -e {now} ] && rm {now} && cp {new} {file}"
    wrapper.write_text(f'#!/bin/sh\ncase "$*" in *value.c*) {edit} ;; esac\nexec {compiler} "$@"\n')
    wrapper.chmod(0o755)

    def build() -> None:
        ran = invoke(root, "compile", "--profile", "release", CC=str(wrapper))
        assert ran.exit_code == 0, ran.stderr

    if before == "known module":
        build()
        (root / "src/app/value.pyx").write_text(VALUE["src/app/value.pyx"] + "def more():\n    pass\n")
    old = file.read_text()
    word, other, expected = EDITS[name]
    new.write_text(old.replace(word, other))
    now.touch()

    build()
    assert not now.exists(), "the edit was made"
    build()

    assert value(root) == expected
    file.write_text(old)
    build()
    assert value(root) == "[1, 1, 1]", "nothing was stored under the key of the old text"
    file.write_text(new.read_text())
    build()
    assert value(root) == expected


@pytest.mark.slow
def test_edits_at_any_moment_of_a_build_end_as_a_clean_build(project: ProjectMaker, tmp_path: Path) -> None:
    root = project(PROJECT)
    chance = random.Random(21)
    source, declaration = root / "src/app/plain.py", root / "src/app/shared.pxd"
    text = declaration.read_text()
    results([start(root)])
    for number in range(3, 13 if NIGHTLY else 5):
        source.write_text(f"def answer() -> int:\n    return {number * 10}\n")
        build = start(root, PYBUILDKIT_COMPILE_JOBS="1")
        time.sleep(chance.uniform(0.2, 1.0))
        source.write_text(f"def answer() -> int:\n    return {number}\n")
        declaration.write_text(text.replace("2", str(number)))
        results([build])

        results([start(root)])

        code = "import app.plain, app.fast; print(app.plain.answer(), app.fast.twice(1))"
        assert python(root, code) == f"{number} {number}"
    assert extensions(root) == built_from_nothing(root, tmp_path / "clean")
    source.write_text("def answer() -> int:\n    return 30\n")
    declaration.write_text(text)
    results([start(root)])
    assert python(root, "import app.plain, app.fast; print(app.plain.answer(), app.fast.twice(1))") == "30 2"


@pytest.mark.usefixtures("all_cores")
def test_a_build_that_is_terminated_ends_its_children(project: ProjectMaker, tmp_path: Path, compiler: str) -> None:
    sleeper = tmp_path / "cc"
    pid = tmp_path / "pid"
    sleeper.write_text(
        f'#!/bin/sh\ncase "$*" in *plain.c*) echo $$ >{pid}; exec sleep 300 ;; esac\nexec {compiler} "$@"\n'
    )
    sleeper.chmod(0o755)
    root = project(PROJECT)
    build = start(root, "--profile", "release", CC=str(sleeper))
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)

    build.send_signal(signal.SIGTERM)
    build.communicate(timeout=60)

    assert build.returncode == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
