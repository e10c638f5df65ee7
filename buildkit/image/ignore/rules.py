"""The verdict on a path, rule by rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from buildkit.image.ignore.patterns import Pattern

_WILD = re.compile(r"[*\[\]?^\\]")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of an ignore file.

    Args:
        line: its number, from 1.
        text: the line as it is written, without the spaces around it.
        keeps: it is an exception: what it matches is not ignored.
        pattern: which paths it is about.
    """

    line: int
    text: str
    keeps: bool
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about one path.

    Args:
        ignored: it does not enter the context. A folder that is ignored still enters when something in it does.
        rule: the rule that decided; None where none matched.
        matched: which rules matched the path or a folder above; needed to judge what is inside.
    """

    ignored: bool
    rule: Rule | None
    matched: tuple[bool, ...]


class Ignore:
    """The rules of one ignore file, in their order.

    Args:
        rules: what `lines.parse` returns; none for a project without such a file.
    """

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = tuple(rules)
        kept = [_trimmed(rule.pattern.text) for rule in self.rules if rule.keeps]
        self._walks_all = any(_WILD.search(start) for start in kept)
        self._kept = tuple(f"{start}/" for start in kept)

    def judge(self, path: str, above: Verdict | None = None) -> Verdict:
        """Return the verdict on `path`.

        Rules are asked in turn and the last that changes the answer wins. A rule that could not change the answer for a
        folder is not asked, and so is not remembered for what is inside: the builder behaves the same.

        Args:
            path: relative to the context, with forward slashes.
            above: the verdict on the folder it is in; None at the top.
        """
        ignored, decisive = False, None
        matched = []
        inherited = above.matched if above else (False,) * len(self.rules)
        for rule, known in zip(self.rules, inherited, strict=True):
            hit = known or (rule.keeps == ignored and rule.pattern.fits(path))
            matched.append(hit)
            if hit:
                ignored, decisive = not rule.keeps, rule
        return Verdict(ignored, decisive, tuple(matched))

    def explain(self, path: str) -> Verdict:
        """Return the verdict on `path`, judged from the top down."""
        verdict = None
        for end, character in enumerate(f"{path}/"):
            if character == "/":
                verdict = self.judge(path[:end], verdict)
        assert verdict is not None  # noqa: S101 - a path has a part
        return verdict

    def may_keep_within(self, folder: str) -> bool:
        """Return whether the builder looks for exceptions inside the ignored `folder`; otherwise it is not walked.

        It cuts `/**` and then `/*` off an exception's end, and walks the folders above what is left: so `!a/*/**` alone
        brings nothing back. As soon as what is left of one exception has a wildcard it walks every folder.
        """
        return self._walks_all or any(start.startswith(f"{folder}/") for start in self._kept)


def _trimmed(pattern: str) -> str:
    return pattern.removesuffix("/**").removesuffix("/*")
