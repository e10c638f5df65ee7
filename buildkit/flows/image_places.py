"""Where an image stands in a registry: registry, name and tag, of settings and the commit."""

from __future__ import annotations

from buildkit.config import Config
from buildkit.core.untrusted import Odd
from buildkit.errors import ConfigurationError
from buildkit.flows.image_inputs import repository_of
from buildkit.image.checkout import Checkout
from buildkit.image.oci.reference import with_registry
from buildkit.registry.reference import Reference, parse


def place_of(config: Config, name: str, seen: Checkout, to: str = "", tag: str = "") -> Reference:
    """Return where an image is pushed to.

    Args:
        config: the project.
        name: the image.
        seen: the commit.
        to: the registry, with what stands before the image's name there; the setting's if empty.
        tag: the tag in place of the commit's.

    Raises:
        ConfigurationError: it is not said, or the image would be of no commit.
    """
    repository = repository_of(config, name)
    whole = whole_name(config, name, to or config.release.resolved.registry)
    if not _has_registry(whole):
        raise ConfigurationError(
            f"image {name}: it is not said where to push it",
            hint=f"--to registry.example.org/team, [tool.buildkit.release] registry, or its whole name:\n"
            f'[tool.buildkit.image.{name}] repository = "registry.example.org/team/{repository}"',
        )
    used = tag or seen.tag
    if not used:
        raise ConfigurationError(
            f"image {name}: there is no commit to name it by", hint="commit, or say which tag: --tag 1.2"
        )
    if seen.dirty and not tag:
        raise ConfigurationError(
            f"image {name}: files differ from commit {seen.commit[:12]}, so its tag would not say what is in the image",
            hint="commit them, or push under another tag: --tag try-1",
        )
    try:
        return parse(f"{whole}:{used}")
    except Odd as odd:
        raise ConfigurationError(f"image {name}: {odd}", hint="as in registry.example.org/team/name:tag") from None


def whole_name(config: Config, name: str, registry: str) -> str:
    """Return the name of an image in a registry, without a tag; one that names a registry itself stays as it is."""
    repository = repository_of(config, name)
    return f"{registry.rstrip('/')}/{repository}" if registry and not _has_registry(repository) else repository


def _has_registry(name: str) -> bool:
    return with_registry(name) == name or name.startswith(("docker.io/", "index.docker.io/"))
