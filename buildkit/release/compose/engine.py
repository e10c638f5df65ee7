"""Asks the engine of the host, by the docker command line; its refusals become errors with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import process
from buildkit.errors import EngineError

PATIENCE = 60.0
"""Seconds within which the engine answers a question."""


class Engine:
    """The engine of one host.

    Args:
        environment: the variables of the docker client.
        host: the engine's address; empty for that which the client knows.
        run: the function that runs the docker client.
    """

    def __init__(self, environment: Mapping[str, str], host: str = "", run: process.Runner = process.run) -> None:
        self.environment = {**environment, **({"DOCKER_HOST": host} if host else {})}
        self._host = host
        self._run = run

    def try_to(
        self, *words: str, timeout: float | None = PATIENCE, variables: Mapping[str, str] | None = None
    ) -> process.Completed:
        """Run the docker client and return what it left, whatever its exit code.

        Args:
            words: its arguments.
            timeout: seconds that it may take.
            variables: variables beside those of the engine.

        Raises:
            EngineError: there is no docker client, or it does not answer.
        """
        try:
            return self._run(["docker", *words], environment={**self.environment, **(variables or {})}, timeout=timeout)
        except FileNotFoundError:
            raise EngineError(
                "no docker client on PATH", hint="install it: https://docs.docker.com/engine/install/"
            ) from None
        except TimeoutError:
            raise EngineError(
                f"the engine{self._where} gave no answer within {timeout:g} s: docker {words[0]}",
                hint="see that it is not overloaded, and run again: what is done is not done twice",
            ) from None

    def ask(self, *words: str, timeout: float | None = PATIENCE) -> str:
        """Run the docker client and return its output.

        Raises:
            EngineError: it refuses; gives its last line.
        """
        answer = self.try_to(*words, timeout=timeout)
        if not answer.ok:
            raise EngineError(
                f"the engine{self._where} refused: docker {words[0]}",
                details=[last_line(answer.stderr)],
                hint="see that it runs and that you may use it: docker info",
            )
        return answer.stdout

    def json(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        """Return what the docker client prints as JSON; None if it refuses or prints none."""
        answer = self.try_to(*words)
        try:
            return untrusted.json_of(answer.stdout) if answer.ok else None
        except untrusted.Odd:
            return None

    @property
    def _where(self) -> str:
        return f" at {self._host}" if self._host else ""


def last_line(text: str) -> str:
    """Return the last line of a text that says something."""
    return next((untrusted.shown(line, 400) for line in reversed(text.splitlines()) if line.strip()), "")
