"""The small service with data (see `data_service`): three stages that note each of their real runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from data_service import Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service before its data was ever made; what it started ends with the test."""
    import data_service

    with contextlib.closing(data_service.make(tmp_path / "service")) as service:
        yield service


@pytest.fixture
def made(service: Service) -> Service:
    """The service with its data made, and nothing noted since."""
    service.refresh()
    service.runs()
    return service
