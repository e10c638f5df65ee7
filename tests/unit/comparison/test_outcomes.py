from __future__ import annotations

import json

from buildkit.comparison.outcomes import COLLECTION, WHOLE, Run, changed, ended, failing, of_events, of_output


def report(test: str, outcome: str, part: str = "call", *, expected: bool = False, words: str = "") -> str:
    values = {"part": part, "outcome": outcome, "expected": expected, "seconds": 0.5, "words": words}
    return json.dumps({"event": "report", "test": test, **values})


def begin(test: str) -> str:
    return json.dumps({"event": "start", "test": test})


def finish(test: str) -> str:
    return json.dumps({"event": "finish", "test": test})


END = json.dumps({"event": "end", "code": 1, "memory": 5, "extensions": ["app.fast"]})


def test_the_outcome_of_a_test_is_that_of_its_parts() -> None:
    lines = [
        report("a", "passed", "setup"),
        report("a", "passed"),
        report("a", "passed", "teardown"),
        report("b", "passed", "setup"),
        report("b", "failed", words="assert 1 == 2"),
        report("b", "passed", "teardown"),
        report("c", "failed", "setup"),
        report("d", "passed"),
        report("d", "failed", "teardown"),
        report("e", "skipped", "setup"),
        report("f", "skipped", expected=True),
        report("g", "passed", expected=True),
        json.dumps({"event": "uncollected", "test": "tests/test_x.py", "words": "ImportError"}),
        END,
    ]
    run = of_events(lines, 1, 9.0, 7)
    assert run.outcomes == {
        "a": "passed",
        "b": "failed",
        "c": "error",
        "d": "error",
        "e": "skipped",
        "f": "xfailed",
        "g": "xpassed",
        "tests/test_x.py": "error",
    }
    assert run.words["b"] == "assert 1 == 2"
    assert (run.seconds["a"], run.memory, run.extensions) == (1.5, 7, frozenset({"app.fast"}))
    assert run.time == 6.0
    assert failing(run) == ["b", "c", "d", "tests/test_x.py"]


def test_a_process_that_died_leaves_the_test_that_was_running() -> None:
    lines = [
        begin("a"),
        report("a", "passed"),
        finish("a"),
        begin("b"),
        report("b", "passed", "setup"),
        '{"event": "sta',
    ]
    run = of_events(lines, -11, 1.0, 0)
    assert (run.outcomes, run.running, run.is_whole) == ({"a": "passed"}, ("b",), False)
    assert [ended(code) for code in (-11, None, 3)] == ["crashed: SIGSEGV", "hangs", "crashed: exit code 3"]


def test_names_are_compared_and_not_counts() -> None:
    plain, compiled = Run({"a": "passed", "b": "failed", "c": "passed"}), Run({"a": "failed", "b": "passed"})
    assert list(map(str, changed(plain, compiled))) == [
        "a: passed → failed",
        "b: failed → passed",
        "c: passed → not there",
    ]


def test_what_follows_from_a_file_that_cannot_be_collected_is_not_told_besides() -> None:
    plain = Run({"tests/test_a.py::one": "passed", "tests/test_b.py::two": "passed"})
    file = Run({"tests/test_a.py": "error", "tests/test_b.py::two": "passed"})
    assert list(map(str, changed(plain, file))) == ["tests/test_a.py: not there → error"]
    assert list(map(str, changed(plain, Run({COLLECTION: "crashed: SIGSEGV"})))) == [
        f"{COLLECTION}: not there → crashed: SIGSEGV"
    ]


def test_a_worker_of_xdist_that_died_is_a_crash_and_runs_no_more() -> None:
    lines = [begin("a"), report("a", "failed", "???", words="worker 'gw0' crashed"), END]
    run = of_events(lines, 1, 1.0, 0)
    assert (run.outcomes, run.running) == ({"a": "crashed"}, ())


def test_unittest_names_what_fails_and_of_others_the_exit_code_counts() -> None:
    words = "FAIL: test_one (tests.T.test_one)\n---\nERROR: test_two (tests.T.test_two)\n"
    fine, bad = of_output("ok", 0, 1.0, 0), of_output(words, 1, 1.0, 0)
    assert [each.test for each in changed(fine, bad)] == ["test_one (tests.T.test_one)", "test_two (tests.T.test_two)"]
    assert changed(fine, bad)[0].plain == "passed"
    assert list(map(str, changed(fine, of_output("?", 4, 1.0, 0)))) == [f"{WHOLE}: passed → failed: exit code 4"]
    assert list(map(str, changed(fine, of_output("?", -11, 1.0, 0)))) == [f"{WHOLE}: passed → crashed: SIGSEGV"]
    assert changed(bad, of_output(words, 1, 1.0, 0)) == []
