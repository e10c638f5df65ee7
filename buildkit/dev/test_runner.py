"""The tests beside the services: they run after each cycle, the ones that the change concerns where that is known."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from buildkit.doors import process

_COUNT = r"\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|warnings?|subtests? passed)"
_COUNTS = re.compile(rf"({_COUNT}(?:, {_COUNT})*) in [\d.]+s.*")
"""The last line of pytest, without the signs around it."""

_NOTHING = 5
"""pytest's exit code where no test concerns the change."""


def command_of(tests: Sequence[str]) -> tuple[str, ...]:
    """Return what runs the tests: those of the settings, or pytest; with pytest-testmon, where it is installed.

    Args:
        tests: the command of [tool.buildkit.nox] `tests`; may be empty.
    """
    words = tuple(tests) or ("pytest", "-q")
    if Path(words[0]).name in {"pytest", "py.test"}:
        words = (sys.executable, "-m", "pytest", *words[1:])
        if importlib.util.find_spec("testmon") is not None and "--testmon" not in words:
            words = (*words, "--testmon")
    return words


class Runner:
    """Runs the tests of one project.

    Args:
        folder: where they run.
        log: the file that takes what they print.
        say: called with the words of tests that fail.
    """

    def __init__(self, folder: Path, log: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._log = log
        self._say = say
        self._child: process.Child | None = None
        self.result = ""
        """What came of the last run, in a few words."""

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run the tests in place of those that run."""
        self.end()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            try:
                self._child = process.start(command, folder=self._folder, environment=environment, output=log.fileno())
            except OSError as error:
                self.result = f"tests: {command[0]}: {error.strerror}"
                return
        self.result = "tests …"

    def attend(self) -> None:
        """Take the result if there is one."""
        child = self._child
        if child is None or child.poll() is None:
            return
        self._child = None
        lines = self._log.read_text("utf-8", "replace").splitlines()
        if child.returncode == _NOTHING:
            self.result = "tests: none concerned"
            return
        found = next((match[1] for line in reversed(lines) if (match := _COUNTS.fullmatch(line.strip(" =")))), "")
        self.result = f"tests: {found.strip(' ,') or ('passed' if child.returncode == 0 else 'failed')}"
        if child.returncode:
            self._say("\n".join([*lines[-60:], self.result]))

    def end(self) -> None:
        """End the run, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            process.end(child)
