"""Checks whether nothing has changed since the last look, so that its report can be given again.

A look rests on files, on folders and links (what comes or goes there may be an input), on variables of the environment
and on the interpreter. Where the last look left everything as it was, all of them are written down with what it came
to. If each is as it was, the answer is the same: no settings are read, no module is compared. What was touched is read
again; anything else that differs, or is not known, makes it a matter for a whole look.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from buildkit.compile.suffix import own_suffix
from buildkit.core.fingerprint import digest_value
from buildkit.core.plan import UNCHANGED
from buildkit.doors.clock import Stopwatch
from buildkit.doors.statcache import row_of
from buildkit.model import WORK, Digest, Outcome, Reason, Report
from buildkit.store import snapshot as snapshots
from buildkit.store.snapshot import Snapshot

_COLUMNS = 5
"""The number of texts in a stored row whose subject is not simply fresh."""


class AskedVariables(Mapping[str, str]):
    """The environment variables; records which ones were read."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._environment[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


class UpToDateCheck:
    """One up-to-date check of the project that a folder is in.

    Args:
        folder: where the command runs.
        environment: its variables.
        request: the command-line flags that affect the result.

    `environment` is to be used by the whole look if the check is not enough.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], request: str) -> None:
        self._folder = folder
        self._variables = environment
        self._request = request
        self.environment = AskedVariables(environment)

    def report(self) -> Report | None:
        """Return the report of the last look if nothing has changed since; None if a whole look is needed."""
        watch = Stopwatch()
        file = self._file()
        seen = snapshots.read(file) if file is not None else Snapshot()
        found = seen.found
        if file is None or not _is_answer(found) or found["asked by"] != self._asked_by(found["variables"]):
            return None
        if found.get("machine") and found["machine"] != _machine():
            return None
        touched = seen.touched()
        for at in touched:
            row = row_of(seen.paths[at], folder=at >= seen.files)
            if row[4] != seen.digest(at):
                return None
            seen.stamp(at, row)
        if touched:
            with contextlib.suppress(OSError):  # a tree that cannot be written is looked at again
                snapshots.write(file, seen)
        return Report(found["schema"], tuple(map(_outcome, found["rows"])), watch.seconds, found["facts"], found["row"])

    def to_store(self, report: Report, *, of_machine: bool) -> Mapping[str, Any]:
        """Return what to store of a look that found nothing to do, for the next check.

        Args:
            report: its result.
            of_machine: whether the result depends on the machine's own name or version.
        """
        variables = sorted(self.environment.names)
        return {
            "asked by": self._asked_by(variables),
            "variables": variables,
            "machine": _machine() if of_machine else [],
            "schema": report.schema,
            "facts": dict(report.facts),
            "row": report.row,
            "rows": [_row(row) for row in report.outcomes],
        }

    def _file(self) -> Path | None:
        """Return the file of the nearest project."""
        for place in (self._folder, *self._folder.parents):
            if (place / "pyproject.toml").exists():
                return snapshots.file_in(place / WORK, own_suffix())
        return None

    def _asked_by(self, variables: list[str]) -> Digest:
        values = [self._variables.get(name) for name in variables]
        return digest_value([self._request, values, sys.executable, sys.prefix, sys.version, sys.path])


def _machine() -> list[str]:
    return [*os.uname()]


def _is_answer(found: Mapping[str, Any]) -> bool:
    """Return whether `UpToDateCheck.to_store` returned that; asked as a whole, as there may be thousands of rows."""
    rows, variables = found.get("rows"), found.get("variables")
    if not (isinstance(rows, list) and isinstance(variables, list) and isinstance(found.get("facts"), dict)):
        return False
    words = [*variables, found.get("schema"), found.get("row"), found.get("asked by")]
    for row in rows:
        if isinstance(row, list):
            words += row if len(row) == _COLUMNS else [None]
        else:
            words.append(row)
    return {*map(type, words)} <= {str}


def _row(row: Outcome) -> Any:  # noqa: ANN401 - JSON
    if row.result == "fresh" and row.reason == UNCHANGED and not row.detail:
        return row.subject
    return [row.subject, row.result, row.reason.kind, row.reason.detail, row.detail]


def _outcome(row: Any) -> Outcome:  # noqa: ANN401 - JSON
    if isinstance(row, str):
        return Outcome(row, "fresh", UNCHANGED)
    subject, result, kind, detail, words = row
    return Outcome(subject, result, Reason(kind, detail), detail=words)
