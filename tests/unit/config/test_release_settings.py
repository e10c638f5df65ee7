"""The settings of a release: what they refuse, and how an environment's table wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.projects import ProjectMaker

from buildkit.config import Config, load
from buildkit.errors import ConfigurationError

IMAGE = '[tool.buildkit.image.api]\ncommand = ["serve"]\n'
SERVICE = '[tool.buildkit.release.service.api]\nimage = "api"\ntarget = "compose"\n'
STAGING = '[tool.buildkit.release.environments.staging]\nregistry = "r.example/staging"\nhost = "ssh://staging"\n'


def loaded(project: ProjectMaker, text: str, **flags: str) -> Config:
    root = project({"pyproject.toml": f"[tool.buildkit]\n{text}", "src/app/__init__.py": ""})
    return load(root, {}, {name.replace("__", "."): value for name, value in flags.items()})


def refused(project: ProjectMaker, text: str, **flags: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(project, text, **flags)
    return "\n".join(caught.value.details)


def test_the_table_of_an_environment_wins_over_the_others(project: ProjectMaker) -> None:
    text = f'[tool.buildkit.release]\nregistry = "r.example"\nlatest = "never"\n{IMAGE}{SERVICE}{STAGING}'

    staging = loaded(project, text, release__environment="staging").release.resolved
    production = loaded(project, text).release.resolved

    assert (staging.registry, staging.latest, staging.compose.host) == ("r.example/staging", "never", "ssh://staging")
    assert (production.registry, production.environment, production.compose.host) == ("r.example", "production", "")


def test_an_environment_may_be_another_account(project: ProjectMaker) -> None:
    own = '[tool.buildkit.release.environments.staging]\naccount = "2"\ncluster = "staging"\n'
    text = f'[tool.buildkit.release.aws]\nregion = "eu-central-1"\naccount = "1"\n{IMAGE}{SERVICE}{own}'

    aws = loaded(project, text, release__environment="staging").release.resolved.aws

    assert (aws.region, aws.account, aws.cluster) == ("eu-central-1", "2", "staging")


@pytest.mark.parametrize("name", ["stagign", "prod"])
def test_an_environment_without_a_table_is_refused(project: ProjectMaker, name: str) -> None:
    words = refused(project, IMAGE + SERVICE + STAGING, release__environment=name)

    assert f"there is no table release.environments.{name}" in words
    assert "did you mean" in words


def test_without_any_table_there_is_one_environment(project: ProjectMaker) -> None:
    words = refused(project, IMAGE + SERVICE, release__environment="staging")

    assert "[tool.buildkit.release.environments.staging]" in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{IMAGE}[tool.buildkit.release.service.api]\nimage = "api"\n', "needs `image` and `target`"),
        (IMAGE + SERVICE.replace('= "api"', '= "apo"'), 'there is no image "apo"; did you mean "api"?'),
        (IMAGE + SERVICE.replace("compose", "eks"), 'expected one of "compose", "ecs", "none", found \'eks\''),
        ('[tool.buildkit.release]\nregistry = "https://r.example"\n', "a registry, with what stands before"),
        ('[tool.buildkit.release]\nenvironment = "Prod"\n', "a name of lower-case letters"),
    ],
    ids=["no target", "no such image", "no such target", "an address", "an odd environment"],
)
def test_what_does_not_fit_is_named(project: ProjectMaker, text: str, words: str) -> None:
    assert words in refused(project, text)


@pytest.mark.parametrize("place", ["localhost:5000", "ghcr.io/team", "123456789012.dkr.ecr.eu-central-1.amazonaws.com"])
def test_registries_with_and_without_a_path_are_taken(project: ProjectMaker, place: str, tmp_path: Path) -> None:
    assert tmp_path.is_dir()
    assert loaded(project, f'[tool.buildkit.release]\nregistry = "{place}"\n').release.registry == place
