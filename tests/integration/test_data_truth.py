"""What a record says of a stage is what ran: the code of the key, to its end, from inputs that stood still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import data_service
import pytest
from data_service import Service

from buildkit.config import load
from buildkit.data.pipeline import Stage
from buildkit.errors import StageError
from buildkit.flows.compile import compile_modules
from buildkit.flows.data import refresh_data
from buildkit.report.console import Console

WHOLE = "def say(source, out):\n    (out / 'said' / 'x').write_text({})\n"
PIECE = "def say(item, out):\n    (out / 'said' / item.name).write_text({})\n"
STAGES = {
    "whole": Stage("say", "app.say:say", outputs=("said/",)),
    "pieces": Stage("say", "app.say:say", outputs=("said/",), each="in/*.txt"),
}
SOURCE = {"whole": WHOLE, "pieces": PIECE}


@pytest.fixture(params=["whole", "pieces"])
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    made = data_service.make(tmp_path / "service", {"in/x.txt": "1", "src/app/__init__.py": ""})
    made.declare(stages=(STAGES[request.param],))
    yield made
    made.close()


def kind_of(service: Service) -> str:
    return "pieces" if service.pipeline.stages[0].each else "whole"


def write(service: Service, value: str) -> Path:
    """Let the stage say `value`."""
    source = service.root / "src/app/say.py"
    source.write_text(SOURCE[kind_of(service)].format(value))
    return source


def said(service: Service) -> str:
    return next((service.current / "said").iterdir()).read_text()


# ------------------------------------------------------------------ the code of the key


def test_bytecode_of_another_text_under_the_same_stamps_does_not_run(service: Service) -> None:
    for text in ("'one'", "'two'"):
        os.utime(write(service, text), (1_700_000_000, 1_700_000_000))
        service.refresh()
        assert said(service) == text.strip("'")
    assert not [*(service.root / "src").rglob("*.pyc")]


PYPROJECT = """
[tool.buildkit]
packages = ["app"]
[[tool.buildkit.data.stage]]
name = "say"
run = {run}
inputs = ["src/app/say.py"]
outputs = ["said/"]
"""
CALL = '"app.say:say"'
COMMAND = """["sh", "-c", 'PYTHONPATH=src python3 -c "\
import os, pathlib, app.say; app.say.say(None, pathlib.Path(os.environ[\\"PYBUILDKIT_DATA_OUT\\"]))"']"""


class Compiled:
    """A project whose stage is compiled and has run once."""

    def __init__(self, root: Path, run: str) -> None:
        self.root, self.source = root, root / "src/app/say.py"
        self.source.parent.mkdir(parents=True)
        (self.source.parent / "__init__.py").touch()
        (root / "pyproject.toml").write_text(PYPROJECT.format(run=run))
        self.console = Console(os.environ)
        self.write("one")
        self.compile()
        assert self.refresh() == "one"
        assert self.extensions()

    def write(self, text: str) -> None:
        self.source.write_text(WHOLE.format(repr(text)))

    def compile(self) -> dict[str, str]:
        report = compile_modules(load(self.root, {}), self.console, os.environ)
        return {row.subject: str(row.reason) for row in report.outcomes}

    def refresh(self) -> str:
        refresh_data(load(self.root, {}), self.console, os.environ)
        return (self.root / "data/current/said/x").read_text()

    def extensions(self) -> list[Path]:
        return [*(self.root / "src").rglob("*.so")]


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("run", [CALL, COMMAND])
def test_an_extension_does_not_stand_in_for_an_edited_source(tmp_path: Path, run: str) -> None:
    compiled = Compiled(tmp_path / "service", run)
    compiled.write("two")
    assert compiled.refresh() == "two"
    assert compiled.compile()["app.say"] == "source changed: app/say.py"
    assert compiled.refresh() == "two"
    assert compiled.extensions()


@pytest.mark.usefixtures("compiler")
def test_nor_where_its_record_is_lost(tmp_path: Path) -> None:
    compiled = Compiled(tmp_path / "service", CALL)
    for file in (tmp_path / "service/.buildkit").glob("state*"):
        file.unlink()
    compiled.write("two")
    assert compiled.refresh() == "two"


@pytest.mark.usefixtures("compiler")
def test_an_extension_that_is_as_its_source_stays(tmp_path: Path) -> None:
    compiled = Compiled(tmp_path / "service", CALL)
    before = [file.stat().st_ino for file in compiled.extensions()]
    (tmp_path / "service/src/app/other.py").write_text("")
    compiled.source.touch()
    refresh_data(load(tmp_path / "service", {}), compiled.console, os.environ, force=True)
    assert [file.stat().st_ino for file in compiled.extensions()] == before


# ------------------------------------------------------------------ to its end


@pytest.mark.parametrize("end", ["os._exit(0)", "os.execvp('true', ['true'])"])
def test_a_process_that_ends_before_the_function_returns_did_not_make_it(service: Service, end: str) -> None:
    write(service, "'before'")
    service.refresh()
    source = write(service, "'after'")
    source.write_text(f"import os\n{source.read_text()}    {end}\n")
    with pytest.raises(StageError) as caught:
        service.refresh()
    assert "before the function returned" in str(caught.value.message) + str(caught.value.details)
    assert said(service) == "before"


@pytest.mark.parametrize("end", ["sys.exit()", "sys.exit(0)"])
def test_to_exit_well_is_to_return(service: Service, end: str) -> None:
    source = write(service, "'made'")
    source.write_text(f"import sys\n{source.read_text()}    {end}\n")
    service.refresh()
    assert said(service) == "made"


def test_to_exit_badly_is_not(service: Service) -> None:
    source = write(service, "'made'")
    source.write_text(f"import sys\n{source.read_text()}    sys.exit('no')\n")
    with pytest.raises(StageError) as caught:
        service.refresh()
    assert "exit code 1" in str(caught.value.message) + str(caught.value.details)
