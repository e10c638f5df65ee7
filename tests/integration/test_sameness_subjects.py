"""CPython's own tests as subjects: compiled, they pass and fail as they do as Python, but for those that are named.

Each is a module of the interpreter's `test` package, under another name, since tests are never compiled. Nightly has
all of them; CI those of functions, generators and scopes:

    python3 develop.py pytest tests/integration/test_sameness_subjects.py --hypothesis-profile nightly
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from plugins.projects import InvokeRunner

NIGHTLY = settings.get_current_profile_name() == "nightly"

FRAMES = "looks at frames: their names, lines, values or columns"
ITS_FILE = "reads the file of its own module as text"
REFERENCES = "counts references, of which C holds fewer"
EXACT_TYPE = "asks in C for the very type of generators"
DISPLAYED = "Cython takes `(x): int` for the annotation of a name"

BY_NATURE = {
    "FinalizationTest.test_refcycle": REFERENCES,
    "GeneratorStackTraceTest": FRAMES,
    "SignalAndYieldFromTest.test_raise_and_yield_from": EXACT_TYPE,
    "OriginTrackingTest": FRAMES,
    "GrammarTests.test_var_annot_basic_semantics": DISPLAYED,
    "ExceptionTests.test_memory_error_cleanup": FRAMES,
    "ExceptionTests.test_recursion_error_cleanup": FRAMES,
    "NameErrorTests.test_name_error_suggestions": FRAMES,
    "PEP626Tests": FRAMES,
    "TestCompiler.test_refleaks": ITS_FILE,
    "PyZipFileTests.test_write_pyfile": ITS_FILE,
    "TestEncoding.test_test_argparse_module_encoding": ITS_FILE,
}
"""Tests, or classes of tests, that differ by what they ask, and what that is."""

ALWAYS = ("contextlib", "generators", "grammar", "scope", "super")
AT_NIGHT = (
    *("argparse", "bisect", "class", "collections", "configparser", "copy", "coroutines", "csv", "descr", "dict"),
    *("enum", "exceptions", "fractions", "functools", "heapq", "iter", "itertools", "list", "named_expressions"),
    *("patma", "pickle", "raise", "random", "set", "shlex", "statistics", "string", "tarfile", "textwrap", "tuple"),
    *("userdict", "userlist", "weakref", "with", "zipfile"),
)
REFUSED = "named_expressions"
SUBJECTS = ALWAYS + (AT_NIGHT if NIGHTLY else ())

RUN = """
import importlib, io, json, sys, unittest
sys.path.insert(0, sys.argv[1])
module = importlib.import_module(sys.argv[2])
tests = unittest.defaultTestLoader.loadTestsFromModule(module)
done = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(tests)
failed = [*done.failures, *done.errors, *((each, "passed unexpectedly") for each in done.unexpectedSuccesses)]
told = {test.id().partition(".")[2].partition(".")[2]: text for test, text in failed}
print("\\n@", json.dumps({"file": module.__file__, "ran": done.testsRun, "failed": told}))
"""


def run(root: Path, subject: str) -> dict[str, Any]:
    """Return how many tests of a subject ran, and what those said that failed."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(root), f"subjects.of_{subject}"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": "", "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    lines = [line[2:] for line in done.stdout.splitlines() if line.startswith("@ ")]
    assert lines, f"{subject} ended with {done.returncode}: {done.stderr[-2000:]}"
    told: dict[str, Any] = json.loads(lines[-1])
    return told


def _file(subject: str) -> Path:
    spec = find_spec(f"test.test_{subject}")
    if spec is None or spec.origin is None:
        pytest.skip(f"this Python has no test.test_{subject}")
    return Path(spec.origin)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_compiled_module_passes_its_tests_as_its_source(subject: str, tmp_path: Path, invoke: InvokeRunner) -> None:
    source, extension = (run(root, subject) for root in _made(subject, tmp_path, invoke))

    assert Path(source["file"]).suffix == ".py"
    assert subject == REFUSED or Path(extension["file"]).suffix == ".so"
    assert _lost(source["failed"], extension["failed"]) == {}
    assert {*source["failed"]} - {*extension["failed"]} == set()


def _made(subject: str, folder: Path, invoke: InvokeRunner) -> tuple[Path, Path]:
    """Return the folders with a subject as Python and compiled, which a program is only by name."""
    plain, compiled = folder / "plain", folder / "compiled"
    for root in (plain, compiled):
        (root / "subjects").mkdir(parents=True)
        (root / "subjects/__init__.py").touch()
        shutil.copy(_file(subject), root / f"subjects/of_{subject}.py")
    (compiled / "tasks.py").write_text("from buildkit.tasks import ns\n")
    (compiled / "pyproject.toml").write_text(
        '[project]\nname = "subjects"\nversion = "1"\n[tool.buildkit]\npackages = ["subjects"]\n'
        '[tool.buildkit.compile]\nrefused = "python"\n'
        f'[tool.buildkit.compile.module."subjects.of_{subject}"]\nbackend = "cython"\n'
    )
    ran = invoke(compiled, "compile")
    assert ran.exit_code == 0, ran.stderr
    return plain, compiled


def _lost(source: dict[str, str], extension: dict[str, str]) -> dict[str, str]:
    """Return what fails compiled alone, but for what differs by nature."""
    return {
        name: said
        for name, said in extension.items()
        if name not in source and not {name, name.partition(".")[0]} & {*BY_NATURE}
    }
