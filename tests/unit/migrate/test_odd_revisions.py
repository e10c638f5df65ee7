"""A revision or an ini file that is no file is named, and nobody waits for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.doors import reading
from buildkit.errors import HeadsError
from buildkit.migrate.scripts import alembic_files, graph


def test_a_revision_that_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0001_first.py")
    with pytest.raises(HeadsError, match=r"0001_first\.py: a FIFO, not a file"):
        graph.read([tmp_path], recursive=False)


def test_settings_that_are_no_file_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alembic.ini")
    with pytest.raises(reading.NotAFile):
        alembic_files.from_ini(tmp_path / "alembic.ini")
