"""Commands about what a project does not declare say so: silence would look like success."""

from __future__ import annotations

import pytest
from plugins.projects import InvokeRunner, ProjectMaker

PROJECT = {
    "pyproject.toml": '[project]\nname = "service"\nversion = "1"\n[tool.buildkit]\npackages = ["app"]\n',
    "src/app/__init__.py": "",
}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("data", "data: the project declares no stage: [[tool.buildkit.data.stage]]"),
        ("data.status", "data: the project declares no stage: [[tool.buildkit.data.stage]]"),
        ("data.verify", "data: the project declares no stage: [[tool.buildkit.data.stage]]"),
        ("data.clear", "data: there is none to clear"),
        ("image", "the project declares no image: [tool.buildkit.image.NAME]"),
        ("image.audit", "the project declares no image: [tool.buildkit.image.NAME]"),
        ("image.context", "the project declares no image: [tool.buildkit.image.NAME]"),
        ("image.test", "the project declares no image: [tool.buildkit.image.NAME]"),
    ],
)
def test_what_is_not_declared_is_said(project: ProjectMaker, invoke: InvokeRunner, command: str, words: str) -> None:
    ran = invoke(project(PROJECT), command)
    assert ran.exit_code == 0
    assert ran.stdout.strip() == words
