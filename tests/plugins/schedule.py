"""How a run by several workers (`-n`) is dealt out: what shares something stays together, what takes long begins first.

A worker gets one unit after the other. A unit is a test, or all the tests of a file that share a fixture of that
file's (`scope="module"`), which is so made once a run. Tests of several files that may not meet say so themselves:
`@pytest.mark.xdist_group("name")`.

How long a test took is kept in `tests/seconds.txt`, so that a long one does not begin when all others have ended. It is
an order, no more: a test that it does not name still runs, a name that is gone does no harm. Write it anew, after a run
of everything, by `--write-seconds`. Without workers nothing of this happens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

SECONDS = Path(__file__).parents[1] / "seconds.txt"
NOTED = 2.0
"""Seconds below which a test is not worth a line."""


QUICK = 3.0
"""Seconds that a test may take to be one of the quick ones."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-seconds", action="store_true", help=f"keep how long tests took in tests/{SECONDS.name}")
    parser.addoption("--quick", action="store_true", help=f"leave out tests that are marked slow or took {QUICK:.0f} s")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let `-n` alone mean this way to deal out."""
    if config.getoption("numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadgroup"
        config.option.loadscopereorder = False  # the order is made here


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group and sort the tests, in each worker alike; leave out what is not quick, if that was asked for."""
    seconds = read(SECONDS)
    if config.getoption("quick"):
        slow = [
            item for item in items if item.get_closest_marker("slow") or seconds.get(key(item.nodeid), 0.0) >= QUICK
        ]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    if not getattr(config.option, "loadgroup", False):  # which xdist sets in a worker, before it reads the groups
        return
    for item in items:
        if item.get_closest_marker("xdist_group") is None and shares_with_its_module(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items[:] = longest_first(items, seconds)


def shares_with_its_module(item: pytest.Item) -> bool:
    """Return whether the test asks for a fixture that is made once for its module."""
    known = getattr(item, "_fixtureinfo", None)
    if known is None:
        return False
    return any(made.scope == "module" for name in known.names_closure for made in known.name2fixturedefs.get(name, ()))


def longest_first(items: Iterable[pytest.Item], seconds: Mapping[str, float]) -> list[pytest.Item]:
    """Return the tests so that units come whole, and those that took most before the others."""
    units: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        units[str(mark.args[0]) if mark else item.nodeid].append(item)
    taken = {name: sum(seconds.get(key(item.nodeid), 0.0) for item in unit) for name, unit in units.items()}
    return [item for name in sorted(units, key=lambda name: -taken[name]) for item in units[name]]


def key(nodeid: str) -> str:
    """Return the name by which a test's seconds are kept: without its file, since tests move, and without its group."""
    name = nodeid.partition("::")[2]
    return name[: name.rfind("@")] if name.rfind("@") > name.rfind("]") else name


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
