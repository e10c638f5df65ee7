"""How `invoke dev` reads a project: what counts, what is run; the loop itself is in tests/unit/dev."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from plugins.projects import SERVED, ProjectMaker

from buildkit.config import load
from buildkit.core.changes import Need
from buildkit.errors import BuildkitError, ConfigurationError
from buildkit.flows.dev import lines
from buildkit.flows.dev_project import Project
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console


def project_in(
    root: Path, environment: Mapping[str, str], flags: Mapping[str, str] | None = None
) -> tuple[Project, io.StringIO]:
    words = io.StringIO()
    config = load(root, environment, flags)
    return Project(config, Console(environment, talk=words, out=words), environment), words


def test_settings_are_read_again_with_the_flags_that_were_given(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": SERVED, "src/app/__init__.py": ""})
    found, words = project_in(root, {}, {"compile.profile": "release", "compile.jobs": "2"})
    assert not found.reload()
    (root / "pyproject.toml").write_text(SERVED.replace("serve", "other").replace("anyio", "trio"))
    tree = found.tree
    assert found.reload()
    assert found.tree is not tree
    assert found.services()[0].command[0] == "other"
    assert (found.config.compile.profile, found.config.compile.jobs) == ("release", 2)
    assert (
        words.getvalue()
        == f"warning: the dependencies changed: key i installs them, or: {sys.executable} -m pip install -e .\n"
    )
    (root / "pyproject.toml").write_text(SERVED.replace("packages", "package"))
    with pytest.raises(ConfigurationError):
        found.reload()
    assert found.services()[0].command[0] == "other"


def test_the_summary() -> None:
    rows = tuple(Outcome(str(at), result, Reason("changed")) for at, result in enumerate(("ready", "ready", "failed")))
    assert lines(Report("buildkit.dev/1", rows, 1.0)) == ["dev: stopped after 3 cycles (2 ready, 1 failed)"]
    assert lines(Report("buildkit.dev/1", rows[:1], 1.0)) == ["dev: stopped after 1 cycle (1 ready)"]
    assert lines(Report("buildkit.dev/1", (), 1.0)) == ["dev: stopped"]


def test_revisions_are_watched_where_alembic_says_they_are(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": SERVED, "src/app/__init__.py": "", "a/env.py": "", "b/env.py": ""})
    found, _ = project_in(
        root, {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "PYBUILDKIT_MIGRATE_WAIT": "0"}
    )
    assert [*found.tree.layout.migrations] == ["alembic.ini"]
    for folder in ("a", "b"):
        (root / "alembic.ini").write_text(f"[alembic]\nscript_location = {folder}\n")
        assert found.tree.changes().needs == (Need.MIGRATE, Need.RESTART)
        with contextlib.suppress(BuildkitError):  # there is no such database
            found.migrate()
        assert [*found.tree.layout.versions] == [f"{folder}/versions"]
        assert [*found.tree.layout.migrations] == ["alembic.ini", f"{folder}/env.py"]
