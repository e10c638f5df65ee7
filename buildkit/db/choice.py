"""Decides which copy of the database fits the present revisions, and which copies are superfluous. Pure: no server."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from buildkit.db.records import READY, Copy, Records
from buildkit.db.revision_texts import Chain, Content

KEPT = 12
"""Copies that stay, snapshots left out; each takes 8 MB at least."""

BYTES = 10 << 30
"""Bytes that the copies take together at most, if the present one alone takes no more."""

TEMPLATES = 4
"""Templates of tests that stay: one for each of the branches that one works on."""

SUPERSEDED = 3
"""Copies that stay although there is a newer one at the same revision: an edited revision leaves them."""


def fitting(records: Records, chain: Chain, *, template: bool = False) -> Copy | None:
    """Return the copy that has the present revisions, with their present contents; of several, the last used.

    Args:
        records: all copies.
        chain: the present revisions.
        template: the one that tests clone instead.
    """
    found = [
        each
        for each in records.copies
        if (each.template and each.state == READY if template else each.follows)
        and each.revisions is not None
        and each.revisions.keys() == chain.ids
        and chain.holds(each.revisions)
    ]
    return max(found, key=lambda each: each.used, default=None)


def nearest(records: Records, chain: Chain) -> Copy | None:
    """Return the copy to begin from: all that was applied to it is present and unchanged, and the least is lacking."""
    found = [each for each in records.copies if each.follows and each.revisions and chain.holds(each.revisions)]
    return max(found, key=lambda each: (len(each.revisions or ()), each.used), default=None)


def edited(records: Records, chain: Chain) -> tuple[Copy, list[str]] | None:
    """Return the last used copy that has a present revision with another content, and those revisions."""
    found = [
        (each, revisions)
        for each in sorted(records.copies, key=lambda copy: copy.used, reverse=True)
        if each.follows and each.revisions is not None and (revisions := chain.edited(each.revisions))
    ]
    return found[0] if found else None


def superfluous(records: Records, in_use: Collection[str], sizes: Mapping[str, int]) -> list[Copy]:
    """Return the copies to remove, least recently used first; never the present one, one in use, or a snapshot.

    Args:
        records: all copies.
        in_use: the databases that somebody is connected to.
        sizes: the bytes of each database.
    """
    newest_first = sorted((each for each in records.copies if each.follows), key=lambda each: each.used, reverse=True)
    seen: set[frozenset[str]] = set()
    superseded: list[Copy] = []
    for each in newest_first:
        ids = _ids(each.revisions)
        if ids is not None and ids in seen:
            superseded.append(each)
        elif ids is not None:
            seen.add(ids)
    gone = superseded[SUPERSEDED:]
    left = [each for each in newest_first if each not in gone]
    for each in [*superseded[:SUPERSEDED][::-1], *(each for each in left[::-1] if each not in superseded)]:
        if len(left) <= KEPT and sum(sizes.get(copy.name, 0) for copy in left) <= BYTES:
            break
        if each.name != records.present and each.name not in in_use:
            left.remove(each)
            gone.append(each)
    gone.sort(key=lambda each: each.used)
    return [each for each in gone if each.name != records.present and each.name not in in_use]


def superfluous_templates(records: Records) -> list[Copy]:
    """Return the templates to remove, least recently used first."""
    found = sorted((each for each in records.copies if each.template), key=lambda each: each.used)
    return found[:-TEMPLATES]


def _ids(revisions: Mapping[str, Content] | None) -> frozenset[str] | None:
    return None if revisions is None else frozenset(revisions)
