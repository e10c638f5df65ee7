"""What the last build sent is kept for later."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.image.sent import place, read, write


@pytest.mark.parametrize("sent", [0, 3400, None])
def test_what_was_written_is_read(tmp_path: Path, sent: int | None) -> None:
    (tmp_path / "image").mkdir()
    write(place(tmp_path, "api"), sent)
    assert read(tmp_path / "image/api.sent") == sent


@pytest.mark.parametrize(
    "text", ["", "x", "{}", "[]", '{"bytes": -1}', '{"bytes": true}', '{"bytes": "1"}', "[" * 4000]
)
def test_what_nobody_wrote_is_not_known(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "gone") is None
    (tmp_path / "odd").write_text(text)
    assert read(tmp_path / "odd") is None
