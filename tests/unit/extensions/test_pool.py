"""Jobs on all cores: what they say, what they lead to, what ends them."""

from __future__ import annotations

from functools import partial

import pytest

from buildkit.compile.cython.translator import Translator
from buildkit.compile.places import Places
from buildkit.extensions.pool import Job, JobResult, in_parallel

TRANSLATOR = partial(Translator, Places("/", (), ()), {})


def says(word: str, *jobs: Job[str]) -> Job[str]:
    return lambda _: JobResult([word], jobs)


def test_what_a_job_leads_to_is_done_as_well() -> None:
    tree = says("root", says("left", says("leaf")), says("right"))

    found = list(in_parallel([tree, says("alone")], 2, TRANSLATOR))

    assert sorted(found) == ["alone", "leaf", "left", "right", "root"]
    assert found.index("root") < found.index("left") < found.index("leaf")


def test_no_jobs_are_no_work() -> None:
    assert list(in_parallel([], 2, TRANSLATOR)) == []


def test_the_fault_of_a_job_ends_the_whole() -> None:
    begun: list[str] = []

    def fails(_: Translator) -> JobResult[str]:
        raise ZeroDivisionError

    def begins(_: Translator) -> JobResult[str]:
        begun.append("late")
        return JobResult()

    with pytest.raises(ZeroDivisionError):
        list(in_parallel([fails, *[says("word")] * 3, lambda _: JobResult(jobs=[begins])], 1, TRANSLATOR))
    assert begun == []
