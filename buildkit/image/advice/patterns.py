"""Lines of an ignore file that do not mean what they seem to mean."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress

from buildkit.image.advice.finding import Change, Finding
from buildkit.image.advice.scene import Scene, amount
from buildkit.image.ignore.rules import Rule

_PYTHON = ("__pycache__", "*.pyc", "*.pyo", "*.py[cod]", "*.py[co]", "*$py.class", "*.egg-info", ".venv", "venv")
_TOOLS = (
    ".tox",
    ".nox",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".ipynb_checkpoints",
    ".coverage",
)
_OTHERS = ("htmlcov", "node_modules", ".git", ".idea", ".vscode", "*.swp", "*~", ".DS_Store", "Thumbs.db")

MADE_AGAIN = frozenset({*_PYTHON, *_TOOLS, *_OTHERS})
"""Names that are meant for any depth, of what tools make again."""

ANY_DEPTH = MADE_AGAIN | {"*.log", "*.tmp", ".env"}
"""Names that are meant for any depth."""

_NEGATED_WRONG = re.compile(r"(?<!\\)\[!")
_WILD = re.compile(r"[*?\[]")
_MOST = 20_000
"""The most paths that are looked at to see what an exception might bring back."""


def findings(scene: Scene) -> Iterator[Finding]:
    """Yield what is odd about single lines."""
    yield from _anchored(scene)
    for number, rule in scene.own:
        if _NEGATED_WRONG.search(rule.pattern.text):
            yield _negated(scene, number, rule)
        if rule.keeps:
            yield from _brings_nothing_back(scene, number, rule)
        yield from _differs(scene, number, rule)


def _anchored(scene: Scene) -> Iterator[Finding]:
    """Find names that count at the top alone, where deeper ones are sent."""
    wanted = [
        (number, rule)
        for number, rule in scene.own
        if not rule.keeps and not rule.text.startswith("/") and rule.pattern.text in ANY_DEPTH
    ]
    roots: dict[int, list[str]] = {}
    for entry in scene.context.entries if wanted else ():
        above, _, name = entry.path.rpartition("/")
        for number, rule in wanted if above else ():
            if rule.pattern.fits(name):
                roots.setdefault(number, []).append(entry.path)
    for number, rule in wanted:
        if number in roots:
            text = rule.pattern.text
            files, size = amount(scene.entries_in(roots[number]))
            yield Finding(
                "anchored",
                scene.line(number),
                f'"{text}" counts in the top folder alone, as nothing does in .gitignore; deeper ones are sent',
                files,
                size,
                f"**/{text}",
                (Change(number, f"**/{text}"),),
                tuple(roots[number]),
                made_again=text in MADE_AGAIN,
            )


def _negated(scene: Scene, number: int, rule: Rule) -> Finding:
    text = rule.pattern.text
    better = _NEGATED_WRONG.sub("[^", text)
    return Finding(
        "negation",
        scene.line(number),
        f'"[!" in "{text}" begins a set that has the "!"; what negates a set is "[^"',
        proposal=f"{'!' if rule.keeps else ''}{better}",
    )


def _brings_nothing_back(scene: Scene, number: int, rule: Rule) -> Iterator[Finding]:
    """Find an exception that fits files on the disk, none of which is sent."""
    text = rule.pattern.text
    start = text.partition("*")[0].rpartition("/")[0] if _WILD.search(text) else ""
    if not start or any(_fits(rule, entry.path) for entry in scene.context.entries):
        return
    files = size = looked = 0
    for folder, _, names in os.walk(scene.root / start):
        above = os.path.relpath(folder, scene.root)
        for name in names:
            looked += 1
            if _fits(rule, f"{above}/{name}"):
                files += 1
                with suppress(OSError):
                    size += os.lstat(f"{folder}/{name}").st_size
        if looked > _MOST:
            break
    if files:
        parts = [each for each in text.split("/") if each != "**"]
        better = "!" + "/".join(parts[:-1] if len(parts) > 2 and parts[-1] == "*" else parts)  # noqa: PLR2004 - a/*/*
        yield Finding(
            "brings-nothing-back",
            scene.line(number),
            f'"{rule.text}" fits files that are not sent all the same: the builder does not look into their folders',
            files,
            size,
            better,
        )


def _fits(rule: Rule, path: str) -> bool:
    return rule.pattern.fits(path) or any(
        rule.pattern.fits(path[:end]) for end, character in enumerate(path) if character == "/"
    )


def _differs(scene: Scene, number: int, rule: Rule) -> Iterator[Finding]:
    text = rule.pattern.text
    if re.search(r"\*\*[^/*]", text):
        yield Finding(
            "differs-by-engine",
            scene.line(number),
            f'"{text}": two stars without a slash fit any end of a path here, and are read otherwise by Podman',
            proposal=re.sub(r"\*\*([^/*])", r"**/*\1", text),
        )
    elif rule.keeps and _WILD.search(text):
        yield Finding(
            "differs-by-engine",
            scene.line(number),
            f'"{rule.text}": with wildcards it brings back other files on the classic builder (DOCKER_BUILDKIT=0)',
        )
