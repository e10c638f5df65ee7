"""What is noted of the copies of the database; no server is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.db import records
from buildkit.db.copies import Copies
from buildkit.db.records import Copy, Records


def test_the_copy_used_last_is_the_last_also_where_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.write(tmp_path, Records((Copy("dev", used=2000.0), Copy("dev_two", used=1000.0)), "dev"))
    monkeypatch.setattr("buildkit.db.copies.time.time", lambda: 500.0)
    Copies(tmp_path).take_up(Copy("dev_two"))
    moments = {each.name: each.used for each in records.read(tmp_path).copies}
    assert moments["dev_two"] > moments["dev"] == 2000.0
