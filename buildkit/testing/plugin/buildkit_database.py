"""The fixture `buildkit_database_url`: a database of its own for each test that asks for it, at head and empty.

Loading this loads pytest and nothing else. The databases are made by a program in the Python of the suite, which is
started when the first test asks, one for each worker of pytest-xdist, and ends with the tests. `PYBUILDKIT_TESTING`
says how to start it: a session of Nox sets it, since its own Python may lack the suite.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

VARIABLE = "PYBUILDKIT_TESTING"

_PATIENCE = 30.0


class Program:
    """The program that makes the databases.

    Args:
        command: how to start it.
        folder: the folder that the project is in.
    """

    def __init__(self, command: list[str], folder: str) -> None:
        import subprocess  # noqa: PLC0415, TID251 - this file knows nothing of the suite, and most runs start nothing

        self._process = subprocess.Popen(  # noqa: S603 - our own
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the tests; it ends when they have
        )

    def ask(self, **order: str) -> dict[str, Any]:
        """Have it do something, and return its answer; the test fails with its words if it cannot."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101
        assert stdout is not None  # noqa: S101
        try:
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            pytest.fail("the program that makes the databases has ended; its words are on stderr", pytrace=False)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            pytest.fail(answer["error"], pytrace=False)
        return answer

    def end(self) -> None:
        """Let it drop what is left, and end."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_PATIENCE)
        except Exception:  # noqa: BLE001 - that it takes too long; without its stdin it ends some time
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="session")
def _buildkit_databases(pytestconfig: pytest.Config) -> Iterator[Program]:
    """The program, from the first test that asks for a database to the end of the tests."""
    given = os.environ.get(VARIABLE)
    folder = str(pytestconfig.rootpath)
    if given:
        command: list[str] = json.loads(given)
    else:
        from buildkit.doors import python  # noqa: PLC0415 - it is there: this file was loaded from it

        command = python.module_command("buildkit.testing", folder)
    program = Program(command, folder)
    yield program
    program.end()


@pytest.fixture
def buildkit_database_url(_buildkit_databases: Program) -> Iterator[str]:
    """The URL of a database that is this test's alone: at the head of the revisions, without rows of anybody else."""
    url: str = _buildkit_databases.ask(make="database")["url"]
    yield url
    _buildkit_databases.ask(drop=url)
