"""The lines that make a project's environment in CI: `.venv`, from the lock by the tool that wrote it."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from buildkit.release.workflows.facts import Facts

PROGRAMS = ".venv/bin"
"""Where the programs of the environment lie, relative to the project."""

_INSTALL = "python -m pip install --quiet"
_INTO = f"{PROGRAMS}/python -m pip install --quiet"


def lines(facts: Facts) -> tuple[str, ...]:
    """Return the lines of a shell that make the environment, with the suite in it."""
    made = _BY.get(facts.lock.rpartition("/")[2], _by_pip)(facts)
    if facts.suite.is_declared:
        return made
    return (*made, _suite(facts))


def _suite(facts: Facts) -> str:
    """Return the line that installs the suite where the project names it nowhere."""
    wanted = f"invoke-buildkit=={facts.suite.version}"
    if facts.lock.endswith("uv.lock"):  # its environments have no pip
        return f"uv pip install --quiet {wanted}"
    return f"{_INTO} {wanted}"


def _by_uv(facts: Facts) -> tuple[str, ...]:
    chosen = _option("--extra", facts.suite.extra) + _option("--group", facts.suite.group)
    return (f"{_INSTALL} uv", f"uv sync --quiet --locked{chosen}")


def _by_poetry(facts: Facts) -> tuple[str, ...]:
    chosen = _option("--extras", facts.suite.extra) + _option("--with", facts.suite.group)
    return (
        f"{_INSTALL} poetry",
        f"POETRY_VIRTUALENVS_IN_PROJECT=true poetry install --quiet --no-interaction{chosen}",
    )


def _by_pdm(facts: Facts) -> tuple[str, ...]:
    chosen = _option("--group", facts.suite.extra or facts.suite.group)
    return (f"{_INSTALL} pdm", f"pdm sync --quiet{chosen}")


def _by_pip(facts: Facts) -> tuple[str, ...]:
    """Return the lines where no tool made the lock: a lock is installed as it is, and the project goes on top of it."""
    made = ["python -m venv .venv"]
    if facts.lock:
        made.append(f"{_INTO} --requirement {shlex.quote(facts.lock)}")
    file = facts.suite.file
    if file and file != facts.lock:
        made.append(f"{_INTO} --requirement {shlex.quote(file)}")
    if facts.suite.extra or not facts.lock:
        extra = f"[{facts.suite.extra}]" if facts.suite.extra else ""
        made.append(f"{_INTO} --editable {shlex.quote('.' + extra)}")
    if facts.suite.group:
        made.append(f"{_INTO} --group {shlex.quote(facts.suite.group)}")
    return tuple(made)


def _option(flag: str, value: str) -> str:
    return f" {flag} {shlex.quote(value)}" if value else ""


_BY: dict[str, Callable[[Facts], tuple[str, ...]]] = {
    "uv.lock": _by_uv,
    "poetry.lock": _by_poetry,
    "pdm.lock": _by_pdm,
}
