"""Waiting for the end of a child, with the kernel's help and without. Real processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import pytest

from buildkit.doors import process
from buildkit.doors.endings import ended_within

WAYS = pytest.mark.parametrize("helped", [True, False], ids=["with the kernel's help", "without"])


@pytest.fixture(autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(errno.EMFILE, "no room for a further descriptor")

    if not request.node.callspec.params["helped"] and sys.platform == "linux":
        monkeypatch.setattr(os, "pidfd_open", refuse)


def until_told() -> subprocess.Popen[str]:
    return process.start(["sh", "-c", "read word; exit 7"], stdin=process.PIPE)


def tell(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.close()


@WAYS
def test_one_that_goes_on_has_not_ended(helped: bool) -> None:  # noqa: ARG001 - of the fixture
    child = until_told()
    assert not ended_within(child, 0.05)
    assert not ended_within(child, 0)
    assert child.returncode is None
    tell(child)
    assert ended_within(child, 30)
    assert child.returncode == 7
    assert ended_within(child, 0), "still"


@WAYS
def test_two_who_wait_both_learn_of_the_end(helped: bool) -> None:  # noqa: ARG001 - of the fixture
    child = until_told()
    told: list[bool] = []
    waiting = [threading.Thread(target=lambda: told.append(ended_within(child, 30))) for _ in range(4)]
    for each in waiting:
        each.start()
    threading.Timer(0.1, tell, [child]).start()
    for each in waiting:
        each.join(30)
    assert told == [True] * 4
    assert child.returncode == 7
