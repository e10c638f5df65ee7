"""`invoke image.deps` on a project whose every package is used, or not, in a way of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from installed import Package, environment, install
from plugins.projects import InvokeRunner

ProjectMaker = Callable[[Mapping[str, str]], Path]

INSTALLED = (
    Package("numpy", {"numpy/__init__.py": "def sum(values): return 0\n"}),
    Package("PyYAML", {"yaml/__init__.py": ""}),
    Package("PyMySQL", {"pymysql/__init__.py": ""}),
    Package("aiomysql", {"aiomysql/__init__.py": "import pymysql\n"}, ["PyMySQL"]),
    Package("uvicorn", {"uvicorn/__init__.py": ""}, (), [("console_scripts", "uvicorn", "uvicorn:main")]),
    Package("ujson", {"ujson.py": ""}),
    Package("httpcore", {"httpcore/__init__.py": "", "httpcore/data.bin": "x" * 2_000}),
    Package(
        "httpx", {"httpx/__init__.py": "held = bytearray(40_000_000)\n", "httpx/data.bin": "x" * 1_000}, ["httpcore"]
    ),
    Package("protobuf", {"google/protobuf/__init__.py": "", "google/protobuf/data.bin": "x" * 5_000}),
    Package("google-auth", {"google/auth/__init__.py": "import cryptography\n"}, ["cryptography"]),
    Package("cryptography", {"cryptography/__init__.py": ""}),
    Package("sqlalchemy", {"sqlalchemy/__init__.py": "", "sqlalchemy/ext/asyncio.py": ""}),
    Package("pytest", {"pytest/__init__.py": ""}, (), [("console_scripts", "pytest", "pytest:main")]),
    Package(
        "starlette",
        {
            "starlette/__init__.py": "",
            "starlette/forms.py": "try:\n    import multipart\nexcept ImportError:\n    multipart = None\n",
        },
    ),
    Package("python-multipart", {"multipart/__init__.py": ""}),
    Package("colorama", {"colorama/__init__.py": ""}),
)
"""What these packages are like for real, in few bytes: names of modules, what they share, require and start."""

PROJECT = {
    "pyproject.toml": """\
[project]
name = "planted"
version = "1"
dependencies = [
  "numpy",
  "PyYAML>=6",
  "aiomysql",
  "uvicorn",
  "ujson",
  "httpx",
  "protobuf",
  "google-auth",
  "cryptography",
  "sqlalchemy",
  "pytest",
  "starlette",
  "python-multipart",
  "colorama; sys_platform == 'win32'",
]
[tool.buildkit]
packages = ["app"]
[tool.buildkit.image.api]
command = ["uvicorn", "app.main:app"]
""",
    "src/app/__init__.py": "",
    "src/app/fast.pyx": "import numpy as np\nimport yaml\n\ndef total(values): return np.sum(yaml.safe_load(values))\n",
    "src/app/main.py": """\
import importlib
from typing import TYPE_CHECKING

from google.auth import default
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.forms import parse

if TYPE_CHECKING:
    import httpx

ujson = importlib.import_module("ujson")
engine = create_async_engine("mysql+aiomysql://root@db/app")

