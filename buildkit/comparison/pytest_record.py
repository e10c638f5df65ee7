"""A plugin of pytest that writes what happens to a file, a line as it comes, and runs only what is asked for.

A program's part of its own for the service's interpreter: the standard library alone, and pytest hands in its own
objects. It is copied to where PYTHONPATH finds it, and named by PYTEST_PLUGINS. Two variables say what it does:

    PYBUILDKIT_RECORD   the file to write; the processes of pytest-xdist's workers write nothing
    PYBUILDKIT_CHOICE   a JSON file: `only`, the tests to run, or null for all; `without`, those to leave out

A file says more than JUnit's form: which test was running when the process died.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import resource
import sys
import threading
from typing import Any

_WORDS = 300
_EXTENSIONS = "buildkit-extensions"


class Record:
    """The file, and the choice of tests."""

    def __init__(self, file: str, choice: str) -> None:
        """Open the file.

        Args:
            file: its name; empty for none.
            choice: the name of the file with the choice of tests.
        """
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if file else -1
        with open(choice, encoding="utf-8") as stream:
            chosen = json.load(stream)
        self._only = None if chosen["only"] is None else frozenset(chosen["only"])
        self._without = frozenset(chosen["without"])
        self.of_workers: set[str] = set()

    def write(self, **event: Any) -> None:  # noqa: ANN401 - JSON
        """Write a line."""
        if self._descriptor >= 0:
            os.write(self._descriptor, (json.dumps(event) + "\n").encode())

    def wants(self, name: str) -> bool:
        """Return whether a test is to run."""
        return name not in self._without and (self._only is None or name in self._only)

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:  # noqa: ANN401 - pytest's
        """Leave out what was not asked for."""
        left = [item for item in items if self.wants(item.nodeid)]
        others = [item for item in items if not self.wants(item.nodeid)]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = left

    def pytest_collection_finish(self, session: Any) -> None:  # noqa: ANN401 - pytest's
        """Note how many tests are to run, where this process runs them."""
        if session.items:
            self.write(event="collected", count=len(session.items))

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:  # noqa: ANN401, ARG002 - pytest's
        """Note that a test begins."""
        self.write(event="start", test=nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:  # noqa: ANN401
        """Note what came of a part of a test."""
        words = _last_line(report) if report.outcome == "failed" else ""
        expected = hasattr(report, "wasxfail")
        self.write(
            event="report",
            test=report.nodeid,
            part=report.when,
            outcome=report.outcome,
            expected=expected,
            seconds=report.duration,
            words=words,
        )

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:  # noqa: ANN401, ARG002
        """Note that a test has ended."""
        self.write(event="finish", test=nodeid)

    def pytest_collectreport(self, report: Any) -> None:  # noqa: ANN401
        """Note what cannot be collected."""
        if report.outcome == "failed":
            self.write(event="uncollected", test=report.nodeid, words=_last_line(report))

    def pytest_sessionfinish(self, session: Any, exitstatus: Any) -> None:  # noqa: ANN401
        """Note that all have run."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_EXTENSIONS] = _extensions()
            return
        usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        self.write(
            event="end",
            code=int(exitstatus),
            memory=max(usage) * (1 if sys.platform == "darwin" else 1024),
            extensions=sorted({*_extensions(), *self.of_workers}),
            holders=_holders(),
        )


class Workers:
    """Hears from pytest-xdist's workers what they have found, and which extensions each of them has loaded."""

    def __init__(self, record: Record) -> None:
        """Add what is heard to a record."""
        self._record = record

    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:  # noqa: ANN401, ARG002
        """Note how many tests are to run: each worker has found all of them."""
        self._record.write(event="collected", count=len(ids))

    def pytest_testnodedown(self, node: Any, error: Any) -> None:  # noqa: ANN401, ARG002
        """Note what a worker says at its end."""
        self._record.of_workers.update(getattr(node, "workeroutput", {}).get(_EXTENSIONS, ()))


def pytest_configure(config: Any) -> None:  # noqa: ANN401
    """Begin, if this is no worker; and let all tests run, whatever fails first."""
    if "PYBUILDKIT_CHOICE" in os.environ:
        is_worker = hasattr(config, "workerinput")
        record = Record("" if is_worker else os.environ["PYBUILDKIT_RECORD"], os.environ["PYBUILDKIT_CHOICE"])
        config.option.maxfail = 0
        config.pluginmanager.register(record, "buildkit-record")
        if config.pluginmanager.hasplugin("xdist") and not is_worker:
            config.pluginmanager.register(Workers(record), "buildkit-workers")


def _extensions() -> list[str]:
    """Return the names of the extensions that this process has loaded as modules."""
    kind = importlib.machinery.ExtensionFileLoader
    loaders = {
        name: getattr(getattr(module, "__spec__", None), "loader", None) for name, module in list(sys.modules.items())
    }
    return [name for name, loader in loaders.items() if isinstance(loader, kind)]


def _holders() -> list[str]:
    """Return in words what keeps this process from ending, if that does not end: what Python waits for at its end."""
    threads = [each for each in threading.enumerate() if each is not threading.main_thread() and not each.daemon]
    found = [f"the thread {each.name}" for each in threads]
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None:
        found += [f"the process {each.name}" for each in multiprocessing.active_children() if not each.daemon]
    return found


def _last_line(report: Any) -> str:  # noqa: ANN401
    """Return the error's line of a failure."""
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    words = str(getattr(crash, "message", "") or getattr(report, "longreprtext", ""))
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return (lines[0 if crash else -1] if lines else "")[:_WORDS]
