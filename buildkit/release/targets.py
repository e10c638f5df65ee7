"""All targets, in one visible dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from buildkit.release.target import Setup, Target


def _compose(setup: Setup) -> Target:
    from buildkit.release.compose.target import ComposeTarget  # noqa: PLC0415 - where it is used

    return ComposeTarget(setup)


def _ecs(setup: Setup) -> Target:
    from buildkit.release.aws.target import EcsTarget  # noqa: PLC0415 - where it is used

    return EcsTarget(setup)


TARGETS: Mapping[str, Callable[[Setup], Target]] = {"compose": _compose, "ecs": _ecs}
"""The targets by the name in the settings."""
