from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildkit import errors
from buildkit.errors import BuildkitError, CompileError, ConfigurationError, render

CODES = {
    "ConfigurationError": 2,
    "CompileError": 10,
    "ToolchainError": 11,
    "StoreError": 12,
    "DifferenceError": 13,
    "ImageError": 20,
    "EngineError": 21,
    "BudgetError": 22,
    "DataError": 30,
    "StageError": 31,
    "RevisionError": 40,
    "HeadsError": 41,
    "DatabaseError": 42,
    "DatabaseAheadError": 43,
    "VersionTableError": 44,
    "ReleaseRefusedError": 50,
    "RegistryError": 51,
    "RestoredError": 52,
    "MixedError": 53,
    "UndecidedError": 54,
    "AccessError": 55,
    "LockBusyError": 75,
}
"""The public interface: scripts and health checks rely on these numbers."""


def test_exit_codes_are_those_of_the_interface_each_once() -> None:
    found = {kind.__name__: kind.exit_code for kind in BuildkitError.__subclasses__()}

    assert {name: code for name, code in found.items() if hasattr(errors, name)} == CODES
    assert len(set(CODES.values())) == len(CODES)
    assert BuildkitError.exit_code == 1


def test_the_reference_page_lists_these_codes_and_those_of_signals() -> None:
    page = Path(__file__).parents[2] / "docs/reference/exit-codes.md"

    listed = [int(code) for code in re.findall(r"^\| (\d+) \|", page.read_text(), re.MULTILINE)]

    assert listed == [0, 1, *CODES.values(), 129, 130, 141, 143]


@pytest.mark.parametrize("kind", BuildkitError.__subclasses__())
def test_every_error_is_told_by_its_docstring(kind: type[BuildkitError]) -> None:
    assert kind.__doc__
    assert kind.__doc__.splitlines()[0].endswith(".")


def test_an_error_reads_message_details_empty_line_hint() -> None:
    error = CompileError(
        "1 of 3 modules did not compile",
        details=["app.bad:", "  app/bad.py:1:11: expected a name"],
        hint="mend it, or let it stay Python:\nadd its file to `exclude`",
    )

    assert render(error) == (
        "error: 1 of 3 modules did not compile\n"
        "  app.bad:\n"
        "    app/bad.py:1:11: expected a name\n"
        "\n"
        "hint: mend it, or let it stay Python:\n"
        "      add its file to `exclude`"
    )


def test_an_error_without_hint_is_its_message() -> None:
    error = ConfigurationError("pyproject.toml: one setting is wrong")

    assert render(error) == "error: pyproject.toml: one setting is wrong"
    assert (str(error), error.hint, error.details) == (error.message, "", ())
