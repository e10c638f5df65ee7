"""A module that Python takes and Cython does not: in `dev` it stays Python, in a release it ends the build.

One that is Cython's by its own wish: of all others a function stays Python (`tests/questions/spelled.py`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ProjectMaker = Callable[[Mapping[str, str]], Path]

PROJECT = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
    "src/app/one.py": "def one():\n    return 1\n",
    "src/app/odd.py": "import cython\n\n\ndef two(of=None):\n    return (x async for x in of) if of else 2\n",
}


def imported(root: Path) -> str:
    code = "import app.odd, app.one; print(app.odd.two(), app.one.one(), app.odd.__file__[-3:])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root / "src", capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_in_dev_it_stays_python_and_is_said_once_a_build(project: ProjectMaker, invoke: Callable[..., Any]) -> None:
    root = project(PROJECT)

    first = invoke(root, "compile")
    second = invoke(root, "compile", "--json")

    assert first.exit_code == 0, first.stderr
    (line,) = [line for line in first.stderr.splitlines() if "app.odd" in line]
    assert line.startswith("refused")
    assert "(stays Python: app/odd.py:5:14: Expected ')', found 'async')" in line
    assert "1 compiled" in first.stdout
    assert "1 refused" in first.stdout
    assert imported(root) == "2 1 .py"
    assert second.exit_code == 0
    assert second.outcomes() == {"app.one": "fresh", "app.odd": "refused"}
    assert second.started == ()


def test_an_extension_from_before_goes(project: ProjectMaker, invoke: Callable[..., Any]) -> None:
    root = project({**PROJECT, "src/app/odd.py": "def two():\n    return 1\n"})
    assert invoke(root, "compile").exit_code == 0
    assert imported(root).endswith(".so")
    (root / "src/app/odd.py").write_text(PROJECT["src/app/odd.py"])

    assert invoke(root, "compile").exit_code == 0

    assert imported(root) == "2 1 .py"


def test_in_a_release_and_where_it_is_set_it_fails(project: ProjectMaker, invoke: Callable[..., Any]) -> None:
    root = project(PROJECT)

    release = invoke(root, "compile", "--profile", "release")
    (root / "pyproject.toml").write_text(f'{PROJECT["pyproject.toml"]}[tool.buildkit.compile]\nrefused = "fail"\n')
    dev = invoke(root, "compile")
    again = invoke(root, "compile")

    for ran in (release, dev, again):
        assert ran.exit_code == 10
        assert "app/odd.py:5:14: Expected ')', found 'async'" in ran.stderr
        assert "Python takes it, Cython does not" not in ran.stderr


def test_what_python_refuses_too_fails_in_dev(project: ProjectMaker, invoke: Callable[..., Any]) -> None:
    root = project({**PROJECT, "src/app/odd.py": "def two(:\n"})

    assert invoke(root, "compile").exit_code == 10
