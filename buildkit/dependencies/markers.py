"""Conditions of where a package is installed: markers (PEP 508, PEP 751), decided as far as the target is known.

What an image's Python will say is not known here: its exact version, its machine. So a marker is decided by the facts
that hold, and what is left of it goes to the installer in the target, which asks its own Python. With all variables
given nothing is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Tree = bool | str | tuple[str, tuple["Tree", ...]]
"""True, False, one comparison as text, or ("and" | "or", parts)."""

_WORD = re.compile(r"""\s*(\(|\)|"[^"]*"|'[^']*'|[A-Za-z_][\w.]*|[<>=!~]+)""")
_SETS = ("extras", "dependency_groups")


class BadMarker(ValueError):  # noqa: N818 - a fact
    """A marker that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When a package is installed: if all comparisons of any alternative hold.

    Args:
        alternatives: sets of trees that hold together; one that is empty always holds, and without any nothing does.
    """

    alternatives: frozenset[frozenset[Tree]]

    def __and__(self, other: Condition) -> Condition:
        """Return the condition that both hold."""
        return _least(one | another for one in self.alternatives for another in other.alternatives)

    def __or__(self, other: Condition) -> Condition:
        """Return the condition that one of them holds."""
        return _least([*self.alternatives, *other.alternatives])

    @property
    def always(self) -> bool:
        """Whether it holds everywhere."""
        return frozenset() in self.alternatives

    @property
    def never(self) -> bool:
        """Whether it holds nowhere."""
        return not self.alternatives

    def __str__(self) -> str:
        """Return it as a marker; empty where it always holds."""
        if self.always:
            return ""
        parts = sorted(_text(_joined("and", sorted(each, key=_text))) for each in self.alternatives)
        return " or ".join(parts)


TRUE = Condition(frozenset({frozenset()}))
FALSE = Condition(frozenset())

MOST = 200
"""Alternatives of one package; a lock that has more says it in a way that no installer should be given."""


def _least(alternatives: Iterable[frozenset[Tree]]) -> Condition:
    """Return the condition of these without what others imply."""
    kept: list[frozenset[Tree]] = []
    for each in sorted(set(alternatives), key=len):
        if not any(smaller <= each for smaller in kept):
            kept.append(each)
    if len(kept) > MOST:
        raise BadMarker("a package has too many conditions to be told when it is installed")
    return Condition(frozenset(kept))


def condition(
    marker: str | None,
    facts: Mapping[str, str],
    *,
    extras: Callable[[str], bool] | None = None,
    groups: Callable[[str], bool] | None = None,
) -> Condition:
    """Return what is left of a marker.

    Args:
        marker: its text; None and the empty text always hold.
        facts: the variables that are known.
        extras: says whether an extra is asked for; None leaves such comparisons undecided.
        groups: says the same of a dependency group.

    Raises:
        BadMarker: it is not valid.
    """
    if not marker:
        return TRUE
    tree = _simple(_parsed(marker), _Asked(facts, extras, groups))
    if tree is True:
        return TRUE
    if tree is False:
        return FALSE
    if isinstance(tree, tuple) and tree[0] == "or":
        return _least(_members(part) for part in tree[1])
    return Condition(frozenset({_members(tree)}))


def _members(tree: Tree) -> frozenset[Tree]:
    return frozenset(tree[1]) if isinstance(tree, tuple) and tree[0] == "and" else frozenset({tree})


def _parsed(marker: str) -> Tree:
    """Return the tree of a marker, which `packaging` has validated and written in its own way."""
    from packaging.markers import InvalidMarker, Marker  # noqa: PLC0415 - no start-up pays for it

    try:
        words = _WORD.findall(str(Marker(marker)))
    except (InvalidMarker, RecursionError) as error:
        raise BadMarker(f'marker "{marker}": {str(error).splitlines()[0]}') from None
    words.reverse()
    return _either(words)


def _either(words: list[str]) -> Tree:
    parts = [_both(words)]
    while words and words[-1] == "or":
        words.pop()
        parts.append(_both(words))
    return _joined("or", parts)


def _both(words: list[str]) -> Tree:
    parts = [_one(words)]
    while words and words[-1] == "and":
        words.pop()
        parts.append(_one(words))
    return _joined("and", parts)


def _one(words: list[str]) -> Tree:
    if words[-1] == "(":
        words.pop()
        inner = _either(words)
        words.pop()
        return inner
    left, sign = words.pop(), words.pop()
    if sign == "not":
        sign = f"not {words.pop()}"
    return f"{left} {sign} {words.pop()}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """Decides one comparison, as far as it can be."""

    facts: Mapping[str, str]
    extras: Callable[[str], bool] | None
    groups: Callable[[str], bool] | None

    def decided(self, comparison: str) -> bool | None:
        left, sign, right = _three(comparison)
        for variable, value in ((left, right), (right, left)):
            ask = self.groups if variable == "dependency_groups" else self.extras
            if variable in ("extra", *_SETS) and ask is not None:
                holds = ask(value.strip("\"'"))
                return holds if sign in ("==", "in") else not holds
            if variable in self.facts and value[0] in "\"'":
                from packaging.markers import Marker  # noqa: PLC0415 - no start-up pays for it

                return Marker(comparison).evaluate({variable: self.facts[variable]})
        return None


def _three(comparison: str) -> tuple[str, str, str]:
    words = _WORD.findall(comparison)
    return words[0], " ".join(words[1:-1]), words[-1]


def _simple(tree: Tree, asked: _Asked) -> Tree:
    """Return a tree without what is decided."""
    if isinstance(tree, bool):
        return tree
    if isinstance(tree, str):
        holds = asked.decided(tree)
        return tree if holds is None else holds
    return _joined(tree[0], [_simple(part, asked) for part in tree[1]])


def _joined(word: str, parts: Iterable[Tree]) -> Tree:
    """Return the tree of parts that are joined by "and" or "or"; one that ends the matter stands alone."""
    ends = word == "or"
    flat: list[Tree] = []
    for part in parts:
        if part is ends:
            return ends
        if isinstance(part, bool):
            continue
        flat += part[1] if isinstance(part, tuple) and part[0] == word else (part,)
    if not flat:
        return not ends
    return flat[0] if len(flat) == 1 else (word, tuple(dict.fromkeys(flat)))


def _text(tree: Tree) -> str:
    if isinstance(tree, tuple):
        inner = (
            f"({_text(part)})" if tree[0] == "and" and isinstance(part, tuple) else _text(part) for part in tree[1]
        )
        return f" {tree[0]} ".join(inner)
    return str(tree)
