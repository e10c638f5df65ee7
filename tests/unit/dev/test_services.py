"""Which of several services a change concerns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.dev.service import Service
from buildkit.dev.services import Services


@pytest.fixture
def services() -> Iterator[Services]:
    found = Services(hold=1.0, drain=0.0)
    yield found
    found.stop()


def test_another_database_concerns_a_service_whatever_it_watches(services: Services, tmp_path: Path) -> None:
    one = Service(("sleep", "30"), tmp_path, {**os.environ, "DATABASE_URL": "a"}, "alive", "one", watch=("src/**",))
    assert services.start([one], []) == ["one"]
    assert services.start([one], ["migrations/versions/two.py"]) == []
    moved = replace(one, environment={**os.environ, "DATABASE_URL": "b"})
    assert services.start([moved], ["migrations/versions/two.py"]) == ["one"]
    assert services.start([moved], ["migrations/versions/two.py"]) == []
