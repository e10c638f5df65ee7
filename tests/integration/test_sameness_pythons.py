"""The questions of `test_sameness` on the other Pythons of this machine: compiled means what it means to each version.

CI asks the oldest one half of them and the newest the other, a night each of these Pythons all of them:
`--hypothesis-profile nightly`. The suite runs on each of them, with the packages of this environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from fewer_questions import part
from hypothesis import settings
from pythons import found_pythons

NIGHTLY = settings.get_current_profile_name() == "nightly"
QUESTIONS = Path(__file__).parents[1] / "questions"
REPOSITORY = Path(__file__).parents[2]
THIS = f"{sysconfig.get_python_version()}"

SUITE = f"{REPOSITORY}{os.pathsep}{sysconfig.get_path('purelib')}"

pytestmark = pytest.mark.usefixtures("compiler")


def others() -> dict[str, Path]:
    """Return the Pythons that are asked: all but this one, in CI its oldest and its newest."""
    found = [each for each in found_pythons().items() if each[0] != THIS]
    return dict(found if NIGHTLY else [found[0], found[-1]])


def groups(version: str) -> list[str]:
    """Return the names of the groups whose text a Python takes."""
    minor = int(version.partition(".")[2])
    names = (file.stem for file in QUESTIONS.glob("*.py") if file.stem != "ask")
    return sorted(each for each in names if not each.startswith("since_") or int(each.rpartition("_")[2]) <= minor)


def project(root: Path, version: str, parts: int, number: int) -> Path:
    """Return a project whose one package has one of so many parts of the questions."""
    (root / "questions").mkdir(parents=True)
    shutil.copy(QUESTIONS / "ask.py", root / "questions")
    for name in groups(version):
        text = (QUESTIONS / f"{name}.py").read_bytes().decode()
        if not name.startswith("since_"):  # this Python may not read those
            text = part(text, parts, number)
        (root / f"questions/{name}.py").write_bytes(text.encode())
    (root / "questions/__init__.py").touch()
    (root / "tasks.py").write_text("from buildkit.tasks import ns\n")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "questions"\nversion = "1"\n'
        '[tool.buildkit]\npackages = ["questions"]\nexclude = ["questions/ask.py"]\n'
    )
    return root


def python(program: Path, *words: str, folder: Path, path: str) -> str:
    """Return what a Python prints."""
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    for name in ("PYENV_VERSION", "VIRTUAL_ENV"):
        environment.pop(name, None)
    done = subprocess.run(
        [str(program), *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
    return done.stdout


def ask(program: Path, group: str, root: Path) -> dict[str, Any]:
    said = python(program, str(QUESTIONS / "ask.py"), f"questions.{group}", folder=root, path=str(root))
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return told


def test_compiled_answers_are_those_of_each_python(tmp_path: Path) -> None:
    asked = 0
    parts = 1 if NIGHTLY else len(others())
    for number, (version, program) in enumerate(others().items()):
        plain, compiled = (
            project(tmp_path / version / name, version, parts, number % parts) for name in ("plain", "compiled")
        )
        python(
            program, "-m", "invoke", "compile", folder=compiled, path=f"{REPOSITORY}:{sysconfig.get_path('purelib')}"
        )
        for group in groups(version):
            source, extension = ask(program, group, plain), ask(program, group, compiled)
            assert (Path(source["file"]).suffix, Path(extension["file"]).suffix) == (".py", ".so"), (version, group)
            differing = {
                name: (said, extension["answers"].get(name))
                for name, said in source["answers"].items()
                if said != extension["answers"].get(name)
            }
            assert differing == {}, (version, group)
            asked += len(source["answers"])
    assert asked > 800
