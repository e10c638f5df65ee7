"""What a .dockerignore file keeps out, decided as the Docker builder decides it.

The language resembles .gitignore and differs where it hurts: a pattern is anchored at the root of the context, a
trailing slash means nothing, `[^a]` negates and `[!a]` does not, `**name` is a plain test of the path's end, and a `!`
rule brings a file back from inside an excluded folder. The behaviour is that of moby/patternmatcher together with the
walk of tonistiigi/fsutil, which sends the context; a test compares with a real engine.
"""

from __future__ import annotations

import posixpath
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from buildkit.errors import ConfigurationError

_ESCAPED = frozenset(".+()$")
"""Characters that mean themselves. Not so `{`, `|` and `}`: beside a wildcard, `a{2}` is `aa` to the builder."""

_WILD = re.compile(r"[*?\[\\]")

_STARS = 6
"""With more of them a regular expression of Python's may try more ways through a path than a life has seconds."""

_SET = re.compile(r"\[\^?(?:[^]\-](?:-[^]\-])?)+\]")
_KEPT, _FOLDERS, _ONE = "kept", "folders", "one"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of an ignore file.

    Args:
        line: its number, from 1.
        text: the line as it is written, without the spaces around it.
        keeps: it starts with `!`: what it matches is not ignored.
        pattern: the rest, as a clean relative path.
        match: whether a path matches it.
    """

    line: int
    text: str
    keeps: bool
    pattern: str
    match: Callable[[str], bool]


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
        rules: what `parse` returns; none for a project without such a file.
    """

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = tuple(rules)
        self._kept = tuple(_literal_start(rule.pattern) for rule in self.rules if rule.keeps)

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
            hit = known or (rule.keeps == ignored and rule.match(path))
            matched.append(hit)
            if hit:
                ignored, decisive = not rule.keeps, rule
        return Verdict(ignored, decisive, tuple(matched))

    def may_keep_within(self, folder: str) -> bool:
        """Return whether a `!` rule could bring back something inside the ignored `folder`: only then it is walked."""
        inside = f"{folder}/"
        return any(inside.startswith(start) or start.startswith(inside) for start in self._kept)


def parse(text: str, name: str = ".dockerignore") -> Ignore:
    """Return the rules of an ignore file.

    Args:
        text: its content.
        name: what to call it in an error.

    Raises:
        ConfigurationError: a line is no valid pattern.
    """
    rules = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("#") or not line.strip():
            continue
        try:
            rules.append(_rule(number, line.strip()))
        except ValueError as error:
            raise ConfigurationError(
                f'{name}:{number}: "{line.strip()}" is no pattern: {error}',
                hint='the builder refuses such a file; mend the line, or write "\\" before a special character',
            ) from None
    return Ignore(rules)


def _rule(number: int, text: str) -> Rule:
    keeps = text.startswith("!")
    written = text[1:].strip() if keeps else text
    pattern = posixpath.normpath(re.sub("/+", "/", written)) if written else "/"
    if keeps and pattern == "/":
        raise ValueError('nothing follows the "!"')
    if len(pattern) > 1:
        pattern = pattern.removeprefix("/")
    return Rule(number, text, keeps, pattern, _matcher(pattern))


def _literal_start(pattern: str) -> str:
    """Return what every path that `pattern` matches starts with; all of it where it has no wildcard."""
    wild = _WILD.search(pattern)
    if wild is None:
        return pattern
    return "" if re.search("[{|]", pattern) else pattern[: wild.start()]


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Return the test for `pattern`: plain comparisons where it has no wildcard but `**` at one end."""
    _check(pattern)
    if not _WILD.search(pattern):
        return pattern.__eq__
    if pattern.startswith("**") and not _WILD.search(pattern[2:]):
        end = pattern[2:]
        return lambda path: path.endswith(end) or (end[:1] == "/" and path == end[1:])
    if pattern.endswith("**") and not _WILD.search(pattern[:-2]):
        start = pattern[:-2]
        return lambda path: path.startswith(start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "[[" may one day mean a nested set
        try:
            expression = re.compile(rf"^{_expression(pattern)}\Z", re.ASCII)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from None
    if pattern.count("*") <= _STARS:
        return lambda path: expression.search(path) is not None
    if re.search(r"[\[{|]", pattern):
        raise ValueError(f'beside "[", "{{" or "|" it may have {_STARS} stars')
    steps = _steps(pattern)
    return lambda path: _matches(steps, path)


def _expression(pattern: str) -> str:
    """Return `pattern` as a regular expression: character by character, also between brackets, as the builder does."""
    return "".join(text for text, _, _ in _tokens(pattern))


def _steps(pattern: str) -> list[tuple[str, Callable[[str], object]]]:
    """Return what a pattern without `[`, `{` and `|` wants of a path, step by step."""
    return [(kind, fits) for _, kind, fits in _tokens(pattern)]


def _tokens(pattern: str) -> Iterator[tuple[str, str, Callable[[str], object]]]:
    """Yield the parts of a pattern: each as a regular expression, as a kind of step, and as a test of a character."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*" and pattern.startswith("*", at):
            at += 1
            at += pattern.startswith("/", at)
            yield (".*", _KEPT, "\n".__ne__) if at == len(pattern) else ("(?:.*/)?", _FOLDERS, "\n".__ne__)
        elif character == "*":
            yield "[^/]*", _KEPT, "/".__ne__
        elif character == "?":
            yield "[^/]", _ONE, "/".__ne__
        elif character == "\\":
            yield character + pattern[at], _ONE, pattern[at].__eq__
            at += 1
        else:
            yield f"\\{character}" if character in _ESCAPED else character, _ONE, character.__eq__


def _matches(steps: Sequence[tuple[str, Callable[[str], object]]], path: str) -> bool:
    """Return whether a path takes all steps: all ways are followed at once, so that it takes no longer than it is."""
    here = _reached({0}, steps)
    inside: set[int] = set()
    for character in path:
        more, then = set[int](), set[int]()
        for at in here:
            if at < len(steps) and steps[at][1](character):
                kind = steps[at][0]
                if kind == _FOLDERS:
                    then.add(at)
                else:
                    more.add(at if kind == _KEPT else at + 1)
        inside = then | (inside if character != "\n" else set())
        if character == "/":
            more |= {at + 1 for at in inside}
        here = _reached(more, steps)
        if not here and not inside:
            return False
    return len(steps) in here


def _reached(places: set[int], steps: Sequence[tuple[str, Callable[[str], object]]]) -> set[int]:
    """Return the places with those that are reached from them without a character."""
    found = set(places)
    waiting = list(places)
    while waiting:
        at = waiting.pop()
        if at < len(steps) and steps[at][0] != _ONE and at + 1 not in found:
            found.add(at + 1)
            waiting.append(at + 1)
    return found


def _check(pattern: str) -> None:
    """Raise `ValueError` where a bracket or a backslash is left open."""
    rest = re.sub(r"\\.", "x", pattern, flags=re.DOTALL)
    if rest.endswith("\\"):
        raise ValueError("nothing follows the last backslash")
    at = rest.find("[")
    while at >= 0:
        found = _SET.match(rest, at)
        if found is None:
            raise ValueError('"[" begins a set of characters that does not end')
        at = rest.find("[", found.end())
