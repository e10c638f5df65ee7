"""`invoke compile.verify` on real projects: what is equal, what differs and by whose extension, what is left alone."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from plugins.projects import InvokeRunner, ProjectMaker

pytestmark = pytest.mark.usefixtures("compiler")

SETTINGS = """\
[project]
name = "app"
version = "1"

[tool.buildkit]  # ours
packages = ["app"]

[tool.buildkit.nox]
tests = ["pytest", "-q", "tests"]
"""

EQUAL = {
    "pyproject.toml": SETTINGS,
    "src/app/__init__.py": "",
    "src/app/_windows.py": "import winreg\n",
    "src/app/words.py": '''\
"""Words."""
import dataclasses
import enum
import random

__all__ = ["Greeter", "greet"]
START = random.random()


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Greeter:
    name: str = "you"

    @property
    def loud(self) -> str:
        return self.name.upper()


def greet(name: str, *, end: "str" = "!") -> str:
    "Say hello."
    return name + end
''',
    "src/app/more.py": "from app.words import greet\n\n\ndef twice(name):\n    return greet(name) * 2\n",
    "src/app/alembic/env.py": "from alembic import context\nconfig = context.config\n",
    "src/app/test_words.py": "raise SystemExit('nobody imports a test')\n",
    "tests/test_app.py": "from app.more import twice\n\n\ndef test_twice():\n    assert twice('a') == 'a!a!'\n",
}

ODD = {
    "src/app/odd.py": "def answer():\n    return 42\n\n\ndef last():\n    return 1\n",
    "src/app/odd.pyx": "def answer():\n    return 43\n\n\ndef last():\n    return 1\n",
    "tests/test_odd.py": """\
import pathlib
from app import odd, words


def test_answer(): assert odd.answer() == 42


def test_last(): assert odd.last() == 1


def test_words(): assert words.greet("a") == "a!"


def test_fails(): assert 0
""",
}
"""A module whose `.pyx` does otherwise than its `.py`: what a fault of the compiler would look like."""


def tree(root: Path) -> dict[str, str]:
    """Return the content of every file of a project but of what is the suite's own."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and ".buildkit" not in path.parts and path.name != "tasks.py"
    }


def results(answer: Any) -> dict[str, str]:
    return {row["module"]: row["outcome"] for row in answer["modules"]}


