"""What a release may not go past. Each gate is pure, and says what it saw and what to do.

The schema goes first, and code that already runs stays for a while beside it, or comes back. So it is asked whether
that code may run on the newer schema, and whether older code may run on the schema that is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from buildkit.config import PRODUCTION
from buildkit.release.sight import HEALTHY, Data, Database, Image, Revisions, Running, Service, Sight

SERVE = "serve"


class Verdict(NamedTuple):
    """The verdict of a gate: whether it lets the release pass, what was seen, and what to do if it does not."""

    passed: bool
    words: str
    hint: str = ""


def commit(sight: Sight, *, allow_dirty: bool) -> Verdict:
    """Return whether what is released is a commit."""
    if not sight.commit:
        return Verdict(False, "there is no commit to release", "commit the sources: git add, git commit")
    if not sight.dirty:
        return Verdict(True, f"commit {sight.tag}, and no file differs")
    if sight.environment == PRODUCTION:
        return Verdict(
            False, f"files differ from commit {sight.commit[:12]}", "commit them, or release to another environment"
        )
    if allow_dirty:
        return Verdict(True, f"commit {sight.commit[:12]} with other files, as --allow-dirty lets it")
    return Verdict(False, f"files differ from commit {sight.commit[:12]}", "commit them, or add --allow-dirty")


def platforms(image: Image, services: Iterable[Service]) -> Verdict | None:
    """Return the refusal of an image that is not made for where it would run; None if it is."""
    for service in services:
        if service.platform and image.platform and service.platform != image.platform:
            return Verdict(
                False,
                f"it is made for {image.platform}, and {service.name} runs on {service.platform}",
                f"build it for {service.platform}",
            )
    return None


class Schema(NamedTuple):
    """What becomes of the database: the revisions to apply, and how that is said.

    Args:
        verdict: whether the release may go on.
        pending: the revisions that the database lacks; empty if it needs none, or lacks none.
        undecided: whether the migration step has to find out itself.
    """

    verdict: Verdict
    pending: tuple[str, ...] = ()
    undecided: bool = False


def schema(revisions: Revisions, database: Database, contracting: Collection[str] = ()) -> Schema:
    """Return what the wanted images need of the database, and whether they may run on it as it is.

    Args:
        revisions: those of the wanted images.
        database: where it is.
        contracting: the revisions of what runs that take something away: older images may miss it.
    """
    head, at = revisions.head, database.at
    if at is None:
        return Schema(Verdict(True, f"to head {head}; {database.why}: the step itself looks"), undecided=True)
    if at == (head,):
        return Schema(Verdict(True, f"already at head {head}"))
    if set(at) <= set(revisions.known):
        has = {*database.applied, *at} or set()
        pending = tuple(each for each in revisions.known if each not in has)
        return Schema(Verdict(True, f"from {_ids(at)} to head {head}"), pending)
    words = f"the database is at {_ids(at)}, ahead of the image's head {head}"
    taken = [each for each in database.applied if each in contracting and each not in revisions.known]
    if taken:
        return Schema(
            Verdict(
                False,
                f"{words}, and revision {_ids(taken)} took away what it may use",
                "nothing goes back over that: release what mends it, from the newest code",
            )
        )
    if revisions.ahead == SERVE:
        return Schema(Verdict(True, f"{words}, which serves all the same (ahead = serve)"))
    return Schema(
        Verdict(
            False,
            words,
            "release an image that knows that revision,\n"
            'or one that was built with [tool.buildkit.migrate] ahead = "serve"',
        )
    )


def presumed(revisions: Revisions, services: Iterable[Service]) -> tuple[str, ...]:
    """Return the revisions that are taken for pending where it is not known where the database is.

    Those that no code knows which runs and is well: none may take away what that uses. Empty if no such code runs.
    """
    running = [each for one in services for each in one.running if each.condition == HEALTHY]
    known = [each.image.revisions.known for each in running if each.image is not None and each.image.revisions.head]
    return tuple(each for each in revisions.known if all(each not in one for one in known)) if known else ()


def running_serves_ahead(services: Iterable[Service], head: str) -> Verdict | None:
    """Return the refusal where code that runs would end on the newer schema; None if none would.

    Tasks are restarted while a rollout is under way, and it may go back: then older code meets the newer schema.
    """
    for service in services:
        for each in service.running:
            if not _ends_ahead(each, head):
                continue
            return Verdict(
                False,
                f"{each.name} would end on a database ahead of it, at a restart or on the way back",
                'first release an image with [tool.buildkit.migrate] ahead = "serve" and no new revision,\n'
                "or let what runs have PYBUILDKIT_MIGRATE_AHEAD=serve",
            )
    return None


def _ends_ahead(running: Running, head: str) -> bool:
    image = running.image
    if image is None or not image.gates or image.revisions.head == head:
        return False
    return (running.ahead or image.revisions.ahead) != SERVE


def contraction(
    pending: Sequence[str], contracting: Iterable[str], allowed: Iterable[str], *, refuse: bool
) -> Verdict | None:
    """Return the verdict on pending revisions that take something away; None if there are none."""
    found = [each for each in pending if each in {*contracting} - {*allowed}]
    if not found:
        return None
    words = f"revision {_ids(found)} takes away what the code that runs may use"
    if not refuse:
        return Verdict(True, f'{words} (contract = "warn")')
    flags = " ".join(f"--allow-contract {each}" for each in found)
    return Verdict(
        False,
        words,
        f"release code that no longer uses it first, and this revision later; if that is so already: {flags}",
    )


def _ids(ids: Sequence[str]) -> str:
    return " and ".join(ids) if ids else "no revision"


def data(seen: Data) -> Verdict:
    """Return whether a new version would start at once on the data that is there.

    One that makes data first is not ready for as long as that takes, and its health check may give it up.
    """
    if seen.why:
        return Verdict(True, f"not known: {seen.why}")
    stages = " and ".join(seen.due)
    if seen.whole and not seen.due:
        return Verdict(True, f"it fits: {seen.condition}")
    if seen.whole and seen.policy == "serve-stale":
        return Verdict(True, f"it is served as it is, and stage {stages} runs beside the service ({seen.condition})")
    if not seen.whole and seen.artifact:
        return Verdict(True, f"it can be pulled ({seen.condition})")
    if seen.policy == "fail":
        words, hint = f"it is due ({seen.condition}), and the policy is to make none at a start", "make it first"
    else:
        words = f"stage {stages} would run before the service starts ({seen.condition})"
        hint = 'make it first, publish it (data.artifact), or let it be served meanwhile: policy = "serve-stale"'
    return Verdict(False, words, hint)
