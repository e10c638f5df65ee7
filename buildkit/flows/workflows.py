"""`invoke release.workflows`: the files by which a CI service checks the project: look → decide → write, or compare."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from buildkit.config import Config
from buildkit.doors import files, originals, reading
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError
from buildkit.flows.workflows_look import look
from buildkit.model import Outcome, Reason, Report
from buildkit.release.workflows import checks, github, gitlab, seal
from buildkit.release.workflows.seal import Found
from buildkit.report.console import Console

SCHEMA = "buildkit.workflows/1"

HOSTS = {"github": github, "gitlab": gitlab}
"""The CI services, each with what renders the checks for it."""

_REASONS = {
    Found.NOTHING: Reason("there was none"),
    Found.EQUAL: Reason("unchanged"),
    Found.OLDER: Reason("the settings differ"),
    Found.EDITED: Reason("edited by hand since it was written"),
    Found.ANOTHER: Reason("not written by this command"),
}
_THEIRS = frozenset({Found.EDITED, Found.ANOTHER})


def write_workflows(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    host: str = "",
    check: bool = False,
    force: bool = False,
    dry_run: bool = False,
) -> Report:
    """Write the files of the CI service; one that was edited stays.

    Args:
        config: the project.
        console: shows what differs.
        environment: handed to Nox, which lists the sessions.
        host: `github` or `gitlab`; if empty, the one whose files are there, else GitHub.
        check: compare alone.
        force: write in the place of an edited file too, and keep that one as `.original`.
        dry_run: say what would be written, and how it differs.

    Raises:
        ConfigurationError: a file differs and `check` was asked for, or it was edited and `force` was not; or the
            project has nothing for CI to run.
    """
    watch = Stopwatch()
    top = _repository(config.root)
    service = HOSTS[_host(host, top)]
    decided = checks.decide(look(config, environment))
    place = top / service.file(decided)
    wanted = seal.sealed(service.render(decided))
    there = reading.read_text(place) if place.is_file() else None
    found = seal.found(there, wanted)
    name = place.relative_to(top).as_posix()
    if found not in (Found.EQUAL, Found.NOTHING):
        console.say(_difference(there or "", wanted, name))
    result = _result(found, check=check, force=force, dry_run=dry_run)
    detail = ""
    if result == "written":
        kept = originals.keep(place) if found in _THEIRS else ""
        place.parent.mkdir(parents=True, exist_ok=True)
        files.write(place, wanted, mode=0o644)
        detail = f"the former one is kept as {kept}" if kept else ""
    row = Outcome(name, result, _REASONS[found], watch.seconds, detail)
    report = Report(SCHEMA, (row,), watch.seconds, {"dry-run": True} if dry_run else {}, row="file")
    console.outcome(row)
    _require(name, found, result, report)
    return report


def lines(report: Report) -> list[str]:
    """Return the summary: each file, what became of it and why."""
    return [
        f"{row.subject}: {row.result} ({row.reason}){f', {row.detail}' if row.detail else ''}"
        for row in report.outcomes
    ]


def _host(given: str, top: Path) -> str:
    if given:
        if given not in HOSTS:
            raise ConfigurationError(f"--host {given}: there is no such CI service", hint=f"one of {', '.join(HOSTS)}")
        return given
    return "gitlab" if (top / ".gitlab-ci.yml").exists() and not (top / ".github").exists() else "github"


def _repository(root: Path) -> Path:
    return next((place for place in (root, *root.parents) if (place / ".git").exists()), root)


def _result(found: Found, *, check: bool, force: bool, dry_run: bool) -> str:
    if found is Found.EQUAL:
        return "fresh"
    if check:
        return "differs"
    if found in _THEIRS and not force:
        return "kept"
    return "would be written" if dry_run else "written"


def _require(name: str, found: Found, result: str, report: Report) -> None:
    if result == "differs":
        raise ConfigurationError(
            f"{name} is not what the settings say: {_REASONS[found]}",
            hint="write it: invoke release.workflows" + (" --force" if found in _THEIRS else ""),
            report=report,
        )
    if result == "kept":
        raise ConfigurationError(
            f"{name} was left alone: {_REASONS[found]}",
            hint="to write it all the same, and keep this one as .original: invoke release.workflows --force",
            report=report,
        )


def _difference(there: str, wanted: str, name: str) -> str:
    found = difflib.unified_diff(there.splitlines(), wanted.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(found)
