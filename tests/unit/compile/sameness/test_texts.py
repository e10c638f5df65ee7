from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from Cython.Compiler.Code import UtilityCode

from buildkit.compile.sameness import texts
from buildkit.compile.sameness.generator_texts import GENERATORS
from buildkit.compile.sameness.texts import Texts
from buildkit.compile.sameness.wording import WORDINGS


def text() -> str:
    section: Any = UtilityCode
    found: str = section.load_cached("RaiseUnboundLocalError", "ObjectHandling.c").impl
    return found


def test_the_texts_are_pythons_for_python_alone() -> None:
    ours, before = Texts(), text()

    ours.use(ours=True)
    during = text()
    ours.use(ours=False)

    assert "cannot access local variable" in during
    assert text() == before
    assert "cannot access local variable" not in before


def test_other_texts_of_another_cython_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "WORDINGS", (replace(WORDINGS[0], cython="what Cython never said"),))

    with pytest.raises(RuntimeError, match=r"section RaiseUnboundLocalError of Cython's ObjectHandling\.c"):
        Texts().use(ours=True)


def test_no_two_are_of_one_text() -> None:
    every = (*WORDINGS, *GENERATORS)

    assert len({(each.section, each.cython) for each in every}) == len(every)