def client(it: "httpx.Client") -> None: ...
""",
    "tests/test_main.py": "import pytest\n",
}

TABLE = {
    "numpy": ("used", "src/app/fast.pyx:1"),
    "pyyaml": ("used", "src/app/fast.pyx:2"),
    "aiomysql": ("used", "src/app/main.py:12"),
    "uvicorn": ("used", "image.api.command"),
    "ujson": ("used", "src/app/main.py:11"),
    "httpx": ("type-only", "src/app/main.py:9"),
    "protobuf": ("unused", ""),
    "google-auth": ("used", "src/app/main.py:4"),
    "cryptography": ("unused", ""),
    "sqlalchemy": ("used", "src/app/main.py:5"),
    "pytest": ("test-only", "tests/test_main.py:1"),
    "starlette": ("used", "src/app/main.py:6"),
    "python-multipart": ("uncertain", "starlette/forms.py:2"),
}
"""What is true of each, and the place that shows it."""


@pytest.fixture(scope="module")
def installed_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("env") / "env", *INSTALLED)


@pytest.fixture
def planted(project: ProjectMaker) -> Path:
    return project(PROJECT)


def about(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = found["images"]["api"]["declared"]
    return next(row for row in rows if row["name"] == name)


def test_every_package_is_judged_right_and_shown_where(
    planted: Path, installed_packages: Path, invoke: InvokeRunner
) -> None:
    ran = invoke(planted, "image.deps", "--json", VIRTUAL_ENV=str(installed_packages))

    assert ran.exit_code == 0, ran.stderr
    found = json.loads(ran.stdout)
    rows = {row["name"]: row for row in found["images"]["api"]["declared"]}
    assert {name: row["result"] for name, row in rows.items()} == {name: result for name, (result, _) in TABLE.items()}
    for name, (_, place) in TABLE.items():
        assert not place or place in rows[name]["places"], name
    reasons = {row["package"]: row["reason"] for row in found["packages"]}
    assert reasons["api: protobuf"].startswith("pyproject.toml:11: ")
    assert reasons["api: pyyaml"].startswith("pyproject.toml:6: ")


def test_a_package_is_priced_with_what_goes_with_it(
    planted: Path, installed_packages: Path, invoke: InvokeRunner
) -> None:
    found = invoke(planted, "image.deps", "--json", VIRTUAL_ENV=str(installed_packages)).json

    httpx = about(found, "httpx")
    assert httpx["goes-with-it"] == ["httpcore"]
    assert 3_000 < httpx["frees"] < 10_000
    assert httpx["memory"] == pytest.approx(40_000_000, rel=0.02)
    cryptography = about(found, "cryptography")
    assert (cryptography["frees"], cryptography["required-by"]) == (0, ["google-auth"])
    assert found["images"]["api"]["frees"] > 8_000, "what may go together, httpx and protobuf and pytest"


def test_a_table_says_what_may_go_and_why(planted: Path, installed_packages: Path, invoke: InvokeRunner) -> None:
    ran = invoke(planted, "image.deps", "--no-memory", VIRTUAL_ENV=str(installed_packages))

    assert ran.exit_code == 0, ran.stderr
    assert "api: 13 packages declared, 8 used" in ran.stdout
    assert (
        "pyproject.toml:13: nothing imports, starts or names it; it stays all the same, for google-auth" in ran.stdout
    )
    assert "numpy" not in ran.stdout


def test_what_is_imported_and_nobody_declares_is_told(
    planted: Path, installed_packages: Path, invoke: InvokeRunner
) -> None:
    (planted / "src/app/more.py").write_text(
        "import pymysql\nimport nowhere\ntry:\n    import perhaps\nexcept ImportError:\n    pass\n"
    )
    ran = invoke(planted, "image.deps", "--no-memory", VIRTUAL_ENV=str(installed_packages))

    assert ran.exit_code == 20
    assert "1 package is imported that the image would lack" in ran.stderr
    assert "nowhere is imported (src/app/more.py:2), and no installed package has such a module" in ran.stderr
    assert "hint: declare it in pyproject.toml" in ran.stderr
    assert "it is imported (src/app/more.py:1) and comes with aiomysql as long as that requires it" in ran.stdout
    assert "perhaps" not in ran.stdout + ran.stderr


def test_a_package_of_a_group_that_the_image_does_not_get_is_missing(
    planted: Path, installed_packages: Path, invoke: InvokeRunner
) -> None:
    file = planted / "pyproject.toml"
    file.write_text(file.read_text().replace('  "ujson",\n', ""))
    ran = invoke(planted, "image.deps", "--no-memory", VIRTUAL_ENV=str(installed_packages))

    assert ran.exit_code == 20
    assert (
        "ujson: not declared: it is imported (src/app/main.py:11), and nothing that is declared brings it" in ran.stderr
    )


def test_what_is_declared_and_not_installed_is_not_called_unused(
    planted: Path, tmp_path: Path, invoke: InvokeRunner
) -> None:
    without = environment(tmp_path / "env", *(each for each in INSTALLED if each.name != "PyYAML"))
    ran = invoke(planted, "image.deps", "--no-memory", VIRTUAL_ENV=str(without))

    assert ran.exit_code == 0, ran.stderr
    assert "it is not installed here, so its modules are not known" in ran.stdout
    assert "yaml is imported (src/app/fast.pyx:2); it may be of what is declared and not installed here" in ran.stdout
    install(next(without.glob("lib/python*/site-packages")), next(each for each in INSTALLED if each.name == "PyYAML"))
    again = invoke(planted, "image.deps", "--no-memory", VIRTUAL_ENV=str(without))
    assert "not installed here" not in again.stdout


def test_a_list_of_all_that_is_installed_names_what_is_there_for_others(
    planted: Path, installed_packages: Path, invoke: InvokeRunner
) -> None:
    file = planted / "pyproject.toml"
    text = file.read_text()
    file.write_text(text[: text.index("dependencies")] + text[text.index("[tool.buildkit]") :])
    (planted / "requirements.txt").write_text("".join(f"{each.name}==1\n" for each in INSTALLED))
    ran = invoke(planted, "image.deps", "--json", "--no-memory", VIRTUAL_ENV=str(installed_packages))

    found = {row["name"]: row["result"] for row in ran.json["images"]["api"]["declared"]}
    assert found["pymysql"] == found["cryptography"] == "used"
    assert found["httpcore"] == "unused", "it is there for httpx alone, which goes too"
    assert (found["protobuf"], found["colorama"], found["pytest"]) == ("unused", "unused", "test-only")


def test_an_interpreter_that_does_not_answer_ends_it(planted: Path, tmp_path: Path, invoke: InvokeRunner) -> None:
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/pyvenv.cfg").write_text("")
    (tmp_path / "env/bin/python").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "env/bin/python").chmod(0o755)
    ran = invoke(planted, "image.deps", VIRTUAL_ENV=str(tmp_path / "env"))

    assert ran.exit_code == 2
    assert "it does not say what is installed: it ended with 3" in ran.stderr
    assert "hint: the packages of the service are to be installed where this Python finds them" in ran.stderr


def test_it_has_no_dry_run(planted: Path, invoke: InvokeRunner) -> None:
    assert "image.deps has no dry run" in invoke(planted, "--dry", "image.deps").stderr
