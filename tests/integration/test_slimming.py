"""The program that slims packages, on a real environment: what it takes, and what it gives back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import Package, environment
from plugins.tools import missing

from buildkit.config.image_forms import SLIMMING
from buildkit.image import slimming, slimming_script

SCRIPT = Path(slimming_script.__file__)
SOURCE = """
#include <Python.h>
static int unused_helper_with_a_long_name(int a) { return a + 1; }
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "fast", 0, -1, 0};
PyMODINIT_FUNC PyInit_fast(void) { unused_helper_with_a_long_name(1); return PyModule_Create(&definition); }
"""

PACKAGES = (
    Package("plain", {"plain/__init__.py": "", "plain/tests/__init__.py": "", "plain/tests/test_a.py": "x = 1\n"}),
    Package("reader", {"reader/__init__.py": "DATA = 'tests/data'\n", "reader/tests/data.txt": "needed"}),
    Package("deep", {"deep/__init__.py": "from .tests import x\n", "deep/tests/__init__.py": "x = 1\n"}),
    Package("linked", {"linked/__init__.py": "", "linked/lib.a": "archive" * 100, "linked/lib.la": "archive"}),
    Package("shared-a", {"shared/a/__init__.py": "from .tests import x\n", "shared/a/tests.py": "x = 1\n"}),
    Package("broken", {"broken/__init__.py": "raise ValueError('never could be imported')\n"}),
)


@pytest.fixture
def env(tmp_path: Path) -> Path:
    return environment(tmp_path / "env", *PACKAGES)


@pytest.fixture
def native(env: Path, compiler: str, tmp_path: Path) -> Path:
    """The file of an extension with all its symbols, in the environment."""
    import sysconfig

    (tmp_path / "fast.c").write_text(SOURCE)
    folder = next(env.glob("lib/python*/site-packages")) / "plain"
    target = folder / f"fast{sysconfig.get_config_var('EXT_SUFFIX')}"
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(
        [compiler, "-g", "-shared", "-fPIC", include, str(tmp_path / "fast.c"), "-o", str(target)], check=True
    )
    return target


Slim = Callable[..., list[dict[str, object]]]


@pytest.fixture
def slim(env: Path) -> Slim:
    def run(*rules: str, path: str = os.environ["PATH"]) -> list[dict[str, object]]:
        command = [str(env / "bin/python"), "-I", str(SCRIPT), str(env), *rules]
        done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        report: list[dict[str, object]] = json.loads((env / "slimmed.json").read_text())
        return report

    return run


def names(env: Path) -> set[str]:
    site = next(env.glob("lib/python*/site-packages"))
    return {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}


def test_the_rules_that_settings_take_are_those_of_the_program() -> None:
    assert tuple(slimming_script.RULES) == SLIMMING
    assert slimming.REPORT.endswith(f"/{slimming_script.REPORT}")


def test_tests_go_but_of_packages_that_name_them(env: Path, slim: Slim) -> None:
    before = names(env)
    report = slim("tests")

    assert before - names(env) == {"plain/tests/__init__.py", "plain/tests/test_a.py"}
    assert report == [{"rule": "tests", "bytes": len("x = 1\n"), "spared": []}]
    assert not list(env.glob("lib/python*/site-packages/plain/tests"))


def test_static_libraries_go(env: Path, slim: Slim) -> None:
    before = names(env)
    slim("static")

    assert before - names(env) == {"linked/lib.a", "linked/lib.la"}


def test_symbols_go_and_the_extension_is_imported_as_before(env: Path, native: Path, slim: Slim) -> None:
    if shutil.which("strip") is None:
        missing("strip", "no strip on PATH")
    size = native.stat().st_size
    report = slim("symbols")

    assert native.stat().st_size < size
    assert report == [{"rule": "symbols", "bytes": size - native.stat().st_size, "spared": []}]
    subprocess.run([str(env / "bin/python"), "-c", "import plain.fast"], check=True, timeout=60)


def test_what_cannot_be_imported_any_more_gets_its_files_back(native: Path, slim: Slim, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/strip").write_text('#!/bin/sh\necho broken > "$2"\n')
    (tmp_path / "bin/strip").chmod(0o755)
    content = native.read_bytes()
    report = slim("symbols", path=f"{tmp_path / 'bin'}:/usr/bin:/bin")

    assert native.read_bytes() == content
    assert report == [{"rule": "symbols", "bytes": 0, "spared": ["plain"]}]


def test_bytecode_goes_and_none_is_left_by_looking(env: Path, slim: Slim) -> None:
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(env / "lib")], check=True, timeout=60)
    report = slim("bytecode")

    assert not [name for name in names(env) if name.endswith(".pyc")]
    assert [row["rule"] for row in report] == ["bytecode"]


def test_symbols_without_strip_are_refused(env: Path) -> None:
    command = [str(env / "bin/python"), "-I", str(SCRIPT), str(env), "symbols"]
    done = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 1
    assert done.stderr == "the rule symbols needs strip, which the build's base lacks: package binutils\n"


def test_the_dockerfile_is_as_it_was_without_rules() -> None:
    assert slimming.stage(()) == ""
    assert slimming.files(()) == {}
    assert "slimming.py /opt/venv static symbols" in slimming.stage(["symbols", "static", "symbols"])
