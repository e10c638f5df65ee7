from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from Cython.Compiler.Code import GlobalState, TempitaUtilityCode, UtilityCode

from buildkit.compile.sameness import texts
from buildkit.compile.sameness.generator_texts import GENERATORS
from buildkit.compile.sameness.texts import Texts
from buildkit.compile.sameness.wording import WORDINGS


class Written:
    """In place of what writes a module's C: keeps the texts of the sections that are used."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        monkeypatch.setattr(GlobalState, "use_utility_code", lambda _, section: self.texts.append(section.impl))

    def use(self, name: str, file: str, sort: Any = UtilityCode) -> str:
        state: Any = GlobalState
        state.use_utility_code(self, sort.load(name, file))
        return self.texts[-1]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    return Written(monkeypatch)


def test_the_texts_are_pythons_for_python_alone(written: Written) -> None:
    ours, section = Texts(), ("RaiseUnboundLocalError", "ObjectHandling.c")

    before = written.use(*section)
    ours.use(ours=True)
    during = written.use(*section)
    ours.use(ours=False)

    assert "cannot access local variable" in during
    assert written.use(*section) == before
    assert "cannot access local variable" not in before


def test_a_section_that_cython_has_more_than_once_is_pythons_each_time(written: Written) -> None:
    ours, section = Texts(), ("RaiseException", "Exceptions.c")

    ours.use(ours=True)
    sorts = [written.use(*section, sort) for sort in (UtilityCode, TempitaUtilityCode, UtilityCode)]
    ours.use(ours=False)

    assert ["exceptions must derive" in text for text in sorts] == [True] * 3


def test_a_section_that_is_kept_is_cythons_again(written: Written) -> None:
    kept: Any = UtilityCode
    ours, section = Texts(), kept.load_cached("RaiseException", "Exceptions.c")

    ours.use(ours=True)
    written_by: Any = GlobalState
    written_by.use_utility_code(written, section)
    ours.use(ours=False)

    assert "exceptions must derive" in written.texts[-1]
    assert "exceptions must derive" not in section.impl


def test_other_texts_of_another_cython_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "WORDINGS", (replace(WORDINGS[0], cython="what Cython never said"),))

    with pytest.raises(RuntimeError, match=r"section RaiseUnboundLocalError of Cython's ObjectHandling\.c"):
        Texts().use(ours=True)


def test_no_two_are_of_one_text() -> None:
    every = (*WORDINGS, *GENERATORS)

    assert len({(each.section, each.cython) for each in every}) == len(every)