def test_a_project_that_is_the_same_in_both_forms_ends_with_0(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(EQUAL)
    before = tree(root)

    ran = invoke(root, "compile.verify", "--tests", "--json")

    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert results(ran.json) == {"app": "equal", "app._windows": "fails", "app.more": "equal", "app.words": "equal"}
    assert ran.json["schema"] == "buildkit.compile-verify/1"
    assert (ran.json["tests"]["plain"], ran.json["tests"]["differences"], ran.json["exclude"]) == (1, [], [])
    for what in ("import-seconds", "import-memory", "tests-seconds", "tests-memory"):
        assert set(ran.json["bought"][what]) == {"plain", "compiled"}
        assert min(ran.json["bought"][what].values()) >= 0
    assert tree(root) == before
    assert not (root / ".buildkit/verify/copy").exists()


def test_extensions_in_the_tree_are_neither_used_nor_changed(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(EQUAL)
    assert invoke(root, "compile").exit_code == 0
    (extension,) = root.glob("src/app/words.*.so")
    extension.write_bytes(b"no extension at all")
    before = tree(root)

    ran = invoke(root, "compile.verify", "--explain")

    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert "equal" in ran.stderr
    assert tree(root) == before


@pytest.mark.slow
def test_what_differs_is_found_and_written_down(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**EQUAL, **ODD})
    before = tree(root)

    ran = invoke(root, "compile.verify", "--json")

    assert ran.exit_code == 13, ran.stdout + ran.stderr
    assert results(ran.json)["app.odd"] == "differs"
    assert '"app/odd.pyx",  # compiled, answer: ' in ran.stderr
    assert tree(root) == before

    written = invoke(root, "compile.verify", "--tests", "--write", "--json")

    assert written.exit_code == 0, written.stdout + written.stderr
    assert written.json["tests"]["differences"] == [
        {
            "test": "tests/test_odd.py::test_answer",
            "plain": "passed",
            "compiled": "failed",
            "words": "assert 43 == 42",
            "modules": ["app.odd"],
        }
    ]
    assert written.json["tests"]["failing"] == ["tests/test_odd.py::test_fails"]
    assert [each["source"] for each in written.json["exclude"]] == ["app/odd.pyx"]
    assert written.json["written"] is True
    after = tree(root)
    assert after.pop("pyproject.toml.original") == before["pyproject.toml"]
    assert {name for name in before if after[name] != before[name]} == {"pyproject.toml"}
    text = (root / "pyproject.toml").read_text()
    assert "[tool.buildkit]  # ours\n" in text
    assert '    "app/odd.pyx", # compiled, tests/test_odd.py::test_answer: passed → failed (assert 43 == 42)\n' in text

    again = invoke(root, "compile.verify")
    assert again.exit_code == 0, again.stdout + again.stderr


@pytest.mark.slow
def test_a_crash_a_hang_and_a_flaky_test_are_told_apart(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    body = (
        "def answer():\n    cdef int* nothing = NULL\n    nothing[0] = 1\n    return 42\n\n\n"
        "def last():\n    while True: pass\n"
    )
    flaky = (
        f"\n\ndef test_flaky():\n    count = pathlib.Path({str(count)!r})\n"
        "    number = len(count.read_text()) if count.exists() else 0\n"
        "    count.write_text('.' * (number + 1))\n    assert number % 2 == 0\n"
    )
    root = project({**EQUAL, **ODD, "src/app/odd.pyx": body, "tests/test_odd.py": ODD["tests/test_odd.py"] + flaky})

    ran = invoke(root, "compile.verify", "--tests", "--json")

    assert ran.exit_code == 13, ran.stdout + ran.stderr
    found = {each["test"].partition("::")[2]: each for each in ran.json["tests"]["differences"]}
    assert {test: each["compiled"] for test, each in found.items()} == {
        "test_answer": "crashed: SIGSEGV",
        "test_last": "hangs",
    }
    assert [each["modules"] for each in found.values()] == [["app.odd"], ["app.odd"]]
    assert ran.json["tests"]["flaky"] == ["tests/test_odd.py::test_flaky"]
    assert ran.json["tests"]["compiled"] == 6, "what stands behind a crash is run all the same"


def test_an_import_that_crashes_compiled_is_found(project: ProjectMaker, invoke: InvokeRunner) -> None:
    crash = "cdef int* nothing = NULL\nnothing[0] = 1\n"
    user = {"src/app/user.py": "import app.odd\n"}
    root = project({**EQUAL, "src/app/odd.py": "", "src/app/odd.pyx": crash, **user})

    ran = invoke(root, "compile.verify", "--json")

    assert ran.exit_code == 13, ran.stdout + ran.stderr
    reasons = {row["module"]: row["reason"] for row in ran.json["modules"] if row["outcome"] == "differs"}
    assert reasons == {
        "app.odd": "the module: is imported → the import ends the process: SIGSEGV",
        "app.user": "the module: is imported → the import ends the process: SIGSEGV, because of app.odd",
    }
    assert [each["source"] for each in ran.json["exclude"]] == ["app/odd.pyx"]


def test_of_another_runner_the_names_of_failures_or_the_exit_code_count(
    project: ProjectMaker, invoke: InvokeRunner
) -> None:
    check = (
        "import unittest\nfrom app import odd\n\n\n"
        "class T(unittest.TestCase):\n    def test_it(self): self.assertEqual(odd.answer(), 42)\n"
    )
    settings = SETTINGS.replace('"pytest", "-q", "tests"', '"python", "-m", "unittest", "discover", "checks"')
    root = project({**EQUAL, **ODD, "pyproject.toml": settings, "checks/test_it.py": check})

    ran = invoke(root, "compile.verify", "--tests", "--json")

    assert ran.exit_code == 13, ran.stdout + ran.stderr
    (found,) = ran.json["tests"]["differences"]
    assert found["test"].startswith("test_it ")
    assert (found["plain"], found["compiled"], found["modules"]) == ("passed", "failed", ["app.odd"])


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ('["no-such-program"]', "no-such-program: there is no such program"),
        ('["pytest", "nowhere"]', "the command runs no tests"),
        ('["pytest", "-q", "broken"]', "no test passes as plain Python"),
        ('["pytest", "-q", "conf"]', "No module named 'nosuch_one'"),
        ('["python", "-c", "import os; os.abort()"]', "SIGABRT"),
    ],
)
def test_tests_that_do_not_run_as_plain_python_are_a_matter_of_settings(
    project: ProjectMaker, invoke: InvokeRunner, command: str, words: str
) -> None:
    tests = {
        "broken/test_it.py": "import nosuch_one\n",
        "conf/conftest.py": "import nosuch_one\n",
        "conf/test_it.py": "",
    }
    root = project({**EQUAL, **tests, "pyproject.toml": SETTINGS.replace('["pytest", "-q", "tests"]', command)})

    ran = invoke(root, "compile.verify", "--tests")

    assert ran.exit_code == 2, ran.stderr
    assert words in ran.stderr
    assert "fails" not in ran.stderr, "before all modules are imported: that takes minutes where there are many"


