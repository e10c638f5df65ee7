"""A project's own Dockerfile: what of the suite it takes, and which of the suite's settings do nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from buildkit.image.dockerfile import Dockerfile
from buildkit.image.sources import bases

CONTEXT = "buildkit"
"""The named context with the suite's files."""


def takes_suite(dockerfile: Dockerfile, arguments: Mapping[str, str], target: str = "") -> bool:
    """Return whether a build takes files of the suite: `COPY --from=buildkit`, or such a mount.

    Args:
        dockerfile: the project's own.
        arguments: the build arguments that are given.
        target: the stage that is built; the last one if empty.
    """
    return any(base.name == CONTEXT for base in bases(dockerfile, arguments, target))


def images(dockerfile: Dockerfile, arguments: Mapping[str, str], target: str = "") -> tuple[str, ...]:
    """Return the names of the images that a build begins with or takes files from; those that are known."""
    names = (base.name for base in bases(dockerfile, arguments, target))
    return tuple(dict.fromkeys(name for name in names if name and name != CONTEXT))


def declared(dockerfile: Dockerfile) -> frozenset[str]:
    """Return the names of all arguments that a Dockerfile declares, in whatever stage."""
    declarations = (each for each in dockerfile.instructions if each.name == "ARG")
    return frozenset(word.partition("=")[0] for each in declarations for word in each.words)


def said(name: str, place: str, idle: Iterable[str], gates: Iterable[str], *, takes: bool) -> tuple[str, ...]:
    """Return lines for the user of what a build by the project's own Dockerfile leaves out.

    Args:
        name: the image.
        place: the Dockerfile, relative to the project.
        idle: settings of the image that are given and do nothing.
        gates: those of `data` and `migrate` that the service has.
        takes: whether it takes files of the suite.
    """
    words = ", ".join(idle)
    found = [f"image {name}: {place} says all; without effect beside it: {words}"] if words else []
    if not takes:
        left = [f"{gate} before a start" for gate in gates]
        words = ", ".join(["compiled modules", *left])
        found.append(f"image {name}: {place} is built as it is and takes nothing of the suite: no {words}")
    return tuple(found)
