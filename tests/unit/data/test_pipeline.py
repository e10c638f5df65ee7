"""What a pipeline may declare, and the JSON that takes it into a container."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildkit.data.pipeline import Pipeline, Stage, as_json, from_json
from buildkit.errors import ConfigurationError


def pipeline(*stages: Stage) -> Pipeline:
    return Pipeline(Path("/app"), Path("/app/src"), Path("/app/data"), stages)


def test_a_pipeline_comes_back_from_json_as_it_was() -> None:
    stages = (
        Stage("read", "app.pipeline:read", ("in/*.txt",), ("read/",), {"limit": 3}),
        Stage("pack", ("tar", "-c"), ("stage:read",), ("all.tar",)),
    )
    declared = pipeline(*stages)
    assert from_json(json.loads(json.dumps(as_json(declared)))) == declared
    assert declared.stages[1].upstream == ("read",)


@pytest.mark.parametrize("output", ["/etc/passwd", "../out", ".", ".stages/x"])
def test_an_output_lies_in_the_generation(output: str) -> None:
    with pytest.raises(ConfigurationError, match="does not lie in the generation"):
        pipeline(Stage("read", "a:b", (), (output,)))


@pytest.mark.parametrize("other", ["read", "read/", "read/deep/file.json"])
def test_two_stages_do_not_own_one_file(other: str) -> None:
    with pytest.raises(ConfigurationError, match='overlaps "read" of stage first'):
        pipeline(Stage("first", "a:b", (), ("read/",)), Stage("second", "a:b", (), (other,)))


@pytest.mark.parametrize("run", ["app.pipeline", ":read", "app.pipeline:"])
def test_a_callable_has_a_module_and_a_name(run: str) -> None:
    with pytest.raises(ConfigurationError, match="names no callable"):
        pipeline(Stage("read", run, (), ("read/",)))
