"""A .pyx that another source includes is a part of it, and no module."""

from __future__ import annotations

import pytest
from native import SUFFIX
from plugins.built import BuiltProjectMaker
from plugins.projects import APP, InvokeRunner, ProjectMaker, python

pytestmark = pytest.mark.usefixtures("compiler")

_PROJECT = {
    "pyproject.toml": APP,
    "src/app/__init__.py": "",
    "src/app/main.pyx": "cdef class Base:\n    cdef int n\n    def __init__(self, n):\n        self.n = n\n\n"
    'include "parts/all.pxi"\n',
    "src/app/parts/all.pxi": 'include "app/parts/extra.pyx"\n',
    "src/app/parts/extra.pyx": "cdef class Extra(Base):\n    def twice(self):\n        return 2 * self.n\n",
    "src/app/other.pyx": "ONE = 1\n",
}
_ASK = "import app.main; print(app.main.Extra(4).twice())"


@pytest.mark.parametrize("profile", ["dev", "release"])
def test_what_is_included_by_way_of_another_file_is_kept(
    project: ProjectMaker, invoke: InvokeRunner, profile: str
) -> None:
    root = project(_PROJECT)

    ran = invoke(root, "compile", "--json", "--profile", profile)

    assert ran.exit_code == 0, ran.stderr
    assert ran.outcomes() == {"app.main": "compiled", "app.other": "compiled", "app.parts.extra": "kept"}
    assert ran.reason("app.parts.extra") == "included: app/main.pyx"
    assert python(root, _ASK) == "8"
    assert not (root / f"src/app/parts/extra{SUFFIX}").exists()


def test_an_edit_of_it_makes_its_users_alone_and_one_that_is_included_no_more_is_a_module(
    built_project: BuiltProjectMaker, invoke: InvokeRunner
) -> None:
    root = built_project(_PROJECT)
    part = root / "src/app/parts/extra.pyx"
    part.write_text(part.read_text().replace("2 *", "3 *"))

    edited = invoke(root, "compile", "--json")
    answer = python(root, _ASK)
    (root / "src/app/parts/all.pxi").write_text("")
    part.write_text("TWO = 2\n")
    alone = invoke(root, "compile", "--json")

    assert edited.outcomes() == {"app.main": "compiled", "app.other": "fresh", "app.parts.extra": "kept"}
    assert (edited.reason("app.main"), answer) == ("source changed: app/parts/extra.pyx", "12")
    assert alone.outcomes() == {"app.main": "compiled", "app.other": "fresh", "app.parts.extra": "compiled"}
    assert python(root, "import app.parts.extra; print(app.parts.extra.TWO)") == "2"
