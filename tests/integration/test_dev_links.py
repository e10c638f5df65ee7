"""`invoke dev` in a project whose packages and modules are links to what lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from dev_service import Starter, starting
from plugins.projects import ProjectMaker

FILES = {
    "src/app/answer.py": "from app.sub.x import X\nfrom app.y import Y\nANSWER = X + Y\n",
    "real/sub/__init__.py": "",
    "real/sub/x.py": "X = 'one '\n",
    "real/y.py": "Y = 'one'\n",
}


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    def linked(files: Mapping[str, str]) -> Path:
        root = project(files)
        (root / "src/app/sub").symlink_to("../../real/sub")
        (root / "src/app/y.py").symlink_to("../../real/y.py")
        return root

    with starting(linked) as start:
        yield start


def test_a_save_behind_a_link_answers_anew(dev: Starter) -> None:
    it = dev(FILES)
    it.until_ready()
    assert it.answer() == "one one"
    (it.root / "src/app/sub/x.py").write_text("X = 'two '\n")
    it.until_answer("two one")
    it.save("real/sub/x.py", "X = 'three '\n")
    it.until_answer("three one")
    (it.root / "src/app/y.py").write_text("Y = 'two'\n")
    it.until_answer("three two")
    it.save("real/y.py", "Y = 'three'\n")
    it.until_answer("three three")
    it.save("elsewhere/y.py", "Y = 'four'\n")
    (it.root / "src/app/y.new").symlink_to("../../elsewhere/y.py")
    (it.root / "src/app/y.new").rename(it.root / "src/app/y.py")
    it.until_answer("three four")
    it.settled()
    it.save("elsewhere/y.py", "Y = 'five'\n")
    it.until_answer("three five")
    it.until_cycles(6)
    assert "changed src/app/sub/x.py: restarted" in it.cycles()[0]
