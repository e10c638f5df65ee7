"""The entrypoint's settings: written at image build, read at the start, changed by variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.config import values
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.errors import ConfigurationError
from buildkit.runtime import settings
from buildkit.runtime.settings import RuntimeSettings

DATA = Pipeline(Path("/app"), Path("/app/src"), Path("/app/data"), (Stage("read", "a:b", (), ("read/",)),))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "buildkit.json"


@pytest.mark.parametrize(
    "image", [RuntimeSettings(Path("/app")), RuntimeSettings(Path("/app"), DATA, {"url_env": "DB"})]
)
def test_settings_come_back_as_they_were(file: Path, image: RuntimeSettings) -> None:
    file.write_text(image.as_text())
    assert settings.read(file) == image


def test_variables_win(file: Path) -> None:
    file.write_text(RuntimeSettings(Path("/app"), DATA).as_text())
    variables = {
        settings.VARIABLE: str(file),
        "PYBUILDKIT_DATA_PATH": "/data",
        "PYBUILDKIT_DATA_POLICY": "block",
        "PYBUILDKIT_DATA_TTL": "36h",
        "PYBUILDKIT_DATA_VERIFY": "0",
    }
    found = settings.of(variables).data
    assert found is not None
    assert (found.folder, found.policy, found.ttl, found.verify) == (Path("/data"), "block", 36 * 3600, 0)


def test_variables_win_over_the_times_of_a_migration(file: Path) -> None:
    file.write_text(
        RuntimeSettings(Path("/app"), migrate={"url_env": "DB", "wait": 60.0, "lock_wait": 600.0}).as_text()
    )
    variables = {settings.VARIABLE: str(file), "PYBUILDKIT_MIGRATE_WAIT": "3", "PYBUILDKIT_DATA_TTL": "odd"}
    assert settings.of(variables).migrate == {"url_env": "DB", "wait": 3.0, "lock_wait": 600.0}
    with pytest.raises(ConfigurationError, match='PYBUILDKIT_MIGRATE_LOCK_WAIT: "soon" is no time'):
        settings.of({**variables, "PYBUILDKIT_MIGRATE_LOCK_WAIT": "soon"})


@pytest.mark.parametrize("text", ["7", "7d", "1.5 h", "90s", "30min", "2 W", "0"])
def test_a_time_reads_as_on_the_host(file: Path, text: str) -> None:
    file.write_text(RuntimeSettings(Path("/app"), DATA).as_text())
    found = settings.of({settings.VARIABLE: str(file), "PYBUILDKIT_DATA_TTL": text}).data
    assert found is not None
    assert found.ttl == values.parse("seconds", text)


@pytest.mark.parametrize("name", ["PYBUILDKIT_DATA_TTL", "PYBUILDKIT_DATA_VERIFY"])
@pytest.mark.parametrize("text", ["soon", "7x", "-1d", "1 2", "nan"])
def test_a_wrong_time_is_named(file: Path, name: str, text: str) -> None:
    file.write_text(RuntimeSettings(Path("/app"), DATA).as_text())
    with pytest.raises(ConfigurationError, match=f'{name}: "{text}" is no time'):
        settings.of({settings.VARIABLE: str(file), name: text})


def test_a_wrong_policy_is_named(file: Path) -> None:
    file.write_text(RuntimeSettings(Path("/app"), DATA).as_text())
    with pytest.raises(ConfigurationError, match='"serve" is not a policy'):
        settings.of({settings.VARIABLE: str(file), "PYBUILDKIT_DATA_POLICY": "serve"})


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"root": "/app", "data": {"root": "/"}, "migrate": null}'])
def test_a_damaged_file_is_named(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(ConfigurationError, match="not the settings of an image"):
        settings.read(file)


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        settings.read(file)
