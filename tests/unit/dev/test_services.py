"""Which of several services a change concerns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from buildkit.dev.journal import Log
from buildkit.dev.service import Service
from buildkit.dev.services import Services


@pytest.fixture
def services() -> Iterator[Services]:
    found = Services(hold=1.0, drain=0.0, log=Log(partial(os.write, 2), print))
    yield found
    found.stop()


def test_another_database_concerns_a_service_whatever_it_watches(services: Services, tmp_path: Path) -> None:
    one = Service(("sleep", "30"), tmp_path, {**os.environ, "DATABASE_URL": "a"}, "alive", "one", watch=("src/**",))
    assert services.start([one], []) == ["one"]
    assert services.start([one], ["migrations/versions/two.py"]) == []
    moved = replace(one, environment={**os.environ, "DATABASE_URL": "b"})
    assert services.start([moved], ["migrations/versions/two.py"]) == ["one"]
    assert services.start([moved], ["migrations/versions/two.py"]) == []


def test_a_service_that_reloads_by_itself_is_named_once(tmp_path: Path) -> None:
    said: list[str] = []
    services = Services(hold=1.0, drain=0.0, log=Log(partial(os.write, 2), said.append))
    one = Service(("sleep", "30", "--reload"), tmp_path, dict(os.environ), "alive", "one")
    try:
        services.start([one], [])
        services.start([one], [])
    finally:
        services.stop()
    assert said == ["one reloads by itself (--reload): leave that to invoke dev, which restarts it already"]
