"""`invoke data`, `data.status`, `data.verify`, `data.clear`: what they do, say and report."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from data_service import FILES, Service

from buildkit.config import Config, load
from buildkit.errors import ConfigurationError, DataError
from buildkit.flows.data import clear_data, data_status, lines, pipeline_of, refresh_data, verify_data
from buildkit.flows.image_inputs import staged_of
from buildkit.flows.image_packages import Packages
from buildkit.model import Report
from buildkit.report.console import Console, as_json
from buildkit.runtime import settings as runtime_settings
from buildkit.runtime.settings import RuntimeSettings

PYPROJECT = """
[project]
name = "service"
version = "1"
[tool.buildkit]
[[tool.buildkit.data.stage]]
name = "read"
run = "app.pipeline:read"
inputs = ["in/*.txt"]
outputs = ["read/"]
[[tool.buildkit.data.stage]]
name = "select"
run = "app.pipeline:select"
inputs = ["stage:read"]
outputs = ["select/"]
"""


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.config: Config = load(root, {})
        self.environment = {**os.environ, "NOTES": str(root / "notes")}
        self.talk = io.StringIO()
        self.console = Console(self.environment, talk=self.talk)

    def results(self, report: Report) -> dict[str, str]:
        return {row.subject: row.result for row in report.outcomes}


@pytest.fixture
def service(project: Callable[[Mapping[str, str]], Path]) -> Project:
    return Project(project({**FILES, "pyproject.toml": PYPROJECT}))


def test_a_refresh_reports_stages_generation_and_size(service: Project) -> None:
    report = refresh_data(service.config, service.console, service.environment)
    assert service.results(report) == {"read": "made", "select": "made"}
    assert (report.schema, report.row) == ("buildkit.data/1", "stage")
    assert {**report.facts, "generation": "", "age": "", "due-in": ""} == {
        "state": "fresh",
        "generation": "",
        "bytes": 20,
        "files": 3,
        "age": "",
        "due-in": "",
    }
    days, _, unit = str(report.facts["due-in"]).partition(" ")
    assert (6.6 < float(days) <= 7, unit) == (True, "d")
    assert lines(report)[0].startswith("data: 2 made; generation 000001-")
    assert "read: read is at work" in service.talk.getvalue()


def test_a_dry_run_says_what_is_due_and_does_nothing(service: Project) -> None:
    report = refresh_data(service.config, service.console, service.environment, dry_run=True)
    assert service.results(report) == {"read": "would-make", "select": "would-make"}
    assert not (service.root / "data").exists()
    assert lines(report) == ["data: 2 would-make"]


def test_status_tells_what_follows_from_a_change(service: Project) -> None:
    refresh_data(service.config, service.console, service.environment)
    (service.root / "in/a.txt").write_text("other\n")
    report = data_status(service.config, service.console, service.environment)
    assert [(row.result, str(row.reason)) for row in report.outcomes] == [
        ("due", "input changed: in/a.txt"),
        ("due", "depends on stage: read"),
    ]
    assert report.facts["state"] == "inputs changed"


def test_verify_raises_what_is_damaged(service: Project) -> None:
    with pytest.raises(DataError, match="there is none"):
        verify_data(service.config, service.console, service.environment)
    refresh_data(service.config, service.console, service.environment)
    assert verify_data(service.config, service.console, service.environment, deep=True).facts["state"] == "whole"
    (service.root / "data/current/select/1.txt").unlink()
    with pytest.raises(DataError, match="1 file is missing or damaged") as failure:
        verify_data(service.config, service.console, service.environment)
    assert failure.value.details == ("select/1.txt (missing)",)


def test_clear_leaves_no_data_and_the_next_refresh_makes_it(service: Project) -> None:
    refresh_data(service.config, service.console, service.environment)
    report = clear_data(service.config, service.console, service.environment)
    assert [row.result for row in report.outcomes] == ["removed"]
    assert not list((service.root / "data").glob("generations/*"))
    assert service.results(refresh_data(service.config, service.console, service.environment))["read"] == "made"


def test_clear_waits_for_nobody(service: Project) -> None:
    refresh_data(service.config, service.console, service.environment)
    worker = Service(service.root)
    (service.root / "in/a.txt").write_text("other\n")
    worker.hold("read")
    child = worker.start("--renew")
    try:
        while not (service.root / "log").exists() or "read is at work" not in worker.log():
            assert child.poll() is None
        with pytest.raises(DataError, match=f"process {child.pid} on .* is making it now"):
            clear_data(service.config, service.console, service.environment)
    finally:
        worker.close()


def test_a_project_without_stages_has_nothing_to_do(service: Project) -> None:
    (service.root / "pyproject.toml").write_text('[project]\nname = "service"\n[tool.buildkit]\n')
    config = load(service.root, {})
    for report in (
        refresh_data(config, service.console, service.environment),
        data_status(config, service.console, service.environment),
        verify_data(config, service.console, service.environment),
        clear_data(config, service.console, service.environment),
    ):
        assert report.outcomes == ()
        assert lines(report) in (
            ["data: the project declares no stage: [[tool.buildkit.data.stage]]"],
            ["data: there is none to clear"],
        )


def test_dates_reach_a_stage_as_texts(project: Callable[[Mapping[str, str]], Path]) -> None:
    """A callable and, by the settings of an image, one in a container."""
    dated = PYPROJECT.replace('outputs = ["read/"]', 'outputs = ["read/"]\nparams = { suffix = 2026-11-27T10:00:00Z }')
    service = Project(project({**FILES, "pyproject.toml": dated}))
    refresh_data(service.config, service.console, service.environment)
    assert (service.root / "data/current/read/all.txt").read_text().endswith("2026-11-27T10:00:00+00:00")
    image = RuntimeSettings(service.root, pipeline_of(service.config))
    (service.root / "buildkit.json").write_text(image.as_text())
    assert runtime_settings.read(service.root / "buildkit.json").data == pipeline_of(service.config)
    assert set(service.results(data_status(service.config, service.console, service.environment)).values()) == {"fresh"}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("{ a.b = [1.0, inf] }", 'write a.b as a text: "inf"'),
        ("{ a = " + "[" * 9999 + "]" * 9999 + " }", "not valid TOML"),
        ("{ a = " + "9" * 9999 + " }", "not valid TOML"),
        ("{ a = 0x" + "f" * 9999 + " }", "write a as a text"),
    ],
)
def test_a_parameter_that_cannot_be_handed_over_is_named(
    project: Callable[[Mapping[str, str]], Path], params: str, words: str
) -> None:
    text = PYPROJECT.replace('outputs = ["read/"]', f'outputs = ["read/"]\nparams = {params}')
    with pytest.raises(ConfigurationError) as refused:
        load(project({**FILES, "pyproject.toml": text}), {})
    assert words in "\n".join([refused.value.message, *refused.value.details])


PIECES = """
[project]
name = "service"
version = "1"
[tool.buildkit]
[tool.buildkit.data]
jobs = 2
[[tool.buildkit.data.stage]]
name = "cut"
run = ["sh", "-ec", "echo talk; cat $PYBUILDKIT_DATA_ITEM > $PYBUILDKIT_DATA_OUT/cut/$(basename $PYBUILDKIT_DATA_ITEM)"]
each = "in/*.txt"
outputs = ["cut/"]
"""


def test_pieces_are_counted_before_and_after(project: Callable[[Mapping[str, str]], Path]) -> None:
    service = Project(project({"in/a.txt": "a", "in/b.txt": "b", "src/x.py": "", "pyproject.toml": PIECES}))

    def rows(report: Report) -> object:
        row = as_json(report)["stages"][0]  # type: ignore[index]
        return row["outcome"], row["reason"], row["pieces"], row.get("detail", "")

    dry = refresh_data(service.config, service.console, service.environment, dry_run=True)
    assert rows(dry) == (
        "would-make",
        "not built before",
        {"due": 2, "kept": 0, "removed": 0},
        "in/a.txt: not built before\nin/b.txt: not built before",
    )
    assert not (service.root / "data").exists()
    made = refresh_data(service.config, service.console, service.environment)
    assert rows(made)[2] == {"made": 2, "kept": 0, "removed": 0, "failed": 0}  # type: ignore[index]
    (service.root / "in/a.txt").write_text("other")
    (service.root / "in/b.txt").rename(service.root / "in/c.txt")
    due = ("item changed: in/a.txt and 1 more", {"due": 2, "kept": 0, "removed": 1})
    why = "item changed: in/a.txt\nitem appeared: in/c.txt\nitem gone: in/b.txt"
    assert rows(data_status(service.config, service.console, service.environment)) == ("due", *due, why)
    forced = refresh_data(service.config, service.console, service.environment, dry_run=True, force=True)
    assert rows(forced) == ("would-make", *due, why)
    refresh_data(service.config, service.console, service.environment)
    fresh = refresh_data(service.config, service.console, service.environment)
    assert rows(fresh) == ("fresh", "unchanged", {"made": 0, "kept": 2, "removed": 0, "failed": 0}, "")
    said = service.talk.getvalue().splitlines()
    assert "data: stage cut: 2 of 2 pieces to make (item changed: in/a.txt and 1 more)" in said
    assert any(line.startswith("made") and line.endswith("and 1 more, 2 made, 1 removed)") for line in said)
    assert "cut: in/c.txt: talk" in said


def test_inputs_in_the_data_folder_are_read_on_the_host_and_named_for_an_image(
    project: Callable[[Mapping[str, str]], Path],
) -> None:
    text = PYPROJECT.replace('["in/*.txt"]', '["in/*.txt", "data/raw/*.csv"]')
    text += '[tool.buildkit.image.api]\ncommand = ["true"]\n'
    service = Project(project({**FILES, "data/raw/a.csv": "1", "pyproject.toml": text}))
    refresh_data(service.config, service.console, service.environment)
    clear_data(service.config, service.console, service.environment)
    assert (service.root / "data/raw/a.csv").read_text() == "1"
    with pytest.raises(ConfigurationError, match=r'input "data/raw/\*\.csv" lies in the data\'s folder'):
        staged_of(service.config, "api", Packages())
