"""Whether what a project declares to need is installed in the environment that runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from buildkit.dependencies import markers
from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import Need


class Unmet(NamedTuple):
    """A requirement that the environment does not meet.

    Args:
        need: the requirement.
        version: what is installed instead; empty if nothing is.
    """

    need: Need
    version: str


def unmet(needs: Iterable[Need], versions: Mapping[str, str], facts: Mapping[str, str]) -> Iterator[Unmet]:
    """Yield the requirements that installed packages do not meet.

    Args:
        needs: the requirements.
        versions: the version of each installed package, by its normalized name.
        facts: the variables of markers.
    """
    for need in needs:
        if markers.condition(need.marker, facts).never:
            continue
        version = versions.get(need.name, "")
        if not version or not (need.direct or need.admits(version)):
            yield Unmet(need, version)


def installed() -> dict[str, str]:
    """Return the version of each package that is installed here, by its normalized name."""
    from importlib.metadata import distributions  # noqa: PLC0415 - who does not ask does not pay

    found: dict[str, str] = {}
    for each in distributions():
        name = each.metadata["Name"]
        if name:
            found.setdefault(normalized(name), each.version)
    return found


def facts_of_this_python() -> dict[str, str]:
    """Return the variables of markers in the Python that runs."""
    from packaging.markers import default_environment  # noqa: PLC0415 - no start-up pays for it

    return {name: str(value) for name, value in default_environment().items()}


def admits_this_python(requires: str) -> bool:
    """Return whether `requires-python` admits the Python that runs; what cannot be understood does."""
    from packaging.specifiers import InvalidSpecifier  # noqa: PLC0415 - no start-up pays for it

    try:
        return Need("python", (requires,)).admits(facts_of_this_python()["python_full_version"])
    except InvalidSpecifier:
        return True
