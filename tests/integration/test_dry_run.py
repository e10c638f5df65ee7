"""A dry run writes nothing at all: not in the project, the home folder, the store or where temporary files go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from plugins.projects import InvokeRunner, ProjectMaker

from buildkit.doors import process

FILES = {
    "pyproject.toml": """
[project]
name = "whole"
version = "1"
dependencies = []

[tool.buildkit]
packages = ["app"]

[tool.buildkit.dev]
command = ["true"]

[tool.buildkit.image.api]
command = ["true"]
health = ""

[[tool.buildkit.data.stage]]
name = "read"
run = "app.stages:read"
inputs = ["in/*.txt"]
outputs = ["read/"]

[tool.alembic]
script_location = "%(here)s/migrations"
""",
    "src/app/__init__.py": "",
    "src/app/fast.py": "def twice(n):\n    return n * 2\n",
    "src/app/stages.py": "def read(source, out):\n    (out / 'read/a').write_text('a')\n",
    "in/a.txt": "a",
    "migrations/env.py": "raise SystemExit('nobody should run this')\n",
    "migrations/script.py.mako": "",
    "migrations/versions/a1.py": "revision = 'a1'\ndown_revision = None\ndef upgrade(): pass\n",
    ".gitignore": "*.so\n",
}

WITH_FLAG = [
    ["compile"],
    ["compile", "--profile", "release"],
    ["compile", "--no-cache"],
    ["compile", "--clean"],
    ["build"],
    ["dev"],
    ["image"],
    ["data"],
    ["data", "--force"],
    ["data.clear"],
    ["cache.prune", "--size", "1"],
    ["cache.clean"],
    ["cache.verify"],
    ["migrate"],
    ["db.url"],
    ["db.shell"],
    ["db.stop"],
    ["db.reset"],
    ["db.reset", "--all"],
    ["db.snapshot", "kept"],
    ["db.restore", "kept"],
]
"""Commands that know `--dry-run`."""

BY_INVOKE = [
    ["cache.stats"],
    ["cache.pack", "packed.tar.gz"],
    ["cache.unpack", "packed.tar.gz"],
    ["data.status"],
    ["data.verify", "--deep"],
    ["data.push", "--to", "127.0.0.1:9/x:y"],
    ["data.pull", "--source", "127.0.0.1:9/x:y"],
    ["image.test"],
    ["image.check"],
    ["migrate.status"],
    ["migrate.check"],
    ["migrate.sql"],
    ["migrate.rehearse"],
    ["db.revision", "--message", "none"],
    ["db.snapshot", "--list"],
]
"""Those that `invoke --dry` may meet as well: they look, or refuse."""


def everything(*places: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for place in places:
        for folder, folders, names in os.walk(place):
            for name in (*folders, *names):
                path = Path(folder, name)
                about = path.lstat()
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
                found[str(path)] = (about.st_mode, about.st_uid, about.st_size, about.st_mtime_ns, content)
    return found


class Sandbox:
    """A project with all places that a command may write to."""

    def __init__(self, root: Path, tmp_path: Path, invoke: InvokeRunner) -> None:
        self.root = root
        self.places = (root, *(tmp_path / name for name in ("home", "store", "tmp")))
        for place in self.places[1:]:
            place.mkdir()
        (root / "tasks.py").write_text("from buildkit.tasks import ns\n")
        self._invoke = invoke
        self._variables = {
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
            "PYBUILDKIT_CACHE_DIR": str(tmp_path / "store"),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPATH": "",
        }

    def run(self, *arguments: str) -> str:
        done = self._invoke(self.root, *arguments, **self._variables)
        assert done.exit_code in {0, 2, 12, 20, 21, 30, 40, 42}, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def nothing_is_written_by(self, command: Sequence[str]) -> None:
        before = everything(*self.places)
        said = self.run(*command)
        after = everything(*self.places)
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        assert changed == [], f"{' '.join(command)}: {said}"


@pytest.fixture
def sandbox(project: ProjectMaker, tmp_path: Path, invoke: InvokeRunner, compiler: str) -> Sandbox:
    assert compiler
    root = project(FILES)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "first"]):
        assert process.run(["git", *command], folder=root).ok
    os.utime(root / "src/app/fast.py")  # git would write down that it is the same file
    return Sandbox(root, tmp_path, invoke)


def test_nothing_is_written_where_nothing_was_ever_made(sandbox: Sandbox) -> None:
    for command in WITH_FLAG:
        sandbox.nothing_is_written_by([*command, "--dry-run"])


def test_nothing_is_written_where_something_is_due(sandbox: Sandbox) -> None:
    sandbox.run("compile")
    sandbox.run("data")
    for file in ("src/app/fast.py", "in/a.txt"):
        (sandbox.root / file).write_text("N = 1\n")
    for command in (*WITH_FLAG, *BY_INVOKE):
        sandbox.nothing_is_written_by(["--dry", *command])


def test_a_build_that_is_due_says_so_and_not_that_it_was_made(sandbox: Sandbox) -> None:
    table = {
        line.split()[0]: line.split()[1] for line in sandbox.run("build", "--dry-run").splitlines() if line.split()
    }

    assert table["compile"] == table["data"] == table["images"] == "would-make"
