"""The plan follows from what a look saw, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from buildkit.compile.module import Module
from buildkit.compile.modules import Modules
from buildkit.config.settings import CompileConfig
from buildkit.core.plan import NEVER_MADE, UNCHANGED
from buildkit.doors.statcache import StatCache
from buildkit.extensions.decide import decide
from buildkit.extensions.memory import Remembered
from buildkit.extensions.refused import MARK
from buildkit.extensions.sight import Sight, Subject
from buildkit.model import ABSENT, Action, Digest, Fingerprint, Outcome, Reason, Record
from buildkit.store.state import State

SOURCE = "source app/fast.py"
MODULE = Module("app.fast", "app/fast.py", "cython", {}, ())
NOW = Fingerprint(Digest("key"), {SOURCE: Digest("1")})
THEN = Record(Digest("key"), {SOURCE: Digest("1")}, {"app/fast.so": Digest("so")})
EDITED = Fingerprint(Digest("other"), {SOURCE: Digest("2")})


def sight(*subjects: Subject, state: State | None = None, reuse: bool = True, adopted: bool = False) -> Sight:
    """Return what a look saw, without what a decision does not need."""
    remembered = Remembered(state or State(), {}, {}, StatCache({}), 0.0, ({}, {}), is_lost=False, adopted=adopted)
    modules = Modules({}, {"app.slow": Reason("excluded", "app/slow.py")}, frozenset())
    config = SimpleNamespace(compile=CompileConfig())
    workspace = cast("Any", SimpleNamespace(reuse=reuse, config=config))
    named = {each.module.name: each for each in subjects}
    return Sight(workspace, remembered, modules, cast("Any", None), named, Digest("state"))


def test_what_is_as_recorded_is_left() -> None:
    plan = decide(sight(Subject(MODULE, NOW, THEN, THEN.outputs)))

    assert plan.is_idle
    assert plan.foretold() == (
        Outcome("app.fast", "fresh", UNCHANGED),
        Outcome("app.slow", "kept", Reason("excluded", "app/slow.py")),
    )


@pytest.mark.parametrize(("is_stored", "action"), [(False, Action.MAKE), (True, Action.RESTORE)])
def test_what_changed_is_made_or_taken_from_the_store(is_stored: bool, action: Action) -> None:
    plan = decide(sight(Subject(MODULE, EDITED, THEN, THEN.outputs, is_stored=is_stored)))

    assert [(step.action, str(step.reason)) for step in plan.steps] == [(action, "source changed: app/fast.py")]
    assert not plan.is_idle


def test_an_output_that_is_gone_is_the_reason() -> None:
    plan = decide(sight(Subject(MODULE, NOW, THEN, {"app/fast.so": ABSENT})))

    assert str(plan.steps[0].reason) == "output missing: app/fast.so"


def test_the_record_of_another_checkout_is_no_reason_here() -> None:
    other = sight(Subject(MODULE, EDITED, THEN, THEN.outputs), adopted=True)

    assert decide(other).steps[0].reason == NEVER_MADE


def test_a_failure_is_said_again_as_long_as_nothing_changes() -> None:
    failed = replace(State({"app.fast": THEN._replace(outputs={})}), failures={"app.fast": "no"})

    plan = decide(sight(Subject(MODULE, NOW, THEN._replace(outputs={})), state=failed))

    assert plan.is_idle
    assert plan.foretold()[0] == Outcome("app.fast", "failed", UNCHANGED, detail="no")


def test_what_cython_alone_refuses_stays_python_as_long_as_nothing_changes() -> None:
    refused = replace(State({"app.fast": THEN._replace(outputs={})}), failures={"app.fast": f"{MARK}a.py:1:2: no"})

    plan = decide(sight(Subject(MODULE, NOW, THEN._replace(outputs={})), state=refused))

    assert plan.is_idle
    (row, _) = plan.foretold()
    assert (row.result, str(row.reason), row.detail) == ("refused", "stays Python: a.py:1:2: no", "a.py:1:2: no")


def test_what_has_no_module_any_more_goes() -> None:
    plan = decide(sight(state=State({"app.fast": THEN, "app.slow": THEN})))

    assert [(step.subject, step.action, str(step.reason)) for step in plan.steps] == [
        ("app.fast", Action.REMOVE, "source gone"),
        ("app.slow", Action.REMOVE, "excluded: app/slow.py"),
    ]


def test_without_the_cache_all_is_made() -> None:
    plan = decide(sight(Subject(MODULE), reuse=False))

    assert [(step.action, step.reason.kind) for step in plan.steps] == [(Action.MAKE, "made anew")]
