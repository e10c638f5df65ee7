"""The worker process that translates."""

from __future__ import annotations

import os
from pathlib import Path

from buildkit.compile.cython.translator import Translator
from buildkit.compile.module import Module
from buildkit.compile.places import Places
from buildkit.compile.toolchain import cython_folder


def test_the_suite_that_runs_translates_also_where_another_one_is_installed(tmp_path: Path) -> None:
    installed, source = tmp_path / "site", tmp_path / "src"
    (installed / "buildkit").mkdir(parents=True)
    (installed / "buildkit/__init__.py").write_text("raise SystemExit('another version')\n")
    source.mkdir()
    (source / "one.py").write_text("def one():\n    return 1\n")
    site = (str(installed), str(Path(cython_folder()).parent))
    translator = Translator(Places(str(source), site, (str(Path(os.__file__).parent),)), os.environ)

    try:
        done = translator.translate(Module("one", "one.py", "cython", {}, ()), tmp_path / "one.c", "c")
    finally:
        translator.close()

    assert done.ok, done.words
    assert "one.py" in (tmp_path / "one.c").read_text("utf-8")
