"""`invoke image.audit` where nothing can be read yet."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from buildkit.config import load
from buildkit.errors import ConfigurationError
from buildkit.flows.image_audit import audit_images
from buildkit.report.console import Console


def test_what_reads_compiled_files_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "service"\nversion = "1"\n[tool.buildkit.image.api]\ncommand = ["true"]\n'
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match="by pyelftools, which is not installed") as caught:
        audit_images(load(tmp_path, os.environ), Console({}), {})
    assert caught.value.hint == 'pip install "invoke-buildkit[audit]"'


def test_a_picture_that_is_no_svg_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "service"\nversion = "1"\n[tool.buildkit.image.api]\ncommand = ["true"]\n'
    )
    with pytest.raises(ConfigurationError, match=r"--picture image\.png: the picture is SVG") as caught:
        audit_images(load(tmp_path, os.environ), Console({}), {}, picture="image.png")
    assert caught.value.hint == "let its name end in .svg"
