"""Decides what a release does: each step with its reason, from one look alone. No other module decides this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from buildkit.config import ReleaseConfig
from buildkit.model import Reason
from buildkit.release import gates
from buildkit.release.sight import FAILING, HEALTHY, Image, Revisions, Running, Service, Sight

PASSED, LEFT, DUE, REFUSED = "passed", "left", "due", "refused"

GATE, IMAGE, MIGRATE, DEPLOY, VERIFY, LATEST, RECORD = (
    "gate",
    "image",
    "migrate",
    "deploy",
    "verify",
    "latest",
    "record",
)
"""The kinds of steps, in their order: the schema comes before the code, what says `good` comes last."""


DATA = "data"
"""The gate that is asked once an image is there; the name of its service stands behind it."""


class Step(NamedTuple):
    """One step of a release.

    Args:
        kind: what is done.
        subject: to what; empty where there is one only.
        action: `passed`, `left`, `due` or `refused`.
        reason: why.
        before: what is there now.
        after: what will be there.
        hint: what to do about a refusal.
    """

    kind: str
    subject: str
    action: str
    reason: Reason
    before: str = ""
    after: str = ""
    hint: str = ""

    @property
    def name(self) -> str:
        """The step as users see it."""
        return f"{self.kind} {self.subject}".rstrip()


@dataclass(frozen=True, slots=True)
class Wants:
    """What was asked for.

    Args:
        settings: those of the environment.
        only: the names of the services; all where empty.
        allow_contract: the revisions that may take something away.
        allow_dirty: whether files may differ from the commit, outside of production.
        back: whether this is a way back to an older release.
        pushes: whether images that the registry lacks are sent.
    """

    settings: ReleaseConfig
    only: tuple[str, ...] = ()
    allow_contract: tuple[str, ...] = ()
    allow_dirty: bool = False
    back: bool = False
    pushes: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order."""

    steps: tuple[Step, ...]

    @property
    def refused(self) -> tuple[Step, ...]:
        """The steps that do not let the release pass."""
        return tuple(step for step in self.steps if step.action == REFUSED)

    @property
    def due(self) -> tuple[Step, ...]:
        """The steps that do something."""
        return tuple(step for step in self.steps if step.action == DUE)


def decide(sight: Sight, wants: Wants) -> Plan:
    """Return the plan for what was seen."""
    chosen = tuple(each for each in sight.services if not wants.only or each.name in wants.only)
    steps = [] if wants.back else [_gate("commit", gates.commit(sight, allow_dirty=wants.allow_dirty))]
    if not sight.looked:
        return Plan((*steps, *_unseen(chosen)))
    steps += _images(sight, wants, chosen)
    schema = [*_schema(sight, wants, chosen)]
    deployments = [_deployment(each, sight.images[each.image]) for each in chosen if each.target != "none"]
    steps += [*_data(chosen, sight.images, deployments), *schema, *deployments]
    moved = {step.subject for step in deployments if step.action == DUE}
    steps += [
        Step(VERIFY, name, DUE, Reason("answers with 2xx", its.verify))
        for name, its in wants.settings.service.items()
        if its.verify and name in moved
    ]
    latest = () if wants.back or wants.settings.latest == "never" else _latest(sight, chosen)
    return Plan((*steps, *latest, _record(sight, chosen)))


def _gate(name: str, verdict: gates.Verdict) -> Step:
    kind, _, detail = verdict.words.partition(": ")
    return Step(GATE, name, PASSED if verdict.passed else REFUSED, Reason(kind, detail), hint=verdict.hint)


def _unseen(chosen: tuple[Service, ...]) -> Iterator[Step]:
    """Yield the steps of an offline plan, for which nothing but the checkout was looked at."""
    reason = Reason("not looked at", "offline")
    for name in dict.fromkeys(each.image for each in chosen):
        yield Step(IMAGE, name, DUE, reason)
    yield Step(MIGRATE, "", DUE, reason)
    for each in chosen:
        if each.target != "none":
            yield Step(DEPLOY, each.name, DUE, reason)
    yield Step(RECORD, "", DUE, reason)


