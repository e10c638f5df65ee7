"""Which sources a callable can reach: all that it imports, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.data.stages import code
from buildkit.data.stages.digests import Digests

SOURCES = {
    "app/__init__.py": "",
    "app/api.py": "import app.pipeline\n",
    "app/pipeline/__init__.py": "",
    "app/pipeline/read.py": "from app import text\nfrom . import lines\nimport json\n",
    "app/pipeline/lines.py": "def split(text):\n    from ..deep.words import word\n    return word\n",
    "app/deep/words.py": "word = 1\n",
    "app/text.py": "from other import *\n",
    "other.py": "import app.fast\n",
    "app/fast.pyx": 'from app.kernel cimport (step,\n    jump)\ninclude "constants.pxi"\n',
    "app/fast.pxd": "",
    "app/kernel.pxd": "",
    "app/constants.pxi": "",
}


@pytest.fixture
def source_root(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        file = tmp_path / "src" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "src"


def reach(module: str, source_root: Path) -> set[str]:
    return set(code.digests_of(module, source_root, Digests(source_root / "inputs.json")))


def test_imports_are_followed_and_others_are_not(source_root: Path) -> None:
    assert reach("app.pipeline.read", source_root) == SOURCES.keys() - {"app/api.py"}


def test_a_package_is_reached_through_its_init(source_root: Path) -> None:
    assert reach("app.pipeline", source_root) == {"app/__init__.py", "app/pipeline/__init__.py"}


def test_a_module_that_is_not_there_reaches_nothing(source_root: Path) -> None:
    assert reach("app.missing", source_root) == set()


def test_imports_are_read_once_per_content(source_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = source_root / "inputs.json"
    first = Digests(kept)
    found = code.digests_of("app.pipeline.read", source_root, first)
    first.save()
    monkeypatch.setattr("ast.parse", lambda *_: pytest.fail("parsed again"))
    assert code.digests_of("app.pipeline.read", source_root, Digests(kept)) == found


def test_a_source_with_a_fault_in_it_still_counts(source_root: Path) -> None:
    (source_root / "app/pipeline/lines.py").write_text("def (\n")
    assert "app/pipeline/lines.py" in reach("app.pipeline.read", source_root)
