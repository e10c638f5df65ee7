"""`invoke image.deps` on the forms in which a package can be named that no statement of `import` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from installed import Package, environment
from plugins.projects import InvokeRunner

ProjectMaker = Callable[[Mapping[str, str]], Path]


def command(name: str) -> Package:
    return Package(name, {f"{name}/__init__.py": ""}, (), [("console_scripts", name, f"{name}:main")])


def plain(name: str, module: str = "", points: tuple[tuple[str, str, str], ...] = ()) -> Package:
    return Package(name, {f"{module or name}/__init__.py": ""}, (), points)


LOADER = "registry = load_all('sqlalchemy.dialects')\n"
INSTALLED = (
    plain("pandas"),
    command("gunicorn"),
    command("celery"),
    plain("exporter-csv", "exporter_csv", (("app.exporters", "csv", "exporter_csv:write"),)),
    plain("exporter-xml", "exporter_xml", (("other.exporters", "xml", "exporter_xml:write"),)),
    plain("shiny", "", (("sqlalchemy.dialects", "shiny", "shiny:Dialect"),)),
    Package("sqlalchemy", {"sqlalchemy/__init__.py": "", "sqlalchemy/dialects/__init__.py": LOADER}),
    *map(plain, ("structlog", "orjson", "msgpack", "lxml", "anyio", "fsspec", "boto", "pendulum", "toml")),
    *map(plain, ("rich", "redis", "idle", "vector")),
    plain("attrs", "attr"),
)
NAMES = [each.name for each in INSTALLED]

PROJECT = {
    "pyproject.toml": f"""\
[project]
name = "planted"
version = "1"
dependencies = {NAMES}
[project.entry-points."app.writers"]
screen = "rich.console:Console"
[tool.buildkit]
packages = ["app"]
[tool.buildkit.image.api]
command = ["python", "-m", "app.main"]
""",
    "app/__init__.py": "",
    "app/fast.pyx": 'include "tables.pxi"\ncimport vector\n',
    "app/tables.pxi": "import pandas as pd\n",
    "app/main.py": """\
from importlib import import_module as load
import importlib
import typing
from importlib.metadata import entry_points
import sqlalchemy

NAME = "orjson"
load("structlog")
json = importlib.import_module(NAME)
for each in ("msgpack", "lxml"):
    importlib.import_module(each)
if typing.TYPE_CHECKING and True:
    import attr
if not typing.TYPE_CHECKING:
    import pendulum
else:
    import toml
for point in entry_points(group="app.exporters"):
    point.load()
__import__(name="anyio")
importlib.import_module(name="fsspec")
bring = importlib.import_module
bring("boto")
""",
    "Procfile": "worker: celery -A app worker\n",
    "compose.yaml": "services:\n  web:\n    command: gunicorn app.main:app\n    environment:\n      CACHE: redis://c\n",
}

TABLE = {
    "pandas": ("used", "app/tables.pxi:1"),
    "vector": ("uncertain", "app/fast.pyx:2"),
    "gunicorn": ("uncertain", "compose.yaml:3"),
    "celery": ("uncertain", "Procfile:1"),
    "exporter-csv": ("used", "app/main.py:18"),
    "exporter-xml": ("unused", ""),
    "shiny": ("uncertain", ""),
    "sqlalchemy": ("used", "app/main.py:5"),
    "structlog": ("used", "app/main.py:8"),
    "orjson": ("used", "app/main.py:9"),
    "msgpack": ("used", "app/main.py:11"),
    "lxml": ("used", "app/main.py:11"),
    "attrs": ("type-only", "app/main.py:13"),
    "pendulum": ("used", "app/main.py:15"),
    "toml": ("type-only", "app/main.py:17"),
    "anyio": ("used", "app/main.py:20"),
    "fsspec": ("used", "app/main.py:21"),
    "boto": ("used", "app/main.py:23"),
    "rich": ("uncertain", "pyproject.toml"),
    "redis": ("uncertain", "compose.yaml:5"),
    "idle": ("unused", ""),
}
"""What is true of each, and the place that shows it. What may be needed by what is not of this image is uncertain."""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("env") / "env", *INSTALLED)


def declared(root: Path, env: Path, invoke: InvokeRunner) -> dict[str, Any]:
    ran = invoke(root, "image.deps", "--json", "--no-memory", VIRTUAL_ENV=str(env))
    assert ran.exit_code == 0, ran.stderr
    return {row["name"]: row for row in ran.json["images"]["api"]["declared"]}


def test_every_form_is_judged_right_and_shown_where(project: ProjectMaker, env: Path, invoke: InvokeRunner) -> None:
    rows = declared(project(PROJECT), env, invoke)

    assert {name: row["result"] for name, row in rows.items()} == {name: result for name, (result, _) in TABLE.items()}
    for name, (_, place) in TABLE.items():
        assert not place or place in rows[name]["places"], name


def test_an_environment_in_the_tree_is_no_source_whatever_its_name(project: ProjectMaker, invoke: InvokeRunner) -> None:
    root = project(PROJECT)
    inside = environment(root / "libraries", *INSTALLED, Package("reads", {"reads.py": "import idle\n"}))
    rows = declared(root, inside, invoke)

    assert rows["idle"]["result"] == "unused", "a package that is not declared imports it, and no source"
    assert not any("libraries" in place for row in rows.values() for place in row["places"])
