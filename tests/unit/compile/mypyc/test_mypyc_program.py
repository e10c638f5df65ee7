"""What mypyc's C is made of, and which settings of mypy count."""

from __future__ import annotations

from pathlib import Path

from plugins.projects import ProjectMaker

from buildkit.compile.mypyc.c_files import included
from buildkit.compile.mypyc.imports import imported
from buildkit.compile.mypyc.settings import settings_file, settings_text
from buildkit.compile.places import Places

FILES = {
    "app/main.c": '#include <Python.h>\n#include "main.h"\n#include <other/other.h>\n#include <init.c>\n',
    "app/main.h": '#include "inner.h"\n',
    "app/inner.h": '#include "main.h"\n',
    "inner.h": "not this one",
    "other/other.h": "  #  include <inner.h>\n",
    "init.c": "",
    "unused.h": "",
}


def test_a_unit_has_what_its_files_include_and_no_more() -> None:
    found = included(["app/main.c"], FILES.get)

    assert list(found) == ["app/inner.h", "app/main.h", "init.c", "inner.h", "other/other.h"]


def test_a_header_beside_wins_over_one_of_the_same_name() -> None:
    assert "inner.h" not in included(["app/main.h"], FILES.get)


def test_every_form_of_import_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text(
        "import one, two.inner as second, \\\n    three\n"
        "from four.inner import name, other\n"
        "from . import near\nfrom .near import word\n"
        "if True: import five; from six import (\n    a,\n)\n"
        "try:\n    import seven\nexcept ImportError: pass\n"
    )

    assert imported([str(source), str(tmp_path / "gone.py")]) == sorted(
        ["one", "two", "three", "four", "five", "six", "seven"]
    )


def test_settings_are_found_in_the_project_the_nearest_first(project: ProjectMaker) -> None:
    root = project(
        {"pyproject.toml": "[tool.mypy]\nstrict = true\n", "src/app/__init__.py": "", "setup.cfg": "[other]\n"}
    )
    places = Places(str(root / "src"), (), (), str(root))
    (root.parent / "mypy.ini").write_text("[mypy]\n")

    assert settings_file(places) == str(root / "pyproject.toml")
    (root / "pyproject.toml").write_text('[project]\nname = "app"\n')
    assert settings_file(places) == ""
    (root / "setup.cfg").write_text("[mypy]\nstrict = true\n")
    assert settings_file(places) == str(root / "setup.cfg")
    (root / "src/mypy.ini").write_text("[mypy]\n")
    assert settings_file(places) == str(root / "src/mypy.ini")


def test_of_a_pyproject_only_the_tables_of_mypy_count(project: ProjectMaker) -> None:
    tables = '[tool.mypy]\nstrict = true\n\n[[tool.mypy.overrides]]\nmodule = "app.*"\n'
    root = project({"pyproject.toml": f'[project]\nname = "app"\n{tables}[tool.ruff]\nline-length = 120\n'})

    assert settings_text(str(root / "pyproject.toml")) == tables
    assert settings_text("") == ""
