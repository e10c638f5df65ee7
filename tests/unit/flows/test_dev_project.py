"""What the loop asks of the project."""

from __future__ import annotations

import io
import json

from plugins.projects import ProjectMaker

from buildkit.config import load
from buildkit.flows import build_aside
from buildkit.flows.dev_project import Project
from buildkit.report.console import Console


def test_what_another_loop_compiled_counts_as_compiled_too() -> None:
    rows = [
        {"module": name, "outcome": outcome} for name, outcome in (("a", "fresh"), ("b", "compiled"), ("c", "failed"))
    ]
    built = build_aside._told(json.dumps({"modules": rows}), 0)
    assert (built.made, built.there) == (("b",), ("b", "a"))


def test_where_the_source_of_a_module_is(project: ProjectMaker) -> None:
    root = project(
        {
            "src/app/__init__.py": "",
            "src/app/fast.pyx": "",
            "src/app/deep/__init__.pyx": "",
            "src/app/main.py": "",
            "pyproject.toml": """
[tool.buildkit]
packages = ["app"]
""",
        }
    )
    it = Project(load(root, {}), Console({}, talk=io.StringIO()), {})
    assert it.sources(["app.fast", "app.main", "app.deep", "app.gone"]) == {
        "src/app/fast.pyx",
        "src/app/main.py",
        "src/app/deep/__init__.pyx",
        "src/app/gone.py",
    }
