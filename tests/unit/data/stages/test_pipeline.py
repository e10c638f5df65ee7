"""What a pipeline may declare, and the JSON that takes it into a container."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildkit.data.stages.pipeline import Pipeline, Stage, as_json, from_json
from buildkit.errors import ConfigurationError


def pipeline(*stages: Stage) -> Pipeline:
    return Pipeline(Path("/app"), Path("/app/src"), Path("/app/data"), stages)


def test_a_pipeline_comes_back_from_json_as_it_was() -> None:
    stages = (
        Stage("read", "app.pipeline:read", ("in/*.txt",), ("read/",), {"limit": 3}),
        Stage("pack", ("tar", "-c"), ("stage:read",), ("all.tar",)),
        Stage("cut", ("wc",), outputs=("cut/",), each="stage:read/*.txt", combine=("pack",), jobs=3, memory=1 << 30),
    )
    declared = pipeline(*stages)
    assert from_json(json.loads(json.dumps(as_json(declared)))) == declared
    assert declared.stages[1].upstream == ("read",)
    assert declared.stages[2].upstream == ("pack", "read")


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


@pytest.mark.parametrize("name", ["source", "out", "item"])
def test_a_parameter_does_not_take_the_name_of_what_the_suite_hands_over(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f'stage read: params: "{name}" is what the suite itself hands'):
        pipeline(Stage("read", "a:b", (), ("read/",), {name: 1}))
    assert pipeline(Stage("read", ("a",), (), ("read/",), {name: 1})).stages  # a command gets all of them as JSON


def test_an_address_is_no_input() -> None:
    with pytest.raises(ConfigurationError, match=r'stage read: input "https://a\.example/b\.csv" is an address'):
        pipeline(Stage("read", "a:b", ("https://a.example/b.csv",), ("read/",)))


@pytest.mark.parametrize("output", ["manifest.json", "manifest.json/", "./manifest.json"])
def test_no_stage_owns_the_manifest(output: str) -> None:
    with pytest.raises(ConfigurationError, match="the suite writes a file of that name itself"):
        pipeline(Stage("read", "a:b", (), (output,)))
