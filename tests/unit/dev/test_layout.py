"""Which files of a project count while `invoke dev` runs."""

from __future__ import annotations

from plugins.projects import SERVED, ProjectMaker

from buildkit.config import load
from buildkit.dev.layout import layout_of
from buildkit.dev.tree import Tree

STAGES = """
[[tool.buildkit.data.stage]]
name = "read"
run = "app.pipeline.read:read"
inputs = ["tle/*.txt", "package:sgp4/*.TLE", "env:REGION"]
outputs = ["read/"]
"""


def test_the_layout_of_a_project_with_everything(project: ProjectMaker) -> None:
    files = {"src/app/__init__.py": "", "migrations/env.py": "", "pyproject.toml": SERVED + STAGES}
    root = project(files)
    layout = layout_of(load(root, {}), [root / "migrations/versions"], root / "migrations")
    assert layout.settings == ("pyproject.toml",)
    assert (layout.source_root, layout.packages, layout.compiles) == ("src", ("src/app",), True)
    assert layout.versions == ("migrations/versions",)
    assert layout.migrations == ("alembic.ini", "migrations/env.py")
    assert (layout.inputs, layout.stages) == (("tle/*.txt",), ("src/app/pipeline/read",))
    assert layout.outputs == (".buildkit", "data")


def test_the_layout_without_named_packages(project: ProjectMaker) -> None:
    flat = {"pyproject.toml": "[tool.buildkit]\nbackend = 'none'\n", "app/__init__.py": "", "main.py": ""}
    flat |= {"tests/__init__.py": "", "tasks.py": "", "noxfile.py": ""}
    root = project(flat)
    layout = layout_of(load(root, {}), ())
    assert (layout.source_root, layout.packages, layout.compiles) == ("", ("app", "main"), False)
    (root / "src").mkdir()
    assert layout_of(load(root, {}), ()).packages == ("src",)


def test_a_service_in_a_folder_of_its_own(project: ProjectMaker) -> None:
    settings = "[tool.buildkit]\nproject = 'service'\nsource-root = 'service/src'\npackages = ['app']\n"
    layout = layout_of(
        load(project({"pyproject.toml": settings, "service/pyproject.toml": "", "service/src/app/a.py": ""}), {}),
        (),
    )
    assert layout.settings == ("pyproject.toml", "service/pyproject.toml")
    assert layout.packages == ("service/src/app",)


NATIVE = """
[tool.buildkit.compile]
include = ["vendor/include", "package:numpy/include", "./shared"]
[tool.buildkit.compile.module."app.fast"]
sources = ["native/counter.cpp", "alone.c", "native/more.cpp"]
include = ["native/headers"]
"""


def test_what_modules_are_compiled_with_is_watched(project: ProjectMaker) -> None:
    folders = {f"{name}/limit.h": "" for name in ("vendor/include", "shared", "native/headers")}
    sources = dict.fromkeys(("native/counter.cpp", "alone.c", "native/more.cpp"), "")
    root = project({"src/app/fast.pyx": "", "pyproject.toml": SERVED + NATIVE, **folders, **sources})
    layout = layout_of(load(root, {}), ())
    assert layout.native == ("vendor/include", "shared", "native/headers", "native", "alone.c")
    tree = Tree(root, layout)
    assert {str(root / name) for name in ("vendor/include", "shared", "native")} <= {*tree.folders()}
    (root / "vendor/include/limit.h").write_text("#define LIMIT 2\n")
    (root / "alone.c").write_text("int alone;\n")
    assert tree.changes().files == ("alone.c", "vendor/include/limit.h")
