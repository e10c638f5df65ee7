"""What a record says of a stage is what ran: the code of the key, to its end, from inputs that stood still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import data_service
import pytest
from data_service import Service

from buildkit.config import load
from buildkit.data.stages.pipeline import Stage
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


# ------------------------------------------------------------------ inputs that stood still

PUTS_BACK = """import os, shutil

def put_back(file, text):
    before = file.read_text()
    file.write_text(text)
    read = file.read_text()
    file.write_text(before)
    return read

def say(item, out):
    from pathlib import Path
    item = item if item.is_file() else Path("in/x.txt")
    read = put_back({}, "other") if Path("moves").exists() else {}.read_text()
    (out / "said" / "x.txt").write_text(read)
"""


def moving(service: Service, file: str, **changes: object) -> None:
    """Let a stage read a file that is edited for that moment, once."""
    (service.root / "src/app/say.py").write_text(PUTS_BACK.format(file, file))
    service.change_stage("say", **changes)
    (service.root / "moves").touch()
    service.refresh()
    (service.root / "moves").unlink()
    assert said(service) == "other"


def test_an_item_or_input_that_was_put_back_meanwhile_is_due_again(service: Service) -> None:
    moving(service, "item", inputs=() if kind_of(service) == "pieces" else ("in/x.txt",))
    assert any("changed while it ran" in line for line in service.said)
    assert service.refresh() == {"say": "made"}
    assert service.told["say"] in {"input changed: in/x.txt", "item changed: in/x.txt"}
    assert said(service) == "1"
    assert service.refresh() == {"say": "fresh"}


def test_so_is_what_all_pieces_have_in_common(service: Service) -> None:
    (service.root / "common").write_text("1")
    moving(service, 'Path("common")', inputs=("common",))
    assert service.refresh() == {"say": "made"}
    assert service.told["say"] == "input changed: common"
    assert said(service) == "1"
    assert service.refresh() == {"say": "fresh"}


def test_inputs_that_are_linked_into_the_outputs_stood_still(service: Service) -> None:
    source = write(service, "'x'")
    argument = source.read_text().partition("(")[2].partition(",")[0]
    source.write_text(f"import os\n\ndef say({argument}, out):\n    os.link('in/x.txt', out / 'said/x.txt')\n")
    service.change_stage("say", inputs=() if kind_of(service) == "pieces" else ("in/x.txt",))
    service.refresh()
    assert service.refresh() == {"say": "fresh"}


def test_a_stage_that_writes_its_own_input_as_it_was_comes_to_an_end(service: Service) -> None:
    inputs = () if kind_of(service) == "pieces" else ("in/x.txt",)
    moving(service, "item", inputs=inputs)
    (service.root / "moves").touch()
    assert [service.refresh()["say"] for _ in range(2)] == ["made", "fresh"]


def test_the_same_item_in_a_folder_is_due_again(service: Service) -> None:
    (service.root / "rooms/a").mkdir(parents=True)
    (service.root / "rooms/a/x.txt").write_text("1")
    (service.root / "rooms/ab").mkdir()
    (service.root / "rooms/ab/x.txt").write_text("2")
    (service.root / "src/app/say.py").write_text(
        "from pathlib import Path\n"
        "def say(item, out):\n"
        "    item = Path(item) if Path(item).parent.name == 'rooms' else Path('rooms/a')\n"
        "    file = item / 'x.txt'\n"
        "    text = file.read_text()\n"
        "    if Path('moves').exists() and item.name == 'a':\n"
        "        file.write_text('other')\n"
        "        read = file.read_text()\n"
        "        file.write_text(text)\n"
        "        text = read\n"
        "    (out / 'said' / item.name).write_text(text)\n"
    )
    whole = kind_of(service) == "whole"
    service.change_stage("say", inputs=("rooms",) if whole else (), each="" if whole else "rooms/*/")
    (service.root / "moves").touch()
    service.refresh()
    (service.root / "moves").unlink()
    assert (service.current / "said/a").read_text() == "other"
    service.refresh()
    assert (service.current / "said/a").read_text() == "1"
    assert whole or dict(service.result.outcomes[0].pieces) == {"made": 1, "kept": 1, "removed": 0, "failed": 0}
