"""What is missing for an image build, told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from buildkit.doors.process import Completed
from buildkit.errors import EngineError
from buildkit.image.engine import require


class Client:
    """A docker client with given answers: command → exit code and stderr."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self._answers = answers

    def __call__(self, command: Sequence[str], **_: Any) -> Completed:
        exit_code, stderr = self._answers.get(command[1], (0, ""))
        return Completed(tuple(command), exit_code, "", stderr, 0.0)


def test_an_engine_with_buildx_will_do() -> None:
    require({}, Client())


def test_no_client() -> None:
    def absent(command: Sequence[str], **_: Any) -> Completed:
        raise FileNotFoundError(command[0])

    with pytest.raises(EngineError, match="no docker client on PATH") as caught:
        require({}, absent)
    assert "install Docker Engine" in caught.value.hint


def test_a_client_without_an_engine_names_where_it_asked() -> None:
    client = Client(version=(1, "\nCannot connect to the Docker daemon at unix:///nowhere.\n"))
    with pytest.raises(EngineError, match="no Docker Engine answers at DOCKER_HOST=unix:///nowhere") as caught:
        require({"DOCKER_HOST": "unix:///nowhere"}, client)
    assert caught.value.details == ("Cannot connect to the Docker daemon at unix:///nowhere.",)


def test_a_socket_that_nobody_serves() -> None:
    def silent(command: Sequence[str], **_: Any) -> Completed:
        raise TimeoutError(command[0])

    with pytest.raises(EngineError, match="no Docker Engine answers that the docker client knows"):
        require({}, silent)


def test_an_engine_without_buildx() -> None:
    with pytest.raises(EngineError, match="has no buildx") as caught:
        require({}, Client(buildx=(1, "docker: 'buildx' is not a docker command.\n")))
    assert "docker-buildx-plugin" in caught.value.hint