def _images(sight: Sight, wants: Wants, chosen: tuple[Service, ...]) -> Iterator[Step]:
    for name in dict.fromkeys(each.image for each in chosen):
        image = sight.images[name]
        after = _short(image.digest)
        if not image.digest and wants.pushes:
            words = Reason("not in the registry", f"{image.place}:{sight.tag} is built and pushed")
            yield Step(IMAGE, name, DUE, words)
        elif not image.digest:
            yield Step(
                IMAGE,
                name,
                REFUSED,
                Reason("not in the registry", f"{image.place}:{sight.tag}"),
                hint=f"build it and push it: invoke image, then docker push {image.place}:{sight.tag}",
            )
        elif (wrong := gates.platforms(image, [each for each in chosen if each.image == name])) is not None:
            yield Step(IMAGE, name, REFUSED, Reason(wrong.words), after=after, hint=wrong.hint)
        else:
            yield Step(IMAGE, name, LEFT, Reason("in the registry", f"{image.place}:{sight.tag}"), after=after)


def _schema(sight: Sight, wants: Wants, chosen: tuple[Service, ...]) -> Iterator[Step]:
    """Yield the step of the migration with the gates around it; nothing if no image migrates."""
    found = {
        each.name: sight.images[each.image].revisions for each in chosen if sight.images[each.image].revisions.head
    }
    if not found:
        return
    heads = sorted({each.head for each in found.values()})
    if len(heads) > 1:
        words = Reason("the images have different heads", " and ".join(heads))
        yield Step(MIGRATE, "", REFUSED, words, hint="release images of one commit")
        return
    name, revisions = next(iter(found.items()))
    ran = [each.image.revisions for one in sight.services for each in one.running if each.image is not None]
    schema = gates.schema(revisions, sight.database, {each for one in ran for each in one.contracting})
    before = " and ".join(sight.database.at or ())
    work = bool(schema.pending) or schema.undecided
    pending = gates.presumed(revisions, sight.services) if schema.undecided else schema.pending
    if pending:
        yield from _beside_the_schema(sight, wants, revisions, pending)
    if not schema.verdict.passed:
        yield Step(MIGRATE, "", REFUSED, Reason(schema.verdict.words), before, hint=schema.verdict.hint)
    elif schema.pending and wants.settings.migrate == "off":
        words = Reason(f"{len(schema.pending)} pending", 'and migrate = "off"')
        yield Step(MIGRATE, "", REFUSED, words, before, revisions.head, "migrate the database before the release")
    elif work and wants.settings.migrate == "off":
        yield Step(MIGRATE, "", LEFT, Reason('migrate = "off"'), before, revisions.head)
    elif work:
        count = f"{len(schema.pending)} pending" if schema.pending else "not known"
        yield Step(MIGRATE, name, DUE, Reason(count, schema.verdict.words), before, revisions.head)
    else:
        yield Step(MIGRATE, "", LEFT, Reason(schema.verdict.words), before, before)


def _beside_the_schema(sight: Sight, wants: Wants, revisions: Revisions, pending: tuple[str, ...]) -> Iterator[Step]:
    """Yield the gates that ask whether what runs may run on the schema to come."""
    ends = gates.running_serves_ahead(sight.services, revisions.head)
    yield _gate("ahead", ends or gates.Verdict(True, "what runs serves on the newer schema"))
    taken = gates.contraction(
        pending, revisions.contracting, wants.allow_contract, refuse=wants.settings.contract == "refuse"
    )
    yield _gate("contract", taken or gates.Verdict(True, "no pending revision takes anything away, unless allowed"))


def _data(chosen: tuple[Service, ...], wanted: Mapping[str, Image], deployments: Sequence[Step]) -> Iterator[Step]:
    """Yield the gates that ask a new image, once it is there, whether it would start on the data at once.

    A service that does not run yet may make its data as long as it takes.
    """
    due = {step.subject for step in deployments if step.action == DUE}
    for each in chosen:
        if each.running and each.name in due and wanted[each.image].data:
            words = Reason("asked of the new image", "what it would make of the data that is there")
            yield Step(GATE, f"{DATA} {each.name}", DUE, words)


