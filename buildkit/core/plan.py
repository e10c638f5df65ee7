"""Decides whether a subject is made, restored or left, and gives the reason. No other module decides this."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from buildkit.model import ABSENT, Action, Digest, Fingerprint, Reason, Record, Step

UNCHANGED = Reason("unchanged")
NEVER_MADE = Reason("not built before")


def decide(
    subject: str,
    now: Fingerprint,
    then: Record | None,
    outputs: Mapping[str, Digest],
    stored: Collection[Digest] = (),
) -> Step:
    """Return what to do with one subject.

    Args:
        subject: its name.
        now: the fingerprint of its present inputs.
        then: the record of its last build; None if there is none.
        outputs: the digest of each file that `then` names, as it lies on the disk (`ABSENT` where it is not there).
        stored: the keys whose result can be had without making it.
    """
    reason = _why_not_fresh(now, then, outputs)
    if reason is None:
        return Step(subject, Action.LEAVE, UNCHANGED)
    return Step(subject, Action.RESTORE if now.key in stored else Action.MAKE, reason)


def _why_not_fresh(now: Fingerprint, then: Record | None, outputs: Mapping[str, Digest]) -> Reason | None:
    if then is None:
        return NEVER_MADE
    if now.key != then.key:
        return why_changed(now.parts, then.parts)
    for path, digest in then.outputs.items():
        found = outputs.get(path, ABSENT)
        if found != digest:
            return Reason("output missing" if found == ABSENT else "output damaged", path)
    return None


def why_changed(now: Mapping[str, Digest], then: Mapping[str, Digest]) -> Reason:
    """Return the reason that names the first input that differs, and how many more do.

    The name of a part is `KIND NAME`: `source app/fast.py` reads `source changed: app/fast.py`.
    """
    changed = sorted(name for name in {*now, *then} if now.get(name, ABSENT) != then.get(name, ABSENT))
    if not changed:
        return Reason("recorded under another key")
    kind, _, name = changed[0].partition(" ")
    before, after = then.get(changed[0], ABSENT), now.get(changed[0], ABSENT)
    verb = "appeared" if before == ABSENT else "gone" if after == ABSENT else "changed"
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return Reason(f"{kind} {verb}", _shown(name) + more)


def _shown(name: str) -> str:
    """Return a name with unprintable characters replaced: it may contain terminal escape sequences."""
    return name if name.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)
