"""What becomes of a module that Cython refuses."""

from __future__ import annotations

from buildkit.extensions.refused import MARK, marked, outcome
from buildkit.model import Outcome, Reason

WORDS = "Error compiling Cython file:\n---\na[*b]\n  ^\n---\napp/one.py:3:2: starred expression is not allowed here"
WHY = Reason("source changed", "app/one.py")


def test_what_python_takes_is_marked() -> None:
    assert marked("app/one.py", b"x = 1\n", WORDS) == f"{MARK}{WORDS}"


def test_what_python_refuses_too_is_not() -> None:
    assert marked("app/one.py", b"x = = 1\n", WORDS) == WORDS
    assert marked("app/one.py", b"x = '\0'\n", WORDS) == WORDS
    assert marked("app/one.pyx", b"x = 1\n", WORDS) == WORDS


def test_it_stays_python_where_it_may() -> None:
    row = outcome("app.one", WHY, 0.5, f"{MARK}{WORDS}", may_stay=True)
    said = "app/one.py:3:2: starred expression is not allowed here"
    assert row == Outcome("app.one", "refused", Reason("stays Python", said), 0.5, WORDS)


def test_else_it_has_failed() -> None:
    failed = Outcome("app.one", "failed", WHY, 0.5, WORDS)
    assert outcome("app.one", WHY, 0.5, f"{MARK}{WORDS}", may_stay=False) == failed
    assert outcome("app.one", WHY, 0.5, WORDS, may_stay=True) == failed


def test_a_long_word_is_cut_and_one_without_a_place_is_its_first_line() -> None:
    row = outcome("app.one", WHY, 0.0, f"{MARK}{'x' * 500}\nmore", may_stay=True)
    assert row.reason.detail == "x" * 160
