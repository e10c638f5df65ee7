"""Whoever pulls from a registry that may mean harm (see `lying`): without a password, into a volume that is watched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def nobody(tmp_path: Path) -> dict[str, str]:
    """An environment without a password."""
    return {"DOCKER_CONFIG": str(tmp_path / "none"), "PATH": os.environ["PATH"]}


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """An empty volume. Whatever a test does, what lies around it is the same at the end."""
    around = tmp_path / "around"
    (around / "volume").mkdir(parents=True)
    (around / "victim").write_text("precious\n")
    before = _seen(around)
    yield around / "volume"
    assert _seen(around) == before


def _seen(around: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mode)
        for path in sorted(around.rglob("*"))
        if "volume" not in path.relative_to(around).parts
    }
