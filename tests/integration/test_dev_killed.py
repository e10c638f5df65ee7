"""Nothing is left of `invoke dev`, whichever of its processes is suspended when the loop is killed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest
from dev_service import MAIN, Starter, starting
from plugins.projects import ProjectMaker

from buildkit.doors import ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")

POLITE = (
    """
import pathlib, signal, sys
def end(*_):
    pathlib.Path("ended").touch()
    sys.exit()
signal.signal(signal.SIGTERM, end)
"""
    + MAIN
)


@pytest.fixture
def dev(project: ProjectMaker) -> Iterator[Starter]:
    with starting(project) as start:
        yield start


@pytest.mark.parametrize("words", ["launch.py", ""], ids=["the launcher", "all"])
def test_nothing_is_left_where_one_was_suspended_and_the_loop_killed(dev: Starter, words: str) -> None:
    it = dev({"src/app/main.py": POLITE})
    it.until_ready()
    suspended = [each for each in it.named(words) if each.pid != it.process.pid]
    assert suspended
    for each in suspended:
        each.suspend()
    it.process.send_signal(signal.SIGKILL)
    it.process.wait(10)
    it.until(lambda: not it.left())
    assert ports.free(it.port) is not None
    assert (it.root / "ended").exists() or not words, "it was asked to end, and had the time"


def test_nothing_is_left_where_one_was_suspended_and_the_loop_ends(dev: Starter) -> None:
    it = dev()
    it.until_ready()
    for each in it.named("launch.py"):
        each.suspend()
    it.end()
    assert it.left() == []
