"""Two users of one checkout, folders that one of them may not see, and what of all this gets into git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from plugins.projects import run_invoke

from buildkit.db import development

pytestmark = pytest.mark.usefixtures("compiler")

ProjectMaker = Callable[[Mapping[str, str]], Path]

OTHER = 12345
RIGHTS = "-dac_override,-dac_read_search"
FILES = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n',
    "tasks.py": "from buildkit.tasks import ns\n",
    "app/__init__.py": "",
    "app/one.py": "def one() -> int:\n    return 1\n",
}

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to be two users, and setpriv"
)


def run(root: Path, *arguments: str, rights: str = RIGHTS, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `invoke` as a user who may not do everything."""
    lower = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] if os.geteuid() == 0 and rights else []
    return run_invoke(root, *arguments, variables=variables, under=lower)


def give(paths: Iterable[Path], user: int) -> None:
    for path in paths:
        os.chown(path, user, user, follow_symlinks=False)


@needs_root
def test_a_folder_of_programs_that_may_not_be_listed_is_passed_over(project: ProjectMaker, tmp_path: Path) -> None:
    """The first build asks it for a compiler; the next ones record what they saw, and hold it against that."""
    root = project(FILES)
    for mode in (0o711, 0o700):
        private = tmp_path / f"private-{mode:o}"
        private.mkdir(mode=mode)
        private.chmod(mode)
        give([private], OTHER)
        path = f"{private}{os.pathsep}{os.environ['PATH']}"
        said = []
        for _ in range(3):
            done = run(root, "compile", PATH=path)
            assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
            said.append(done.stdout.split()[1:3])
        assert said[1:] == [["1", "fresh"], ["1", "fresh"]]
        (root / "app/one.py").write_text(f"def one() -> int:\n    return {mode}\n")
        assert "1 compiled" in run(root, "compile", PATH=path).stdout


@needs_root
def test_what_another_user_built_is_used_and_not_changed(project: ProjectMaker) -> None:
    root = project(FILES)
    assert run(root, "compile").returncode == 0
    theirs = [root / ".buildkit", *(root / ".buildkit").rglob("*"), *(root / "app").glob("*.so")]
    give(theirs, OTHER)

    again = run(root, "compile")
    assert (again.returncode, again.stdout.split()[1:3]) == (0, ["1", "fresh"]), again.stderr

    (root / "app/one.py").write_text("def one() -> int:\n    return 2\n")
    refused = run(root, "compile")
    assert refused.returncode == 10
    assert f"{root}/.buildkit belongs to user {OTHER}: give it to this one, or delete it" in refused.stderr
    assert "Traceback" not in refused.stderr

    give(theirs, os.geteuid())
    done = run(root, "compile")
    assert done.returncode == 0, done.stderr
    code = "from app import one; print(one.one(), one.__file__.endswith('.so'))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert shown.stdout == "2 True\n"


def test_git_takes_nothing_of_what_the_suite_keeps(project: ProjectMaker, postgres: Path) -> None:
    """A development database is a thousand files and a password; whoever adds all adds none of them."""
    sources = {
        **FILES,
        ".gitignore": "*.so\n__pycache__/\ndata/\n",
        "in.txt": "x",
        "migrations/env.py": ENVIRONMENT,
        "migrations/versions/a1.py": 'revision = "a1"\ndown_revision = None\ndef upgrade() -> None: pass\n',
    }
    stage = '[[tool.buildkit.data.stage]]\nname = "copy"\nrun = ["sh", "-c", "cp in.txt $PYBUILDKIT_DATA_OUT/out"]\n'
    sources["pyproject.toml"] += f'{stage}outputs = ["out"]\ninputs = ["in.txt"]\n'
    root = project(sources)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    try:
        for task in ("compile", "migrate", "data"):
            done = run(root, task, rights="", PYBUILDKIT_POSTGRES=str(postgres))
            assert done.returncode == 0, done.stderr
        assert list((root / ".buildkit").rglob("*")), "there is something to leave out"
        subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    finally:
        development.stop(root)
    added = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    assert set(added.stdout.splitlines()) == set(sources)


ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
