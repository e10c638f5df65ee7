"""All findings of a build, and the ignore file with those changes made that take nothing from an image."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Sequence

from buildkit.core.sizes import in_words
from buildkit.image.advice import dead, patterns, places, waste
from buildkit.image.advice.finding import Finding
from buildkit.image.advice.scene import Scene, within
from buildkit.image.context import Entry

_MOST_ROUNDS = 10
_NAMED = "an instruction takes it by name"
_HEAD = "# what no build of an image needs"


def findings(scene: Scene) -> list[Finding]:
    """Return all that is found; a change that would take something away is held."""
    found = [*places.findings(scene), *patterns.findings(scene), *dead.findings(scene)]
    found = [_held(scene, each) for each in (*found, *waste.findings(scene, found))]
    held = frozenset(path for each in found if each.made_again and each.held_by for path in each.paths)
    return [each if each.held_by or not _touches(each, held) else each._replace(held_by=_NAMED) for each in found]


def _touches(found: Finding, held: frozenset[str]) -> bool:
    return any(within(path, held) for path in found.paths)


def guarded(scene: Scene, found: Iterable[Finding]) -> list[Entry]:
    """Return the files that no change may take from the image: all that it gets but what tools make again.

    What an instruction takes by name stays in every case.
    """
    again = frozenset(path for each in found if each.made_again and not each.held_by for path in each.paths)
    files = (entry for entry in scene.needs.entries if not stat.S_ISDIR(entry.mode))
    return [entry for entry in files if not within(entry.path, again)]


def proposed(text: str, found: Sequence[Finding], former: str = "") -> str:
    """Return the ignore file with the changes of the findings made; what a person has to decide is added as a comment.

    Args:
        text: the file as it is; empty if there is none.
        found: the findings.
        former: a pattern for the former files that are kept beside the new one, which no image needs either.
    """
    lines = text.removesuffix("\n").split("\n") if text else []
    changed: dict[int, str | None] = {}
    added: list[str] = []
    for each in found:
        for number, line in each.changes:
            if number:
                if not each.held_by:
                    changed[number] = line
            elif not each.held_by:
                added.append(line or "")
            elif f"# {line}" not in lines:
                added += [f"# {in_words(each.size)}, {each.held_by}; to keep it out, take the mark away:", f"# {line}"]
    kept = [changed.get(number, line) for number, line in enumerate(lines, 1)]
    if former and (added or changed):
        added.append(former)
    new = [line for line in added if line not in kept]
    if new:
        kept += [*([""] if kept else []), *([] if _HEAD in kept else [_HEAD]), *new]
    return "".join(f"{line}\n" for line in kept if line is not None)


def settled(text: str, look: Callable[[str], Sequence[Finding]], former: str = "") -> str:
    """Return the ignore file with changes made until none is left: a new line may let an old one never decide.

    Args:
        text: the file as it is.
        look: finds what is wrong under such a text.
        former: see `proposed`.
    """
    new = text
    for _ in range(_MOST_ROUNDS):
        before, new = new, proposed(new, look(new), former)
        if new == before:
            break
    return new


def _held(scene: Scene, found: Finding) -> Finding:
    """Return a finding with what stands against its change, if an instruction takes what that would keep out."""
    if not found.changes or not found.paths or found.held_by:
        return found
    roots = frozenset(found.paths)
    if scene.needs.unknown:
        return found._replace(held_by=f'what "{scene.needs.unknown[0].written}" takes is not known')
    if any(within(path, roots) for path in scene.named):
        return found._replace(held_by=_NAMED)
    if not found.made_again and any(within(entry.path, roots) for entry in scene.needs.entries):
        return found._replace(held_by="an instruction takes it")
    return found
