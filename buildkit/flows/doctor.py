"""`invoke doctor`: each thing that a command needs, found or not, with the line that mends it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from buildkit.config import load
from buildkit.doctor.finding import MISSING, OK, OPTIONAL, STATES, WARNING, Finding
from buildkit.doctor.table import lines_of
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BuildkitError, ConfigurationError
from buildkit.flows import doctor_project, doctor_tools
from buildkit.flows.doctor_tools import Wants
from buildkit.model import Outcome, Reason, Report
from buildkit.store import place

SCHEMA = "buildkit.doctor/1"


def doctor(folder: Path, environment: Mapping[str, str]) -> Report:
    """Look at all that commands need here, and at what of the project will hurt; nothing is written.

    Args:
        folder: the project's folder, or one in it; without a project the machine alone is looked at.
        environment: the variables.

    Returns:
        A row for each thing. `exit-code` is that of the first command that fails for what is missing.
    """
    watch = Stopwatch()
    findings: list[Finding] = []
    wants, root = Wants(), folder
    checks: list[doctor_tools.Check] = []
    try:
        config = load(folder, environment)
        root = config.root
        findings.append(Finding("settings", OK, str(config.file), "every command"))
        wants = Wants(**doctor_project.wants_of(config, environment))
        checks = doctor_project.checks(config, environment)
    except ConfigurationError as error:
        findings.append(doctor_project.unset(error))
    except BuildkitError as error:
        findings.append(Finding("project", MISSING, error.message, "this project", code=error.exit_code))
    of_tools = doctor_tools.checks(wants, environment, place.find(environment).folder, root)
    with ThreadPoolExecutor(len(of_tools) + len(checks)) as pool:  # they wait for processes
        waiting = [pool.submit(check) for check in (*of_tools, *checks)]
        findings += [each for one in waiting for each in one.result()]
    rows = tuple(Outcome(each.thing, each.state, Reason(each.found), detail=each.mend) for each in findings)
    code = next((each.code for each in findings if each.state == MISSING), 0)
    facts = {"serves": {each.thing: each.serves for each in findings}, "exit-code": code}
    return Report(SCHEMA, rows, watch.seconds, facts, row="thing")


def lines(report: Report, *, coloured: bool = False, width: int = 0) -> list[str]:
    """Return the table, what mends, and a last line that counts."""
    serves = dict(report.facts["serves"])  # type: ignore[call-overload] # as `doctor` makes it
    findings = [
        Finding(row.subject, row.result, str(row.reason), str(serves[row.subject]), row.detail)
        for row in report.outcomes
    ]
    counted = {state: sum(each.state == state for each in findings) for state in STATES}
    said = [f"{counted[state]} {state}" for state in (MISSING, WARNING, OPTIONAL, OK) if counted[state]]
    columns = width or shutil.get_terminal_size().columns
    return [
        *lines_of(findings, width=columns, coloured=coloured),
        "",
        f"doctor: {', '.join(said)}  [{report.seconds:.2f} s]",
    ]
