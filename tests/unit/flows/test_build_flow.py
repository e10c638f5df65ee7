"""The table at the end of `invoke build`."""

from __future__ import annotations

from buildkit.flows.build import lines
from buildkit.model import Outcome, Reason, Report


def test_a_compilers_many_words_do_not_widen_the_table() -> None:
    words = "app/one.py:3:7: it is not so\n" + "^" * 400
    rows = (
        Outcome("compile", "made", Reason("failed", words), 1.0, "1 compiled"),
        Outcome("data", "made", Reason("code changed", "x" * 400), 1.0, "4 made"),
    )
    shown = lines(Report("buildkit.build/1", rows, 2.0, row="step"))
    assert len(shown) == 5
    assert max(map(len, shown)) < 120
    assert "failed: app/one.py:3:7: it is not so" in shown[2]
    assert shown[3].rstrip().endswith("x…")