def _deployment(service: Service, image: Image) -> Step:
    before = ", ".join(sorted({_short(each.digest) or "not by digest" for each in service.running}))
    action, kind, detail = _judged(service, image)
    if action == DUE and service.barred:
        return Step(DEPLOY, service.name, REFUSED, Reason(service.barred), before, hint=service.hint)
    return Step(DEPLOY, service.name, action, Reason(kind, detail), before, _short(image.digest))


def _judged(service: Service, image: Image) -> tuple[str, str, str]:
    """Return what becomes of a service, and why, in two parts."""
    running = service.running
    if not running:
        return DUE, "it does not run yet", ""
    if not image.digest:
        return DUE, "once its image is pushed", "left if nothing but the commit differs"
    if all(each.condition == HEALTHY and each.current for each in running):
        if all(each.digest == image.digest for each in running):
            return LEFT, "it runs", f"{len(running)} healthy"
        if image.identity and all(each.image and each.image.identity == image.identity for each in running):
            return LEFT, "same layers and configuration", f"as what runs, of commit {_commits(running)}"
    return DUE, *_why_due(service, image)


def _why_due(service: Service, image: Image) -> tuple[str, str]:
    wanted = [each for each in service.running if each.digest == image.digest]
    if not wanted:
        return "another image runs", service.way
    if not all(each.current for each in wanted):
        return "its settings at the target have changed", service.way
    if len(wanted) < len(service.running):
        return "begun", "old and new run beside each other"
    failing = any(each.condition == FAILING for each in wanted)
    return ("it runs and is not healthy" if failing else "it has been started and is not ready yet"), ""


def _commits(running: tuple[Running, ...]) -> str:
    return " and ".join(sorted({each.image.commit[:12] for each in running if each.image is not None}))


def _latest(sight: Sight, chosen: tuple[Service, ...]) -> Iterator[Step]:
    for name in dict.fromkeys(each.image for each in chosen):
        now, image = sight.latest.get(name), sight.images[name]
        if now is None:
            continue
        if not image.digest:
            yield Step(LATEST, name, DUE, Reason("once its image is pushed"), _short(now.digest))
            continue
        before, after = _short(now.digest), _short(image.digest)
        if now.digest and now.digest == image.digest:
            yield Step(LATEST, name, LEFT, Reason("it names this image"), before, after)
        elif not now.digest:
            yield Step(LATEST, name, DUE, Reason("there is no such tag"), before, after)
        elif now.forwards:
            yield Step(LATEST, name, DUE, Reason("forwards", f"{now.commit[:12]} is before it"), before, after)
        else:
            about = f"commit {now.commit[:12]}" if now.commit else "an image of no known commit"
            why = "which this one does not follow" if now.forwards is False else "which is not known here"
            yield Step(LATEST, name, LEFT, Reason(f"it names {about}", why), before, before)


def _record(sight: Sight, chosen: tuple[Service, ...]) -> Step:
    wanted = services_after(sight, chosen)
    last = sight.last
    if last.ended == "good" and dict(last.services) == dict(wanted) and last.commit == sight.commit:
        return Step(RECORD, "", LEFT, Reason("it says so", last.release), _short(last.digest), _short(last.digest))
    return Step(RECORD, "", DUE, Reason("first release" if not last.digest else "another release"), _short(last.digest))


def services_after(sight: Sight, chosen: tuple[Service, ...]) -> Mapping[str, str]:
    """Return the image of each service once the release is done; those not chosen keep what was recorded."""
    names = {each.name for each in chosen}
    kept = {name: image for name, image in sight.good.services.items() if name not in names}
    return {**kept, **{each.name: runs_after(each, sight.images[each.image]) for each in chosen}}


def runs_after(service: Service, image: Image) -> str:
    """Return the reference of what a service runs once the release is done.

    That is what runs already where nothing but the commit's label differs.
    """
    step = _deployment(service, image)
    if service.target != "none" and step.action == LEFT and service.running:
        return f"{image.place}@{service.running[0].digest}"
    return image.reference


def _short(digest: str) -> str:
    return digest[:19]
