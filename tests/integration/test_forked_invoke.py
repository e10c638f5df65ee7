"""An `invoke` that is forked has the modules loaded that a started one has, though most of them lay ready."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.projects import APP, InvokeRunner, ProjectMaker

TASKS = """
import atexit, sys
from buildkit.tasks import ns
atexit.register(lambda: open({file!r}, "w").write(" ".join(sorted(sys.modules))))
"""


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("words", [("compile",), ("migrate",)])
def test_what_a_run_loads_is_the_same(
    project: ProjectMaker, invoke: InvokeRunner, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = tmp_path / "loaded"
    tasks = TASKS.format(file=str(file))
    root = project({"pyproject.toml": APP, "src/app/__init__.py": "", "src/app/one.py": "", "tasks.py": tasks})

    def loaded(**variables: str) -> list[set[str]]:
        found = []
        for _ in ("changed", "unchanged"):
            assert invoke(root, *words, **variables).exit_code == 0
            found.append(set(file.read_text().split()))
        return found

    forked = loaded()
    (root / "src/app/one.py").write_text("NUMBER = 2\n")
    for found, started in zip(forked, loaded(PYTHONHASHSEED="1"), strict=True):
        assert (found - started, started - found) == (set(), set())
        assert "psycopg" not in found
