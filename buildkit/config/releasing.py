"""The settings of `[tool.buildkit.release]`: what is released, where to, and what may not go wrong on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from buildkit.config.option import option

PRODUCTION = "production"
"""The environment that nothing goes to but commits."""


@dataclass(frozen=True, slots=True)
class ReleaseServiceConfig:
    """`[tool.buildkit.release.service.NAME]`: one service that is released, in the order of the file."""

    image: str = option("text", "", "The image that it runs, by its name in `[tool.buildkit.image]`.")
    target: str = option(
        "text",
        "",
        "Where it runs: on one host with Docker Compose, on Amazon ECS, or nowhere: its image alone is released.",
        choices=("", "compose", "ecs", "none"),
    )
    name: str = option("text", "", "What the target calls it; its name here where empty.")
    verify: str = option("text", "", "An address of HTTP that answers with 2xx once the new version serves.")
    overlap: bool = option(
        "switch", True, "Of `compose`: whether the new version may run beside the old one for a moment."
    )
    container: str = option(
        "text", "", "Of `ecs`: the container of the task definition that gets the image; the only one where empty."
    )
    task_definition: str = option(
        "text",
        "",
        "Of `ecs`: a file with the task definition in JSON, which is then the truth but for the image; the one that "
        "runs where empty.",
    )


@dataclass(frozen=True, slots=True)
class ReleaseComposeConfig:
    """`[tool.buildkit.release.compose]`: the host of the services with `target = "compose"`."""

    file: str = option("text", "", "The compose file; the project's own where empty, else the suite's.")
    project: str = option("text", "", "The name of the compose project; what the file says where empty.")
    host: str = option(
        "text", "", "The engine's address, such as `ssh://deploy@host`; that of the docker client where empty."
    )


@dataclass(frozen=True, slots=True)
class ReleaseAwsConfig:
    """`[tool.buildkit.release.aws]`: where the services with `target = "ecs"` run."""

    region: str = option("text", "", "The region; that of the environment or profile where empty.")
    account: str = option("text", "", "The number of the account; credentials of another one are refused.")
    cluster: str = option("text", "", "The cluster; the account's default one where empty.")


@dataclass(frozen=True, slots=True)
class ReleaseEnvironmentConfig:
    """`[tool.buildkit.release.environments.NAME]`: what is different in one environment."""

    registry: str | None = option("text", None, "As `release.registry`.", form="registry")
    latest: str | None = option("text", None, "As `release.latest`.", choices=("after-verify", "never"))
    migrate: str | None = option("text", None, "As `release.migrate`.", choices=("task", "off"))
    contract: str | None = option("text", None, "As `release.contract`.", choices=("refuse", "warn"))
    wait: float | None = option("seconds", None, "As `release.wait`.")
    file: str | None = option("text", None, "As `release.compose.file`.")
    project: str | None = option("text", None, "As `release.compose.project`.")
    host: str | None = option("text", None, "As `release.compose.host`.")
    region: str | None = option("text", None, "As `release.aws.region`.")
    account: str | None = option("text", None, "As `release.aws.account`.")
    cluster: str | None = option("text", None, "As `release.aws.cluster`.")


@dataclass(frozen=True, slots=True)
class ReleaseConfig:
    """`[tool.buildkit.release]`."""

    registry: str = option(
        "text",
        "",
        "The registry of the images, with what stands before their names: `ghcr.io/team`, `localhost:5000`.",
        form="registry",
    )
    branch: str = option("text", "main", "The branch of Git that releases leave from.")
    environment: str = option("text", PRODUCTION, "The environment that is released to.", form="environment_name")
    latest: str = option(
        "text",
        "after-verify",
        "When the tag `latest` moves: once the release is known to be well, and only forwards.",
        choices=("after-verify", "never"),
    )
    migrate: str = option(
        "text",
        "task",
        "How the database comes to head: by a container of the new image where the service runs, or not at all.",
        choices=("task", "off"),
    )
    contract: str = option(
        "text",
        "refuse",
        "What becomes of a pending revision that takes away what running code may use.",
        choices=("refuse", "warn"),
    )
    wait: float = option("seconds", 900.0, "How long the rollout of one service may take.")
    compose: ReleaseComposeConfig = field(
        default_factory=ReleaseComposeConfig, metadata={"section": ReleaseComposeConfig}
    )
    aws: ReleaseAwsConfig = field(default_factory=ReleaseAwsConfig, metadata={"section": ReleaseAwsConfig})
    service: Mapping[str, ReleaseServiceConfig] = field(
        default_factory=dict, metadata={"tables": ReleaseServiceConfig, "named": "service"}
    )
    environments: Mapping[str, ReleaseEnvironmentConfig] = field(
        default_factory=dict, metadata={"tables": ReleaseEnvironmentConfig, "named": "environment_name"}
    )

    @property
    def resolved(self) -> ReleaseConfig:
        """The settings of the environment that is released to: its table wins over the others."""
        own = self.environments.get(self.environment, ReleaseEnvironmentConfig())
        given = {item.name: value for item in fields(own) if (value := getattr(own, item.name)) is not None}
        compose = {name: given.pop(name) for name in ("file", "project", "host") if name in given}
        aws = {name: given.pop(name) for name in ("region", "account", "cluster") if name in given}
        return replace(self, compose=replace(self.compose, **compose), aws=replace(self.aws, **aws), **given)
