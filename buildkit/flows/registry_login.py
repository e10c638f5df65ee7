"""The credentials of a registry that gives them for those of its cloud, where `docker login` has left none."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from buildkit.registry.credentials import credentials


def logged_in(registry: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with user and password for a registry of Amazon's; as it is for any other one.

    They are for that registry alone, and neither written anywhere nor shown.

    Args:
        registry: the registry, with what stands before the images' names.
        environment: what is known: the variables, or the folder of Docker's own settings.

    Raises:
        AccessError: the credentials of AWS are missing, or do not suffice.
        UndecidedError: AWS does not answer.
    """
    host = registry.partition("/")[0]
    if ".dkr" not in host or importlib.util.find_spec("botocore") is None or credentials(host, environment):
        return environment
    from buildkit.release.aws import ecr  # noqa: PLC0415 - for this registry alone

    region = ecr.region_of(host)
    if not region:
        return environment
    user, password = ecr.login(region)
    names = ("PYBUILDKIT_REGISTRY_HOST", "PYBUILDKIT_REGISTRY_USER", "PYBUILDKIT_REGISTRY_PASSWORD")
    return {**environment, **dict(zip(names, (host, user, password), strict=True))}
