"""Checks that images can be built here: a docker client, an engine that answers, and buildx."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.doors import process
from buildkit.errors import EngineError

PATIENCE = 20.0
"""Seconds to wait for an answer: a socket without a server can hang a client."""

_INSTALL = "https://docs.docker.com/engine/install/"


def require(environment: Mapping[str, str] | None = None, run: process.Runner = process.run) -> None:
    """Check that a Docker Engine with buildx answers.

    Args:
        environment: the variables that the client reads, such as `DOCKER_HOST`; this process's own if None.
        run: the function that runs the docker client.

    Raises:
        EngineError: one of them is missing; the hint says how to get it.
    """
    try:
        answer = run(
            ["docker", "version", "--format", "{{.Server.Version}}"], environment=environment, timeout=PATIENCE
        )
    except FileNotFoundError:
        raise EngineError(
            "no docker client on PATH", hint=f"install Docker Engine with its buildx plugin: {_INSTALL}"
        ) from None
    except TimeoutError:
        raise _silent(environment, f"no answer within {PATIENCE:g} s") from None
    if not answer.ok:
        raise _silent(environment, _last_line(answer.stderr))
    try:
        buildx = run(["docker", "buildx", "version"], environment=environment, timeout=PATIENCE)
    except TimeoutError:
        raise _without_buildx("no answer") from None
    if not buildx.ok:
        raise _without_buildx(_last_line(buildx.stderr))


def _silent(environment: Mapping[str, str] | None, words: str) -> EngineError:
    host = (environment or {}).get("DOCKER_HOST")
    where = f"at DOCKER_HOST={host}" if host else "that the docker client knows"
    return EngineError(
        f"no Docker Engine answers {where}",
        details=[words],
        hint=f"start it (systemctl start docker, or Docker Desktop), or install it: {_INSTALL}\n"
        "if it runs, see that you may use its socket, and that DOCKER_HOST names the right one",
    )


def _without_buildx(words: str) -> EngineError:
    return EngineError(
        "the docker client has no buildx",
        details=[words],
        hint="install the plugin: the package docker-buildx-plugin or docker-buildx, or https://github.com/docker/buildx",
    )


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")
