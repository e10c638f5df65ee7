"""What `invoke image` and `image.check` say of the text of a Dockerfile that the project has."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.config import Config, load
from buildkit.errors import ConfigurationError
from buildkit.flows.image_inputs import staged_of
from buildkit.flows.image_packages import Packages
from buildkit.flows.image_review import points, said_of_other, said_of_review

OWN = 'dockerfile = "Dockerfile"\n'
TEXT = """FROM python:3.12-slim
ENV LOG_LEVEL=info
COPY . .
# buildkit: allow no-cache-mount, cache-in-layer
RUN pip install -i https://me:hunter2@example.org/simple -r requirements.txt
USER 1000
CMD ["uvicorn", "app:app"]
"""


def project(root: Path, settings: str, dockerfile: str = TEXT) -> Config:
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "x"\nversion = "1"\n[tool.buildkit.image.api]\n{settings}', encoding="utf-8"
    )
    (root / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    (root / "app.py").touch()
    return load(root, {})


def test_a_finding_has_its_place_and_shows_no_credentials(tmp_path: Path) -> None:
    found = [*points(project(tmp_path, OWN), "api")]

    assert [(each.name, bool(each.wrong), each.advice) for each in found] == [
        ("Dockerfile:5 secret", True, False),
        ("Dockerfile:5 layer-order", False, True),
    ]
    assert found[1].remedy == (
        "COPY requirements.txt ./",
        "RUN pip install -i https://****@example.org/simple -r requirements.txt",
        "COPY . .",
    )


def test_a_build_names_the_faults_and_counts_the_rest(tmp_path: Path) -> None:
    assert [*said_of_review(project(tmp_path, OWN), "api")] == [
        "image api: Dockerfile:5 secret: an address has credentials, which the history of the image shows",
        "image api: Dockerfile could be better in 1 places (layer-order): `invoke image.check` says how",
    ]


def test_a_file_that_a_rule_keeps_out_is_not_taken(tmp_path: Path) -> None:
    config = project(tmp_path, OWN, "FROM x:1\nCOPY . .\n")
    (tmp_path / ".env").write_text("DB_PASSWORD=hunter2\n", encoding="utf-8")
    assert [each.wrong for each in points(config, "api")] == ["COPY . . takes .env into the image"]

    (tmp_path / ".dockerignore").write_text("/.env\n", encoding="utf-8")
    assert [*points(config, "api")] == []


def test_of_a_dockerfile_that_is_not_built_what_is_left_out_is_said(tmp_path: Path) -> None:
    said = [*said_of_other(project(tmp_path, 'command = ["uvicorn", "app:app"]\n'), "api")]

    assert said == [
        'image api: Dockerfile is not what is built (dockerfile = "Dockerfile" builds it); of it is not taken over:',
        f'{"":20}Dockerfile:2  LOG_LEVEL: environment = {{ LOG_LEVEL = "info" }}',
    ]


def test_an_image_without_a_command_is_shown_the_dockerfile_that_lies_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="image api has no command") as caught:
        staged_of(project(tmp_path, ""), "api", Packages())
    assert 'to build the Dockerfile that the project has as it is: dockerfile = "Dockerfile"' in caught.value.hint
