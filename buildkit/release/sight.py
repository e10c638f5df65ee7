"""What the look at everything found, as frozen values. A plan is decided from these alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Revisions:
    """What an image says of its migrations, by its labels.

    Args:
        head: the head of its revisions; empty for an image that migrates nothing.
        known: the ids of all its revisions, in an order in which they can be applied.
        contracting: the ids of those that take something away.
        ahead: what it does on a database that is ahead of it: `fail` or `serve`; empty if it does not say.
    """

    head: str = ""
    known: tuple[str, ...] = ()
    contracting: tuple[str, ...] = ()
    ahead: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image in the registry.

    Args:
        place: its name without a tag, `registry.example/team/api`.
        digest: the digest of its manifest; empty if the registry has none.
        commit: the commit that it was built from; empty if it does not say.
        platform: such as `linux/amd64`.
        identity: equal for images that differ in commit, times and history alone.
        revisions: its migrations.
        gates: whether the suite's entrypoint starts its service.
        data: a key of the stages of its data as they are declared; empty if it has none.
    """

    place: str
    digest: str = ""
    commit: str = ""
    platform: str = ""
    identity: str = ""
    revisions: Revisions = Revisions()
    gates: bool = False
    data: str = ""

    @property
    def reference(self) -> str:
        """The name by which it is run: with its digest."""
        return f"{self.place}@{self.digest}"


HEALTHY, STARTING, FAILING = "healthy", "starting", "failing"


@dataclass(frozen=True, slots=True)
class Running:
    """One container of a service, or what a target has in its place.

    Args:
        name: what the target calls it.
        digest: the digest of its image's manifest; empty if it was not started by digest.
        condition: `healthy`, `starting` or `failing`.
        image: its image, as far as the registry still has it.
        ahead: what its environment says in the place of the image's `revisions.ahead`; empty where nothing.
        reference: the name by which its image was asked for.
        current: whether it was started as the target's own settings have it now, its variables and volumes.
    """

    name: str
    digest: str
    condition: str = HEALTHY
    image: Image | None = None
    ahead: str = ""
    reference: str = ""
    current: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """A service at its target.

    Args:
        name: its name in the settings.
        image: the name of its image in the settings.
        target: the name of its target.
        running: what runs of it now.
        way: how a new version takes the place of the old one, in words.
        platform: what its images must be made for; empty for any.
        barred: why no new version can come there; empty if one can.
        hint: what to do about that.
    """

    name: str
    image: str
    target: str
    running: tuple[Running, ...] = ()
    way: str = ""
    platform: str = ""
    barred: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the database is.

    Args:
        at: the revisions in its version table; None if that is not known.
        applied: all revisions that it has, as far as what runs knows them.
        why: why it is not known.
    """

    at: tuple[str, ...] | None = None
    applied: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """What a start of an image would make of the data that is there.

    Args:
        condition: the condition of the data, in words; empty if that is not known.
        whole: whether every file of it is there, so that a service can run on it.
        policy: what the image does with data that is due: `block`, `serve-stale`, `fail`.
        due: the stages that would run.
        artifact: whether missing data can be pulled.
        why: why nothing is known.
    """

    condition: str = ""
    whole: bool = False
    policy: str = ""
    due: tuple[str, ...] = ()
    artifact: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A release record.

    Args:
        digest: the digest of the record itself; empty if there is none yet.
        release: the release's id.
        commit: what was released.
        ended: `good`, or how else it ended.
        services: the image of each service, as `place@digest`.
        definitions: what the target called what each service ran, where the image does not say all.
        good: the digest of the last record of a good release before it; empty if there is none.
        moment: when it ended, in seconds since 1970.
    """

    digest: str = ""
    release: str = ""
    commit: str = ""
    ended: str = ""
    services: Mapping[str, str] = field(default_factory=dict)
    good: str = ""
    moment: float = 0.0
    definitions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Latest:
    """What the tag `latest` of an image names.

    Args:
        digest: the digest; empty if there is no such tag.
        commit: the commit of that image.
        forwards: whether the wanted commit follows it; None if git does not know.
    """

    digest: str = ""
    commit: str = ""
    forwards: bool | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at everything that a release depends on.

    Args:
        environment: where it goes.
        commit: what is released; empty where there is no history.
        tag: the tag of its images.
        dirty: whether files differ from the commit.
        images: the wanted images by their names in the settings.
        services: the services in order.
        database: where the database is.
        last: the newest release record, however it ended.
        good: the newest record of a good release.
        latest: the tag `latest` of each image.
        looked: whether registry and targets were looked at.
    """

    environment: str
    commit: str
    tag: str
    dirty: bool = False
    images: Mapping[str, Image] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    database: Database = Database()
    last: Recorded = Recorded()
    good: Recorded = Recorded()
    latest: Mapping[str, Latest] = field(default_factory=dict)
    looked: bool = True
