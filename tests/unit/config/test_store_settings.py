from __future__ import annotations

import pytest
from plugins.projects import ProjectMaker

from buildkit.config import load
from buildkit.errors import ConfigurationError


def test_the_limits_of_the_store_have_defaults_a_file_and_flags(project: ProjectMaker) -> None:
    root = project({"pyproject.toml": '[tool.buildkit.store]\nsize = "1GB"\n', "src/app/__init__.py": ""})

    plain = load(root, {}).store
    given = load(root, {"PYBUILDKIT_STORE_AGE": "7d"}, {"store.size": "20MB"}).store

    assert (plain.size, plain.age) == (10**9, 30 * 86400)
    assert (given.size, given.age) == (20 * 10**6, 7 * 86400)


def test_a_remote_store_is_refused_beside_other_problems(project: ProjectMaker) -> None:
    text = '[tool.buildkit]\nproject = "elsewhere"\n[tool.buildkit.store]\nremote = "s3://bucket/cache"\n'
    root = project({"pyproject.toml": text, "src/app/__init__.py": ""})

    with pytest.raises(ConfigurationError) as caught:
        load(root, {})

    assert caught.value.details == (
        'pyproject.toml: [tool.buildkit] project: there is no "elsewhere/pyproject.toml"',
        "pyproject.toml: [tool.buildkit] store.remote: remote stores are not part of this version",
    )
