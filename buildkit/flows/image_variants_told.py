"""What is told of a base before anything is built: from the files that the lock names, else from what is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from buildkit.compile.modules import find_modules
from buildkit.config import Config
from buildkit.dependencies.declared import tables_of
from buildkit.dependencies.names import normalized
from buildkit.dependencies.offers import Offer, admits, files_of, of_installed, offers
from buildkit.errors import ConfigurationError
from buildkit.flows.image_deps_look import python_of
from buildkit.flows.image_packages import selection_of
from buildkit.image import variants
from buildkit.image.oci.target import Target
from buildkit.image.usage import inventory
from buildkit.image.usage.installed_wheels import tags_of
from buildkit.image.variants import Variant


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a variant before anything is built.

    Args:
        variant: the base.
        lock: the lock file's name; empty without one.
        offers: what there is of each package.
        here: how many of them are known by what is installed here, since nothing names their files.
        against: for each route what makes it impossible.
    """

    variant: Variant
    lock: str
    offers: tuple[Offer, ...]
    here: int
    against: Mapping[str, tuple[str, ...]]


class Installed:
    """The wheels that are installed for the service's Python here; asked once, and only where a lock names no files."""

    def __init__(self, config: Config, environment: Mapping[str, str]) -> None:
        self._config = config
        self._environment = environment

    @cached_property
    def _wheels(self) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        try:
            found = inventory.ask(python_of(self._config, self._environment), self._environment)
        except ConfigurationError:
            return {}
        return {each.name: (each.version, tags_of(each)) for each in found.distributions.values()}

    def known(self, offer: Offer, target: Target) -> Offer:
        """Return what is known of a package: of another version than the lock's, what was known before."""
        if offer.kind != "unknown":
            return offer
        version, tags = self._wheels.get(normalized(offer.package), ("", ()))
        if offer.version and not admits(f"=={offer.version}", version):
            return offer
        return of_installed(offer, tags, target.python, tuple(target.platforms()))


def told_of(config: Config, name: str, variant: Variant, environment: Mapping[str, str], installed: Installed) -> Told:
    """Return what can be said of an image on one base.

    Args:
        config: the project.
        name: the image.
        variant: the base.
        environment: what a build backend that is asked gets.
        installed: the wheels that are here.

    Raises:
        ConfigurationError: the lock cannot be read, or does not fit what is declared.
    """
    target, settings = variant.target, config.image[name]
    selection = selection_of(config, name, environment, target.facts())
    lock = selection.file
    named = offers(selection.locked.packages, files_of(lock) if lock else {}, target.python, tuple(target.platforms()))
    found = tuple(installed.known(each, target) for each in named)
    here = sum(before != after for before, after in zip(named, found, strict=True))
    compiles = bool(find_modules(config).compiled)
    against = {
        route: [*variants.against(variant, route, settings, found, compiles=compiles)] for route in variant.routes
    }
    requires = str(tables_of(config.service_folder).get("project", {}).get("requires-python", ""))
    if requires and not admits(requires, target.version):
        for each in against.values():
            each.insert(0, f"it has Python {target.version}, and the project requires {requires}")
    return Told(
        variant, lock.name if lock else "", found, here, {route: tuple(each) for route, each in against.items()}
    )


def words_of(told: Told) -> tuple[str, str]:
    """Return why, and whether that is `feasible`, `from source` or `not told`."""
    built, unknown = variants.built(told.offers), variants.unknown(told.offers)
    if built:
        return f"{built} built from sources, which takes a compiler", "from source"
    if not told.offers:
        return "no packages", "feasible"
    count = len(told.offers)
    if unknown:
        known = f"; of {told.here} of {count} packages the wheel that is installed here fits" if told.here else ""
        if not told.lock:
            return f"no lock, so it cannot be told whether there are wheels of {unknown}{known}", "not told"
        return f"{told.lock} names no files of {unknown}, so wheels cannot be told{known}", "not told"
    if not told.lock:
        fits = f"the wheel of each of {count} declared packages that is installed here fits"
        return f"{fits}; no lock says that it is taken, and with which others", "not told"
    some = "each" if told.here == count else f"{told.here}"
    as_here = f": of {some} the one that is installed here, as {told.lock} names no files" if told.here else ""
    return f"a wheel for each of {count} packages{as_here}", "feasible"
