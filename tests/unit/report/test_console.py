from __future__ import annotations

import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, as_json, counts, table

COMPILED = Outcome("app.fast", "compiled", Reason("source changed", "app/fast.py"), 1.2345)
FRESH = Outcome("app.plain", "fresh", Reason("unchanged"))
FAILED = Outcome("app.bad", "failed", Reason("not built before"), 0.5, "app/bad.py:1:11: no")
REPORT = Report("buildkit.compile/1", (COMPILED, FRESH, FAILED), 2.34567, {"profile": "dev"}, row="module")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_result_goes_to_stdout_and_talk_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console({})

    console.say("compiling 1 module")
    console.outcome(COMPILED)
    console.outcome(FRESH)
    console.warn("store: cannot be written")
    console.result(REPORT, ["compile: 1 compiled"])

    out, err = capsys.readouterr()
    assert out == "compile: 1 compiled\n"
    assert err.splitlines() == [
        "compiling 1 module",
        "compiled    1.23 s  app.fast  (source changed: app/fast.py)",
        "fresh               app.plain  (unchanged)",
        "warning: store: cannot be written",
    ]


def test_as_json_the_result_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    Console({}, as_json=True).result(REPORT, ["compile: 1 compiled"])

    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    assert (
        json.loads(out)
        == as_json(REPORT)
        == {
            "schema": "buildkit.compile/1",
            "profile": "dev",
            "seconds": 2.346,
            "modules": [
                {
                    "module": "app.fast",
                    "outcome": "compiled",
                    "reason": "source changed: app/fast.py",
                    "seconds": 1.234,
                },
                {"module": "app.plain", "outcome": "fresh", "reason": "unchanged", "seconds": 0.0},
                {
                    "module": "app.bad",
                    "outcome": "failed",
                    "reason": "not built before",
                    "seconds": 0.5,
                    "detail": "app/bad.py:1:11: no",
                },
            ],
            "counts": {"compiled": 1, "fresh": 1, "failed": 1},
        }
    )


def test_a_result_without_lines_prints_nothing() -> None:
    out = io.StringIO()
    Console({}, out=out).result(REPORT, [])
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, False), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(environment: Mapping[str, str], coloured: bool) -> None:
    terminal, file = Terminal(), io.StringIO()

    Console(environment, talk=terminal).outcome(FAILED)
    Console(environment, talk=file).outcome(FAILED)

    assert terminal.getvalue().startswith("\033[31mfailed   \033[0m") == coloured
    assert "\033" not in file.getvalue()


def test_the_result_is_never_coloured() -> None:
    out = Terminal()
    Console({}, talk=Terminal(), out=out).result(REPORT, ["failed"])
    assert out.getvalue() == "failed\n"


def test_lines_of_many_threads_do_not_run_into_each_other() -> None:
    talk = io.StringIO()
    console = Console({}, talk=talk)
    lines = [f"{number}" * 40 for number in range(10)] * 20

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(console.say, lines))

    assert sorted(talk.getvalue().splitlines()) == sorted(lines)


def test_counts_come_in_the_order_of_the_rows() -> None:
    assert list(counts([FRESH, COMPILED, FRESH]).items()) == [("fresh", 2), ("compiled", 1)]
    assert counts([]) == {}


def test_a_table_has_aligned_columns() -> None:
    assert table([["image", "bytes"], ["api", "12"], ["indexer", "3"]]) == [
        "image    bytes",
        "───────  ─────",
        "api      12",
        "indexer  3",
    ]