def test_a_module_that_does_not_compile_ends_it_in_words(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**EQUAL, "src/app/broken.pyx": "def broken(:\n"})

    ran = invoke(root, "compile.verify", "--json")

    assert (ran.exit_code, ran.stdout) == (10, "")
    assert "broken.pyx:1:" in ran.stderr


def test_without_a_command_there_are_no_tests(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project({**EQUAL, "pyproject.toml": SETTINGS.partition("[tool.buildkit.nox]")[0]})

    ran = invoke(root, "compile.verify", "--tests")

    assert (ran.exit_code, "names no tests" in ran.stderr) == (2, True)


def test_killed_half_way_it_leaves_the_tree_as_it_was_and_no_process(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    waiting = (
        "import os, pathlib, time\n\n\ndef test_waits():\n"
        f"    pathlib.Path({str(begun)!r}).write_text(str(os.getpid()))\n    time.sleep(300)\n"
    )
    root = project({**EQUAL, "tests/test_waits.py": waiting})
    assert invoke(root, "compile.verify").exit_code == 0
    before = tree(root)
    child = subprocess.Popen(
        [sys.executable, "-m", "invoke", "compile.verify", "--tests", "--write"],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 100
    while not (begun.exists() and begun.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    tests = int(begun.read_text())
    child.send_signal(signal.SIGKILL)
    child.wait()

    for _ in range(100):
        if not alive(tests):
            break
        time.sleep(0.1)
    assert not alive(tests)
    assert tree(root) == before
    assert invoke(root, "compile.verify").exit_code == 0


def test_a_signal_leaves_no_copy_also_where_the_disk_takes_its_time(project: ProjectMaker, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    waiting = (
        f"import pathlib, time\n\n\ndef test_it():\n    pathlib.Path({str(begun)!r}).touch()\n    time.sleep(300)\n"
    )
    slow = "import shutil, time\nreal = shutil.rmtree\n\n\ndef rmtree(*a, **k): time.sleep(3); real(*a, **k)\n\n\n"
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/sitecustomize.py").write_text(f"{slow}shutil.rmtree = rmtree\n")
    plain = {"pyproject.toml": SETTINGS, "src/app/__init__.py": "", "tasks.py": "from buildkit.tasks import ns\n"}
    root = project({**plain, "tests/test_waits.py": waiting})
    child = subprocess.Popen(
        [sys.executable, "-m", "invoke", "compile.verify", "--tests"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "disk"), os.environ.get("PYTHONPATH", "")])},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 100
    while not begun.exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (root / ".buildkit/verify/copy/pyproject.toml").exists()

    child.send_signal(signal.SIGTERM)

    assert child.communicate(timeout=60)[1].endswith("terminated\n")
    assert child.returncode == 143
    assert not (root / ".buildkit/verify/copy").exists()


def test_a_comparison_that_takes_long_says_how_far_it_is(project: ProjectMaker, invoke: InvokeRunner) -> None:
    tests = "import time\n\n\ndef test_short(): pass\n\n\ndef test_long(): time.sleep(11)\n"
    root = project({"pyproject.toml": SETTINGS, "src/app/__init__.py": "", "tests/test_it.py": tests})

    ran = invoke(root, "compile.verify", "--tests")

    assert ran.exit_code == 0, ran.stderr
    assert "tests run as plain Python  1 of 2  0:10, about 0:10 to go\n" in ran.stderr


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path(f"/proc/{pid}").exists() else False
