"""How far the packing and unpacking of the store are."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest

from buildkit.config import load
from buildkit.core.fingerprint import digest_bytes
from buildkit.flows import cache
from buildkit.report import progress
from buildkit.report.console import Console
from buildkit.store.artifacts import of_machine

_ACTIONS = 8
_BYTES = 1_000_000


class Terminal(io.StringIO):
    """A terminal that remembers each line that stood at its bottom."""

    def isatty(self) -> bool:
        return True

    def shown(self) -> list[str]:
        return re.findall(r"\r\x1b\[K([^\r\n]+)", self.getvalue())


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the first sign at once, so that small archives do."""
    monkeypatch.setattr(progress, "_BRIEF", 0.001)
    monkeypatch.setattr(progress, "_REFRESH", 0.001)


def places(root: Path, name: str) -> dict[str, str]:
    return {"TERM": "xterm", "PYBUILDKIT_CACHE_DIR": str(root / name)}


@pytest.mark.usefixtures("brisk")
def test_packing_counts_actions_and_unpacking_bytes_of_the_archive(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.buildkit]\npackages = []\n")
    config, file = load(tmp_path, {}), tmp_path / "cache.tar.gz"
    store = of_machine(places(tmp_path, "full"), pytest.fail, pytest.fail)
    for number in range(_ACTIONS):
        made = {"headers": [], "digest": "", "output": store.put(os.urandom(_BYTES))}
        store.add(digest_bytes(bytes([number])), made)
    packing, unpacking = Terminal(), Terminal()

    full, empty = places(tmp_path, "full"), places(tmp_path, "empty")
    cache.pack(config, Console(full, talk=packing), full, file=file, everything=True)
    taken = cache.unpack(config, Console(empty, talk=unpacking), empty, file=file)

    assert (taken.facts["actions"], taken.facts["blobs"]) == (_ACTIONS, _ACTIONS)
    assert any(re.match(rf"packing the cache  [1-{_ACTIONS}] of {_ACTIONS}  0:0\d", line) for line in packing.shown())
    assert any(
        re.match(r"unpacking the cache  [\d.]+ [MKk]?i?B of [\d.]+ MB  0:0\d", line) for line in unpacking.shown()
    )
    assert packing.getvalue().endswith("\r\x1b[K")
    assert unpacking.getvalue().endswith("\r\x1b[K")
