"""The schema for editors: it takes what the reader takes, and refuses what the reader refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import tomllib

from buildkit.config import load
from buildkit.config.schema import FILE
from buildkit.config.settings import Config
from buildkit.errors import ConfigurationError

jsonschema = pytest.importorskip("jsonschema")

ProjectMaker = Callable[[Mapping[str, str]], Path]

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads(FILE.read_text("utf-8"))
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
EXAMPLES = [block for page in PAGES for block in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]


def problems(text: str) -> list[str]:
    """Return what the schema has against the settings in a pyproject.toml."""
    table = tomllib.loads(text).get("tool", {}).get("buildkit", {})
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(table)]


def test_it_is_a_schema_as_schemastore_takes_it() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"].startswith("http://json-schema.org/draft-07/")
    assert SCHEMA["$id"].startswith("https://json.schemastore.org/partial-")


@pytest.mark.parametrize("file", ["pyproject.toml", "examples/starter/pyproject.toml"])
def test_projects_of_this_repository_are_valid(file: str) -> None:
    assert problems((ROOT / file).read_text("utf-8")) == []


def test_every_example_of_the_documentation_is_valid() -> None:
    assert len(EXAMPLES) > 20
    assert {text: problems(text) for text in EXAMPLES if problems(text)} == {}


@pytest.mark.parametrize(
    "line",
    [
        'packges = ["app"]',
        'packages = "app, other"\nbackend = 1',
        'backend = "nuitka"',
        "compile = { jobs = 0 }",
        'compile = { jobs = "many" }',
        'data = { ttl = "soon" }',
        'store = { size = "5 PB" }',
        'dev = { overlap = "perhaps" }',
        "dev = { port = -1 }",
        'image = { api = { comand = ["x"] } }',
        'data = { stage = [{ nam = "x" }] }',
    ],
)
def test_what_the_reader_refuses_is_marked_in_the_editor(project: ProjectMaker, line: str) -> None:
    text = f"[tool.buildkit]\n{line}\n"

    assert problems(text) != []
    with pytest.raises(ConfigurationError):
        load(project({"pyproject.toml": text}), {})


@pytest.mark.parametrize(
    "line",
    [
        'compile = { jobs = "auto" }',
        'data = { ttl = "7d", verify = 90 }',
        'data = { memory = "1.5 GiB" }',
        'store = { size = "", age = "2 H" }',
        'dev = { command = "uvicorn app.main:app", ready = "tcp" }',
        'dev = { ready = ["true"] }',
    ],
)
def test_what_the_reader_takes_is_not_marked(project: ProjectMaker, line: str) -> None:
    text = f"[project]\nname = 'app'\n[tool.buildkit]\n{line}\n"

    assert problems(text) == []
    assert load(project({"pyproject.toml": text}), {}).file.name == "pyproject.toml"


def test_each_setting_has_its_sentence() -> None:
    said: dict[str, Any] = SCHEMA["properties"]

    assert {*said} == {item.name.replace("_", "-") for item in fields(Config) if item.metadata}
    assert all("description" in each for each in said.values() if "default" in each)
