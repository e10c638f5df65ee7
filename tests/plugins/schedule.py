"""How a run by several workers (`-n`) is dealt out: what shares something stays together, what takes long begins first.

A worker gets one unit after the other. A unit is a test, or a whole file where the file has a fixture for all its tests
(`scope="module"`), which is so made once a run. xdist's own groups are not used: with pytest 9.2 its 3.8 forgets them.

How long a test took is kept in `tests/seconds.txt`, so that a long one does not begin when all others have ended. It is
an order, no more: a test that it does not name still runs, a name that is gone does no harm. Write it anew, after a run
of everything, by `--write-seconds`. Without workers nothing of this happens.
"""

from __future__ import annotations

import functools
import gc
import os
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = ROOT / "tests" / "seconds.txt"
NOTED = 2.0
"""Seconds below which a test is not worth a line."""

QUICK = 3.0
"""Seconds that a test may take to be one of the quick ones."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-seconds", action="store_true", help=f"keep how long tests took in tests/{SECONDS.name}")
    parser.addoption("--quick", action="store_true", help=f"leave out tests that are marked slow or took {QUICK:.0f} s")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests, in each worker alike; leave out what is not quick, if that was asked for."""
    seconds = read(SECONDS)
    if config.getoption("quick"):
        slow = {item for item in items if item.get_closest_marker("slow") or seconds.get(key(item.nodeid), 0) >= QUICK}
        config.hook.pytest_deselected(items=list(slow))
        items[:] = [item for item in items if item not in slow]
    if "PYTEST_XDIST_WORKER" in os.environ:
        items[:] = longest_first(items, seconds)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among the tests while they are collected: a tenth of what each worker takes for that."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Keep the tests themselves out of every later search for garbage: they stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Deal out units in the order of the tests, where nothing else was asked for than a number of workers."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Units(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False
    return Units(config, log)


def unit(nodeid: str) -> str:
    """Return the name of the unit that a test belongs to."""
    file = nodeid.partition("::")[0]
    return file if shares(file) else nodeid


@functools.cache
def shares(file: str) -> bool:
    """Return whether a file of tests, named from the root, has a fixture for all of them."""
    path = ROOT / file
    return path.is_file() and 'scope="module"' in path.read_text("utf-8")


def longest_first(items: Iterable[pytest.Item], seconds: Mapping[str, float]) -> list[pytest.Item]:
    """Return the tests so that units come whole, and those that took most before the others."""
    units: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        units[unit(item.nodeid)].append(item)
    taken = {name: sum(seconds.get(key(item.nodeid), 0.0) for item in tests) for name, tests in units.items()}
    return [item for name in sorted(units, key=lambda name: -taken[name]) for item in units[name]]


def key(nodeid: str) -> str:
    """Return the name by which a test's seconds are kept: without its file, since tests move."""
    return nodeid.partition("::")[2]


def read(file: Path) -> dict[str, float]:
    """Return the seconds of each test that the file names; a file that is not there names none."""
    if not file.is_file():
        return {}
    rows = (line.split(maxsplit=1) for line in file.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {name: float(number) for number, name in rows}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Keep the seconds, where that was asked for."""
    if not config.getoption("write_seconds"):
        return
    taken: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                taken[key(report.nodeid)] += report.duration
    noted = sorted(
        ((number, name) for name, number in taken.items() if number >= NOTED), key=lambda row: (-row[0], row)
    )
    lines = [f"{number:.0f} {name}" for number, name in noted]
    head = "# Seconds of the longer tests, written by --write-seconds (see plugins/schedule.py)"
    SECONDS.write_text("\n".join([head, *lines]) + "\n", "utf-8")
