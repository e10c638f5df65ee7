"""A project from its sources alone, and what a build of it left."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path

from plugins.projects import Ran

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

SETTINGS = '[project]\nname = "app"\n[tool.buildkit]\n'


def files(texts: Mapping[str, str], settings: str = "") -> dict[str, str]:
    """Return a project with the sources `texts` below src/."""
    return {"pyproject.toml": SETTINGS + settings, **{f"src/{name}": text for name, text in texts.items()}}


def compiled(ran: Ran) -> dict[str, str]:
    """Return what became of each module in a build that is well."""
    assert ran.exit_code == 0, ran.stderr
    return ran.outcomes()


def extensions(root: Path) -> list[str]:
    """Return the extensions below src/, each by its path without the suffix."""
    return sorted(str(file.relative_to(root / "src")).removesuffix(SUFFIX) for file in root.rglob(f"*{SUFFIX}"))
