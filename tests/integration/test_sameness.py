"""A compiled module behaves as its source: each question is asked of both, and the answers are equal word for word.

The questions stand in `tests/questions`, a module for each group; each is a function that begins with `q_`. What the
release profile's optimizer may turn is asked of it in CI, a third of each group; all of it, and the other groups, at
night: `--hypothesis-profile nightly`. To optimize them takes most of the time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fewer_questions import part
from hypothesis import settings

from buildkit.doors import locks

QUESTIONS = Path(__file__).parents[1] / "questions"
NOT_YET = [f"since_3_{minor}.py" for minor in range(sys.version_info.minor + 1, 20)]
"""Groups whose text a newer Python alone takes."""
GROUPS = sorted(file.stem for file in QUESTIONS.glob("*.py") if file.stem != "ask" and file.name not in NOT_YET)
NIGHTLY = settings.get_current_profile_name() == "nightly"
OPTIMIZED = ["attributes", "callers", "closures", "control", "floats", "frames", "generators", "numbers", "operators"]
"""Groups on arithmetic, jumps, references and memory: what an optimizer can get wrong."""
ASKED = {"dev": GROUPS, "release": GROUPS if NIGHTLY else OPTIMIZED}
PARTS = {"dev": 1, "release": 1 if NIGHTLY else 3}


def ask(group: str, root: Path) -> dict[str, Any]:
    """Return the answers of a group as the module in `root` gives them, and the module's file."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, str(QUESTIONS / "ask.py"), f"questions.{group}"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def copy(groups: list[str], folder: Path, parts: int) -> None:
    """Copy the first of so many parts of groups into a package."""
    folder.mkdir(parents=True)
    for group in groups:
        (folder / f"{group}.py").write_bytes(part((QUESTIONS / f"{group}.py").read_bytes().decode(), parts).encode())
    (folder / "__init__.py").touch()


@pytest.fixture(scope="session")
def compiled(run_folder: Path) -> Callable[[str], Path]:
    """Return the folder with the groups compiled for a profile: made once a run."""

    def make(profile: str) -> Path:
        root = run_folder / f"questions-{profile}"
        with locks.held(run_folder / f"questions-{profile}.lock"):
            if not (root / "done").exists():
                copy(ASKED[profile], root / "questions", PARTS[profile])
                (root / "tasks.py").write_text("from buildkit.tasks import ns\n")
                (root / "pyproject.toml").write_text(
                    '[project]\nname = "questions"\nversion = "1"\n[tool.buildkit]\npackages = ["questions"]\n'
                )
                # On all cores: the tests of the other groups wait for it.
                subprocess.run(
                    [sys.executable, "-m", "invoke", "compile", "--profile", profile, "--jobs", "auto"],
                    cwd=root,
                    check=True,
                    timeout=900,
                )
                (root / "done").touch()
        return root

    return make


@pytest.fixture(scope="session")
def plain(run_folder: Path) -> Callable[[str], Path]:
    """Return the folder with the groups that are asked of a profile, as they are written."""

    def make(profile: str) -> Path:
        root = run_folder / f"questions-plain-{profile}"
        with locks.held(run_folder / f"questions-plain-{profile}.lock"):
            if not root.exists():
                copy(ASKED[profile], root / "questions", PARTS[profile])
        return root

    return make


@pytest.mark.timeout(1000)  # one of them waits until all are compiled
@pytest.mark.parametrize(("group", "profile"), [(group, profile) for profile in ASKED for group in ASKED[profile]])
def test_a_compiled_module_answers_as_its_source(
    group: str, profile: str, compiled: Callable[[str], Path], plain: Callable[[str], Path]
) -> None:
    source, extension = ask(group, plain(profile)), ask(group, compiled(profile))
    assert Path(source["file"]).suffix == ".py"
    assert Path(extension["file"]).suffix == ".so"
    assert (source["compiled"], len(extension["compiled"]) > len(source["answers"]) // 2) == ([], True)
    differing = {
        name: (said, extension["answers"].get(name))
        for name, said in source["answers"].items()
        if said != extension["answers"].get(name)
    }
    assert differing == {}
    assert [*extension["answers"]] == [*source["answers"]]


def test_what_may_ask_for_its_names_stays_python_where_there_are_no_frames(
    tmp_path: Path, plain: Callable[[str], Path]
) -> None:
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions/__init__.py").touch()
    shutil.copy(QUESTIONS / "asked.py", tmp_path / "questions")
    (tmp_path / "tasks.py").write_text("from buildkit.tasks import ns\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "questions"\nversion = "1"\n[tool.buildkit]\npackages = ["questions"]\n'
        '[tool.buildkit.compile.module."questions.asked"]\ndefine-macros = { BUILDKIT_WITHOUT_FRAMES = "1" }\n'
    )
    subprocess.run([sys.executable, "-m", "invoke", "compile"], cwd=tmp_path, check=True, timeout=300)

    found = ask("asked", tmp_path)

    assert found["answers"] == ask("asked", plain("dev"))["answers"]
    assert ("select" in found["compiled"], "of_the_builtins" in found["compiled"]) == (True, False)
