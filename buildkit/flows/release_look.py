"""The one look that a release is decided from: checkout, registry, what runs, database, record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from buildkit.config import Config, ReleaseConfig
from buildkit.config.messages import nearest
from buildkit.doors import process
from buildkit.errors import ConfigurationError, ReleaseRefusedError
from buildkit.flows.image_inputs import compose_variables, contract_of, health_of
from buildkit.flows.image_places import whole_name
from buildkit.image import checkout, compose
from buildkit.image.checkout import Checkout
from buildkit.registry import reference
from buildkit.release import images, labels, record
from buildkit.release.sight import Database, Image, Latest, Recorded, Running, Service, Sight
from buildkit.release.target import Say, Setup, Target
from buildkit.release.targets import TARGETS

NOTHING = "the project releases nothing: [tool.buildkit.release.service.NAME]"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a release was asked for on the command line.

    Args:
        only: the names of the services; all of them where empty.
        revision: the commit; the checked-out one where empty.
        allow_contract: the revisions that may take something away.
        allow_dirty: whether files may differ from the commit.
        push: whether images that the registry lacks are built and sent.
        offline: whether nothing but the checkout is looked at.
        back: whether the images are those of an older release.
        to: the commit of that release; the last good one where empty.
    """

    only: tuple[str, ...] = ()
    revision: str = ""
    allow_contract: tuple[str, ...] = ()
    allow_dirty: bool = False
    push: bool = False
    offline: bool = False
    back: bool = False
    to: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What was seen, and the means to change it.

    Args:
        settings: those of the environment.
        sight: the look.
        targets: the targets by name.
        places: the name of each image in the registry.
        home: the repository of the records.
    """

    settings: ReleaseConfig
    sight: Sight
    targets: Mapping[str, Target]
    places: Mapping[str, str]
    home: str


def look(config: Config, environment: Mapping[str, str], asked: Asked, say: Say) -> Scene:
    """Look at everything that a release depends on; changes nothing.

    Raises:
        ConfigurationError: nothing is released, or a name is none.
        RegistryError: the registry refuses, or cannot be reached.
        AccessError: it wants credentials, or other ones.
        EngineError: a target does not answer.
    """
    settings = config.release.resolved
    _require(config, settings, asked)
    places = {each.image: whole_name(config, each.image, settings.registry) for each in settings.service.values()}
    home = places[next(iter(settings.service.values())).image]
    seen = _checkout(config, environment, asked)
    services = tuple(Service(name, its.image, its.target) for name, its in settings.service.items())
    sight = Sight(settings.environment, seen.commit, seen.tag, seen.dirty, services=services, looked=not asked.offline)
    if asked.offline:
        return Scene(settings, sight, {}, places, home)
    last = record.read(home, record.tag_of(settings.environment), environment)
    good = record.last_good(home, last, environment)
    targets = _targets(config, settings, places, environment, say)
    services = _services(settings, targets)
    if asked.back:
        # a record has an image for each service, and so may two that share one have different ones
        services = tuple(replace(each, image=each.name) for each in services)
        wanted = _of_record(_older(home, last, good, asked, environment), services, environment)
        for each in targets.values():
            each.recall(wanted[0].definitions)
        sight = replace(sight, commit=wanted[0].commit, tag=wanted[0].commit[:12], dirty=False, images=wanted[1])
    else:
        found = {
            name: images.look(f"{place}:{seen.tag or 'none'}", environment, _platform(services, name))
            for name, place in places.items()
        }
        sight = replace(sight, images=_to_be_pushed(config, found, seen) if asked.push else found)
    services = tuple(_known(each, sight.images[each.image], environment) for each in services)
    sight = replace(sight, services=services, last=last, good=good, database=_database(services, sight.images, targets))
    if not asked.back and settings.latest != "never":
        sight = replace(sight, latest=_latest(config, places, sight, environment))
    return Scene(settings, sight, targets, places, home)


def _to_be_pushed(config: Config, found: Mapping[str, Image], seen: Checkout) -> dict[str, Image]:
    """Return the images with what those that the registry lacks will say of themselves once they are built."""
    if all(image.digest for image in found.values()):
        return dict(found)
    config_labels = {"Labels": {**seen.labels, **contract_of(config)}}
    return {
        name: image if image.digest else labels.image_of(image.place, "", "", config_labels)
        for name, image in found.items()
    }


def _require(config: Config, settings: ReleaseConfig, asked: Asked) -> None:
    if not settings.service:
        raise ConfigurationError(
            NOTHING, hint='for example: [tool.buildkit.release.service.api]\nimage = "api"\ntarget = "compose"'
        )
    for name in asked.only:
        if name not in settings.service:
            raise ConfigurationError(
                f"--only {name}: no such service is released{nearest(name, settings.service)}",
                hint=f"[tool.buildkit.release.service.NAME] has: {', '.join(settings.service)}",
            )
    for name in {each.image for each in settings.service.values()}:
        place = whole_name(config, name, settings.registry)
        try:
            reference.parse(f"{place}:tag")
        except ValueError:
            raise ConfigurationError(
                f"release.registry is not set, and {place} names no registry",
                hint='set it: [tool.buildkit.release] registry = "registry.example.org/team"',
            ) from None


def _checkout(config: Config, environment: Mapping[str, str], asked: Asked) -> Checkout:
    if not asked.revision:
        return checkout.read(config.root, environment)
    words = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{asked.revision}^{{commit}}"]
    try:
        answer = process.run(words, folder=config.root, environment=environment)
    except FileNotFoundError:
        answer = None
    if answer is not None and answer.ok:
        return Checkout(answer.stdout.strip())
    raise ConfigurationError(
        f"--revision {asked.revision}: git knows no such commit here", hint="fetch it: git fetch origin"
    )


def _targets(
    config: Config, settings: ReleaseConfig, places: Mapping[str, str], environment: Mapping[str, str], say: Say
) -> dict[str, Target]:
    names = dict.fromkeys(each.target for each in settings.service.values() if each.target != "none")
    file, _ = compose.file_of(config.root)
    if settings.compose.file:
        file = config.root / settings.compose.file
    first = next(iter(settings.service.values())).image
    texts = compose_variables(config, first, f"{places[first]}:latest").splitlines()
    setup = Setup(
        settings,
        file,
        dict(each.partition("=")[::2] for each in texts),
        {name: places[its.image] for name, its in settings.service.items()},
        {name: health_of(config, its.image) for name, its in settings.service.items() if its.image in config.image},
        config.root,
        config.work / "release" / settings.environment,
        environment,
        say,
    )
    return {name: TARGETS[name](setup) for name in names}


def _services(settings: ReleaseConfig, targets: Mapping[str, Target]) -> tuple[Service, ...]:
    found: dict[str, Service] = {}
    for target, its in targets.items():
        names = [name for name, each in settings.service.items() if each.target == target]
        found.update({each.name: each for each in its.look(names)})
    return tuple(found.get(name, Service(name, each.image, each.target)) for name, each in settings.service.items())


def _platform(services: Sequence[Service], image: str) -> str:
    """Return what an image has to be made for; empty for anything."""
    return next((each.platform for each in services if each.image == image and each.platform), "")


def _known(service: Service, wanted: Image, environment: Mapping[str, str]) -> Service:
    """Return a service with what the registry knows of the images that run, where they are not the wanted one."""
    cache: dict[str, Image] = {}

    def known(running: Running) -> Running:
        if running.image is None or not running.digest:
            return running
        if running.digest == wanted.digest:
            return replace(running, image=wanted)
        if running.digest not in cache:
            cache[running.digest] = images.look(running.image.reference, environment, service.platform)
        if running.image == Image(running.image.place, running.digest):  # the target knows no more than its name
            return replace(
                running, image=replace(cache[running.digest], place=running.image.place, digest=running.digest)
            )
        return replace(running, image=replace(running.image, identity=cache[running.digest].identity))

    return replace(service, running=tuple(known(each) for each in service.running))


def _database(services: Sequence[Service], wanted: Mapping[str, Image], targets: Mapping[str, Target]) -> Database:
    """Return where the database is, asked of the first service that runs and migrates."""
    asked = [each for each in services if each.target in targets and _migrates(each, wanted[each.image])]
    if not asked:
        return Database(why="no image migrates")
    running = next((each for each in asked if each.running), asked[0])
    return targets[running.target].database(running)


def _migrates(service: Service, wanted: Image) -> bool:
    """Return whether an image of a service has revisions: the wanted one, or one that runs."""
    ran = (each.image for each in service.running if each.image is not None)
    return any(each.revisions.head for each in (wanted, *ran))


def _latest(
    config: Config, places: Mapping[str, str], sight: Sight, environment: Mapping[str, str]
) -> dict[str, Latest]:
    found = {}
    for name, place in places.items():
        image = images.look(f"{place}:latest", environment)
        forwards = _follows(config, image.commit, sight.commit, environment) if image.digest else None
        found[name] = Latest(image.digest, image.commit, forwards)
    return found


def _follows(config: Config, before: str, after: str, environment: Mapping[str, str]) -> bool | None:
    """Return whether one commit follows another; None if git does not know."""
    if not re.fullmatch(r"[0-9a-f]{40}", before) or not after:
        return None
    return checkout.is_ancestor(config.root, before, after, environment)


def _older(home: str, last: Recorded, good: Recorded, asked: Asked, environment: Mapping[str, str]) -> Recorded:
    """Return the record of the release to go back to.

    Raises:
        ReleaseRefusedError: there is none.
    """
    each = record.read(home, good.good, environment) if good.good else Recorded()
    if not asked.to and last.ended != record.GOOD:
        return _there(good, "the last release was not good, and none before it is known")
    if not asked.to:
        return _there(each, "there is no good release before this one")
    each = good
    while each.digest:
        if each.commit.startswith(asked.to):
            return each
        each = record.read(home, each.good, environment) if each.good else Recorded()
    raise ReleaseRefusedError(
        f"--to {asked.to}: no good release of that commit is recorded",
        hint="see which there are: invoke release.status",
    )


def _there(found: Recorded, words: str) -> Recorded:
    if not found.digest:
        raise ReleaseRefusedError(words, hint="release a commit by name: invoke release.deploy --revision SHA")
    return found


def _of_record(
    found: Recorded, services: Sequence[Service], environment: Mapping[str, str]
) -> tuple[Recorded, dict[str, Image]]:
    """Return a record and the image of each service in it.

    Raises:
        ReleaseRefusedError: an image is no longer in the registry, or a service is not in the record.
    """
    wanted: dict[str, Image] = {}
    for service in services:
        text = found.services.get(service.name, "")
        image = images.look(text, environment, service.platform) if text else Image("")
        if not image.digest:
            raise ReleaseRefusedError(
                f"release {found.release} has no image for {service.name} any more",
                hint="build and push that commit again, or go back to another one: --to SHA",
            )
        wanted[service.image] = image
    return found, wanted
