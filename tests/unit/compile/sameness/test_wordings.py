from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from Cython.Compiler.Code import UtilityCode

from buildkit.compile.sameness import wording
from buildkit.compile.sameness.wording import WORDINGS, Words


def text() -> str:
    section: Any = UtilityCode
    found: str = section.load_cached("RaiseUnboundLocalError", "ObjectHandling.c").impl
    return found


def test_the_words_are_pythons_for_python_alone() -> None:
    words, before = Words(), text()

    words.use(python=True)
    during = text()
    words.use(python=False)

    assert "cannot access local variable" in during
    assert text() == before
    assert "cannot access local variable" not in before


def test_other_words_of_another_cython_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "WORDINGS", (replace(WORDINGS[0], cython="what Cython never said"),))

    with pytest.raises(RuntimeError, match=r"section RaiseUnboundLocalError of Cython's ObjectHandling\.c"):
        Words().use(python=True)


def test_no_two_wordings_are_of_one_text() -> None:
    assert len({(each.section, each.cython) for each in WORDINGS}) == len(WORDINGS)
