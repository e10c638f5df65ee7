"""Inputs that are no files, and what is asked of a driver."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from buildkit.compile import toolchain
from buildkit.compile.arguments import roots
from buildkit.compile.places import Places
from buildkit.extensions.native.non_file_inputs import NonFileInputs
from buildkit.model import ABSENT, Digest

pytestmark = pytest.mark.usefixtures("compiler")


@pytest.fixture
def non_file_inputs(tmp_path: Path) -> NonFileInputs:
    environment = {"PATH": os.environ["PATH"], "NUMBER": "1"}
    found = toolchain.find("release", None, environment, {}, Digest, scratch=tmp_path / "scratch")
    places = Places(str(tmp_path / "src"), (), (), str(tmp_path))
    return NonFileInputs(found, places, roots(places.source, places.project), environment)


def asked(words: list[str]) -> str:
    return f"driver 0 c {json.dumps(words)}"


def test_words_of_another_are_asked_about_where_nothing_comes_of_it(non_file_inputs: NonFileInputs) -> None:
    assert non_file_inputs.digest(asked(["-O1", "-march=native"])) != ABSENT
    assert non_file_inputs.digest(asked(["-O1", "-march=native"])) != non_file_inputs.digest(
        asked(["-O2", "-march=native"])
    )


@pytest.mark.parametrize("word", ["-time={place}", "@{place}", "-specs={place}", "-wrapper", "-fplugin=a.so"])
def test_words_of_another_that_may_do_harm_are_not(non_file_inputs: NonFileInputs, tmp_path: Path, word: str) -> None:
    place = tmp_path / "place"

    assert non_file_inputs.digest(asked([word.format(place=place)])) == ABSENT

    assert not place.exists()


def test_words_of_ones_own_are(non_file_inputs: NonFileInputs, tmp_path: Path) -> None:
    name = non_file_inputs.driver_input("0", "c", ["-O1", f"-B{tmp_path}/tools"])

    assert str(tmp_path) not in name, "another checkout asks the same"
    assert non_file_inputs.digest(name) != ABSENT


@pytest.mark.parametrize("name", ["driver 7 c []", "driver 0 c {", "driver", "variable NOTHING"])
def test_what_nobody_can_answer_is_absent(non_file_inputs: NonFileInputs, name: str) -> None:
    assert non_file_inputs.digest(name) == ABSENT


def test_a_variable_is_its_value(non_file_inputs: NonFileInputs) -> None:
    assert non_file_inputs.digest("variable NUMBER") not in {ABSENT, non_file_inputs.digest("variable PATH")}
