"""What an image gets: packages, understood once for each state of pyproject.toml and lock; its command's module."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.config import load
from buildkit.dependencies import selection
from buildkit.errors import ConfigurationError
from buildkit.flows.image_inputs import staged_of
from buildkit.flows.image_packages import Packages, packages_of

LOCKED = Path(__file__).parents[2] / "projects" / "locked"
IMAGE = '[tool.buildkit]\npackages = ["app"]\n[tool.buildkit.image.api]\ncommand = ["python", "-m", "start"]\n'

Made = Callable[..., Path]


@pytest.fixture
def service(tmp_path: Path) -> Made:
    """Make a service whose pyproject.toml and lock are those of PDM, without its index."""

    def make(settings: str = "") -> Path:
        shutil.copytree(LOCKED / "pdm", tmp_path / "service")
        root = tmp_path / "service"
        text = (root / "pyproject.toml").read_text().partition("[[tool.pdm.source]]")[0]
        (root / "pyproject.toml").write_text(f"{text}\n{IMAGE}{settings}")
        for name in ("app/__init__.py", "start.py", "settings.py"):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).touch()
        return root

    return make


def packages(root: Path) -> Packages:
    return packages_of(load(root, {}), "api", {})


def test_extras_and_groups_of_the_settings_are_installed(service: Made) -> None:
    found = packages(service('extras = ["database"]\ngroups = ["check"]\n'))

    names = [line.partition("==")[0] for line in found.files.requirements.splitlines()[1:]]
    assert names == ["alpha", "beta", "checker", "driver", "epsilon", "gamma"]
    assert found.lock == "pdm.lock"
    assert found.said == ("image api: 6 packages from pdm.lock, all with hashes",)


def test_what_is_unchanged_is_not_understood_again(service: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    root = service()
    first = packages(root)

    with monkeypatch.context() as patch:
        patch.setattr(selection, "select", None)
        assert packages(root) == first

    (root / "pdm.lock").write_text((root / "pdm.lock").read_text().replace('version = "2.0"', 'version = "1.0"'))
    assert "beta==1.0" in packages(root).files.requirements
    (root / "pyproject.toml").write_text((root / "pyproject.toml").read_text().replace("alpha>=1,", "alpha>=1.5,"))
    with pytest.raises(ConfigurationError, match=r"pdm\.lock does not fit"):
        packages(root)


@pytest.mark.parametrize("harm", ["", "[]", '{"key": 1}', '{"files": 5}'])
def test_a_harmed_memory_is_made_anew(service: Made, harm: str) -> None:
    root = service()
    first = packages(root)
    memory = root / ".buildkit" / "image" / "api.packages.json"
    key = json.loads(memory.read_text())["key"]

    for text in (harm, json.dumps({"key": key, "files": harm})):
        memory.write_text(text)
        assert packages(root) == first


def test_an_index_is_kept_nowhere_as_it_may_have_credentials(service: Made) -> None:
    root = service('[[tool.pdm.source]]\nname = "own"\nurl = "https://${WHO}@example.org/simple"\n')

    found = packages_of(load(root, {}), "api", {"WHO": "me:s3cret"})

    assert [index.address for index in found.indexes] == ["https://me:s3cret@example.org/simple"]
    assert not (root / ".buildkit" / "image" / "api.packages.json").exists()


@pytest.mark.parametrize(
    "command", ['["python", "-m", "start"]', '["uvicorn", "start:app"]', '["gunicorn", "start:make(1)"]']
)
def test_the_module_of_the_command_comes_along(service: Made, command: str) -> None:
    root = service()
    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(text.replace('["python", "-m", "start"]', command))

    contents = json.loads(staged_of(load(root, {}), "api", Packages())["contents/contents.json"])

    assert contents["packages"] == ["app", "start"]


def test_a_module_that_is_not_the_projects_stays_away(service: Made) -> None:
    root = service()
    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(text.replace('"start"]', '"http.server", "app.main:app"]'))

    contents = json.loads(staged_of(load(root, {}), "api", Packages())["contents/contents.json"])

    assert contents["packages"] == ["app"]
