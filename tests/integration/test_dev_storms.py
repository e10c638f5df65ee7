"""Storms of changes under `invoke dev`: branches switched back and forth while it builds, the loop killed in between.

`STORM=5000 ROUNDS=20` does it in full; less is enough to notice that it broke.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dev_service import MAIN, SETTINGS, Dev, Starter, starting
from plugins.projects import ProjectMaker

pytestmark = pytest.mark.usefixtures("compiler")

FILES = int(os.environ.get("STORM", "200"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
UNITS = 12
MODULES = UNITS + 1
"""With `answer`, which no branch changes."""
COMPILED = SETTINGS.replace('backend = "none"', 'exclude = ["app/main.py", "app/plain/**"]')
ANSWERING = MAIN.replace(
    "from app.answer import ANSWER\n", "from app.plain import part0\nfrom app import unit0\nANSWER = unit0.answer()\n"
)
TASKS = "from buildkit.tasks import ns\n"


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "core.fsync=none"]
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, timeout=120)


def write_branch(root: Path, name: str) -> None:
    for at in range(UNITS):
        (root / f"src/app/unit{at}.py").write_text(f"def answer():\n    return '{name} {at}'\n")
    for at in range(FILES):
        folder = root / f"src/app/plain/{name if at % 3 == 0 else 'both'}{at % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"part{at}.py").write_text(f"PART = '{name} {at}'\n")
    (root / "src/app/plain/part0.py").write_text(f"PART = '{name}'\n")


def two_branches(root: Path) -> None:
    (root / "src/app/plain").mkdir()
    (root / "src/app/plain/__init__.py").touch()
    (root / "tasks.py").write_text(TASKS)
    (root / ".gitignore").write_text(".buildkit/\n*.so\n__pycache__/\n")
    git(root, "init", "-q", "-b", "one")
    for name in ("one", "two"):
        if name == "two":
            git(root, "checkout", "-q", "-b", name)
            shutil.rmtree(root / "src/app/plain/one0", ignore_errors=True)
        write_branch(root, name)
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", name)


def extensions(root: Path) -> dict[str, str]:
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(root.glob("src/app/**/*.so"))
    }


def compiled(root: Path) -> dict[str, int]:
    command = [sys.executable, "-m", "invoke", "compile", "--json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=120)
    counts: dict[str, int] = json.loads(done.stdout)["counts"]
    counts.pop("kept", None)
    return counts


@pytest.mark.parametrize("kills", [False, True], ids=["", "killed in between"])
def test_a_checkout_in_the_middle_of_a_build_ends_as_a_clean_build(
    dev: Starter, tmp_path: Path, *, kills: bool
) -> None:
    it = dev({"pyproject.toml": COMPILED, "src/app/main.py": ANSWERING})
    it.process.kill()
    root = it.root
    two_branches(root)
    chance = random.Random(17)
    it = restarted(it)
    for turn in range(ROUNDS * 2):
        git(root, "checkout", "-q", "one" if turn % 2 else "two")
        time.sleep(chance.choice([0.05, 0.3, 0.8, 1.6]))
        if kills and turn % 3 == 2:
            it.process.send_signal(signal.SIGKILL)
            it.process.wait(10)
            it = restarted(it)
    it.until(lambda: it.answer() == "one 0", seconds=60)
    clean = tmp_path / "clean"
    git(tmp_path, "clone", "-q", "-b", "one", str(root), str(clean))
    assert sum(compiled(clean).values()) == MODULES
    it.until(lambda: extensions(root) == extensions(clean), seconds=60)
    it.settled()
    cycles = it.cycles()
    it.end()
    assert it.left() == []
    it.kill()
    assert extensions(root) == extensions(clean)
    assert compiled(root) == {"fresh": MODULES}
    if not kills:
        assert len(cycles) <= ROUNDS * 2 * 3, (
            "a cycle for each checkout, one for what is compiled aside, and one to spare"
        )


def restarted(it: Dev) -> Dev:
    """Start the loop again in the same project, at the same port."""
    it.until(lambda: not it.left())
    it.kill()
    again = Dev(it.root, {"PYBUILDKIT_CACHE_DIR": str(it.root.parent / "store")}, it.port)
    again.until_ready()
    return again
