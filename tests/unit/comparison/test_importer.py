"""The importer: a process for each module, which sees nothing of the others, and whose end is an answer too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from buildkit.comparison.answers import Import
from buildkit.comparison.imports import DESCRIPTION, IMPORTER, Request, imported

MODULES = {
    "first.py": "import sys\nTRACE = 'second' in sys.modules\nprint('said')\n",
    "second.py": "import sys\nTRACE = 'first' in sys.modules\n",
    "crash.py": "import ctypes\nctypes.string_at(0)\n",
    "hang.py": "while True: pass\n",
    "leave.py": "raise SystemExit(3)\n",
    "end.py": "import os\nos._exit(3)\n",
    "lacks.py": "import nowhere\n",
    "closes.py": "import os\nos.closerange(0, 10)\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def ask(folder: Path, request: Request) -> Mapping[str, Import]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return imported(request, Path(sys.executable), folder=folder, scratch=folder / "scratch", environment=environment)


@pytest.mark.parametrize("together", [False, True])
def test_each_way_to_fail_is_told(folder: Path, together: bool) -> None:
    names = ["first", "crash", "leave", "end", "lacks", "closes", "second"]
    found = ask(folder, Request(names, together=together, jobs=3, seconds=60))
    assert {name: each.failure for name, each in found.items()} == {
        "first": "",
        "second": "",
        "crash": "the import ends the process: SIGSEGV",
        "leave": "SystemExit: 3",
        "end": "the import ends the process: exit code 3",
        "lacks": "ModuleNotFoundError: No module named 'nowhere'",
        "closes": "",
    }
    assert "crash.py" in found["crash"].words
    assert found["lacks"].file.endswith("lacks.py:1")


def test_an_import_without_end_is_ended_by_its_limit(folder: Path) -> None:
    found = ask(folder, Request(["hang", "first"], limits={"hang": 0.5}))
    assert (found["hang"].failure, found["first"].failure) == ("the import does not end", "")


def test_a_module_finds_nothing_of_the_others(folder: Path) -> None:
    found = ask(folder, Request(["first", "second"], describe=DESCRIPTION))
    assert [each.facts["TRACE"] for each in found.values()] == ["False", "False"]
    assert all(each.seconds >= 0 and each.memory > 1 << 20 for each in found.values())


def test_as_a_text_it_answers_by_its_streams(folder: Path) -> None:
    asked = Request(["json", "first"]).as_json()
    done = subprocess.run(
        [sys.executable, "-I", "-c", IMPORTER.read_text("utf-8"), "-", "-"],
        input=asked,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answers = {each["module"]: each["error"] for each in map(json.loads, done.stdout.splitlines())}
    assert answers == {"json": "", "first": "ModuleNotFoundError: No module named 'first'"}


def test_a_source_goes_before_the_extension_beside_it_where_that_is_asked_for(folder: Path) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    package = folder / "app"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "fast.py").write_text("FORM = 'plain'\n")
    (package / f"fast{EXTENSION_SUFFIXES[0]}").write_text("no extension at all\n")
    compiled = ask(folder, Request(["app.fast"]))["app.fast"]
    plain = ask(folder, Request(["app.fast"], plain=["app"], describe=DESCRIPTION))["app.fast"]
    assert "ImportError" in compiled.error
    assert plain.facts["FORM"] == "'plain'"
