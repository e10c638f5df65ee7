"""Whether a tag may be put, and whether `latest` may be moved: to a later commit, never back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

REVISION = "org.opencontainers.image.revision"
BASE = "org.opencontainers.image.base.digest"
LATEST = "latest"
AUTO, NEVER, MOVE = "auto", "never", "move"
"""What is said of `latest`: move it forward, leave it, move it whatever it names."""

IsAncestor = Callable[[str, str], bool | None]
"""Returns whether a commit is an ancestor of another; None if one of them is not known here."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of `latest`.

    Args:
        moves: whether it is moved.
        words: why.
    """

    moves: bool
    words: str


def judge(wanted: str, ours: str, theirs: str | None, is_ancestor: IsAncestor) -> Verdict:
    """Return whether `latest` is moved to an image.

    Args:
        wanted: `auto`, `never` or `move`.
        ours: the image's commit; empty if it has none, and ending in `-dirty` if files differ from it.
        theirs: the commit of the image that `latest` names; empty if that says none; None if there is no `latest`.
        is_ancestor: says which commit came first.
    """
    if wanted != AUTO:
        return Verdict(wanted == MOVE, "as was asked")
    if not ours or ours.endswith("-dirty"):
        return Verdict(moves=False, words="this image is of no commit")
    if theirs is None:
        return Verdict(moves=True, words="there was none")
    if not theirs:
        return Verdict(moves=False, words="it names an image that says no commit")
    return _of_commits(ours, theirs.removesuffix("-dirty"), is_ancestor)


def _of_commits(ours: str, theirs: str, is_ancestor: IsAncestor) -> Verdict:
    if theirs == ours:
        return Verdict(moves=True, words="it named another build of this commit")
    forward = is_ancestor(theirs, ours)
    if forward:
        return Verdict(moves=True, words=f"it was at {theirs[:12]}")
    where = (
        "which is not known here"
        if forward is None
        else "which is later"
        if is_ancestor(ours, theirs)
        else "which is on another branch"
    )
    return Verdict(moves=False, words=f"it is at {theirs[:12]}, {where}")


def difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """Return why two images of one tag differ, as far as their annotations say it.

    Args:
        ours: the annotations of the image that is to be pushed.
        theirs: those of the image under the tag.
    """
    if theirs.get(REVISION) and theirs[REVISION] != ours.get(REVISION):
        return f"it is of commit {theirs[REVISION][:12]}"
    if theirs.get(BASE) and ours.get(BASE) and theirs[BASE] != ours[BASE]:
        return "it was built on another base"
    return "it was built from something else, or by another version of the suite"
