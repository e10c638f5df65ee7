"""What a builder has compiled is carried to one that has nothing, as a file."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from plugins.bases import shop_in
from plugins.images import Project

from buildkit.config import load
from buildkit.errors import ConfigurationError, ImageError, StoreError
from buildkit.flows import image_store
from buildkit.model import Report
from buildkit.report.console import Console

Carry = Callable[..., Report]


def carry(how: Carry, root: Path, file: Path) -> Report:
    variables = {**os.environ, "CI": ""}
    return how(load(root, variables), Console(variables, talk=io.StringIO()), variables, file=file)


pack, unpack = partial(carry, image_store.pack), partial(carry, image_store.unpack)


@pytest.mark.slow
@pytest.mark.usefixtures("docker")
def test_a_builder_with_nothing_compiles_only_what_changed(editable: Project, tmp_path: Path) -> None:
    """A copy in another folder has caches of its own, as a project on another machine has."""
    mark = uuid4().hex
    editable.edit("src/greeter/words.py", "text.upper()", f"text.upper() + '{mark}'")
    editable.build()
    assert re.search(r"compile: 3 compiled", editable.talk.getvalue()), "its store was empty"
    archive = tmp_path / "kept" / "store.tar.gz"
    archive.parent.mkdir()
    assert pack(editable.root, archive).outcomes[0].result == "packed"

    other = Project(tmp_path / "other", editable.repository)
    shutil.copytree(editable.root, other.root, ignore=shutil.ignore_patterns(".buildkit"))
    other.edit("src/greeter/words.py", mark, mark[::-1])
    assert unpack(other.root, archive).outcomes[0].result == "unpacked"
    other.build()
    assert re.search("compile: (2 restored, 1 compiled|1 compiled, 2 restored)", other.talk.getvalue())

    archive.write_bytes(b"no archive")
    with pytest.raises(ImageError, match="did not build") as caught:
        unpack(other.root, archive)
    assert any("store.tar.gz" in line for line in caught.value.details), caught.value.details


def test_what_is_no_archive_or_has_no_such_store_is_refused(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop")
    with pytest.raises(ConfigurationError, match="is built without an engine, by the store of this machine") as caught:
        pack(shop.root, tmp_path / "store.tar.gz")
    assert "invoke cache.pack FILE" in caught.value.hint
    shop.edit("pyproject.toml", 'builder = "oci"', 'builder = "docker"')
    with pytest.raises(StoreError, match="is not there"):
        unpack(shop.root, tmp_path / "store.tar.gz")
    (shop.root / "pyproject.toml").write_text(
        (shop.root / "pyproject.toml").read_text() + '[tool.buildkit.image.worker]\ncommand = ["x"]\n'
    )
    with pytest.raises(ConfigurationError, match="there are 2"):
        pack(shop.root, tmp_path / "store.tar.gz")
