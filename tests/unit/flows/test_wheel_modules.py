from __future__ import annotations

import zipfile
from pathlib import Path

from plugins.projects import ProjectMaker

from buildkit.config import load
from buildkit.flows.wheel import modules_of


def test_what_alembic_runs_by_its_path_is_imported_by_nobody(project: ProjectMaker, tmp_path: Path) -> None:
    root = project({"src/svc/__init__.py": "", "pyproject.toml": "[tool.buildkit]\n"})
    wheel = tmp_path / "svc-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("svc/__init__.py", "svc/main.py", "svc/alembic/versions/one.py", "svc/env.py"):
            archive.writestr(name, "import os\n")
        archive.writestr("svc/alembic/env.py", "from alembic import context\ncontext.config\n")
    assert modules_of(wheel, load(root, {})) == {"svc": False, "svc.env": False, "svc.main": False}
