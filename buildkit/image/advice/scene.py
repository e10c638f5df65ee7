"""What findings are made from."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from buildkit.image.context import Context, Entry
from buildkit.image.ignore.lines import parse
from buildkit.image.ignore.rules import Ignore, Rule
from buildkit.image.needs import Needs, followed, is_pattern, named, needs
from buildkit.image.rules import Line, as_text
from buildkit.image.sources import Source
from buildkit.image.survey import Survey, survey


@dataclass(frozen=True)
class Scene:
    """One image build, before it is started.

    Args:
        root: the context.
        dockerfile: the project's own Dockerfile; None for the suite's.
        file: the project's ignore file that counts; None if there is none.
        lines: the lines of the rules.
        sources: what the instructions take.
    """

    root: Path
    dockerfile: Path | None
    file: Path | None
    lines: Sequence[Line]
    sources: Sequence[Source]

    @cached_property
    def ignore(self) -> Ignore:
        """The rules."""
        return parse(as_text(self.lines), self.name)

    @cached_property
    def seen(self) -> Survey:
        """What enters and what is kept out."""
        return survey(self.root, self.ignore)

    @property
    def context(self) -> Context:
        """What enters."""
        return self.seen.context

    @cached_property
    def needs(self) -> Needs:
        """What the instructions take."""
        return needs(self.context, self.sources)

    @cached_property
    def named(self) -> list[str]:
        """The paths of the context that the instructions name themselves, not by a folder above."""
        paths = [source.path for source in self.sources if source.path and is_pattern(source.path)]
        return named(frozenset(entry.path for entry in self.context.entries), followed(self.root, paths) or ())

    @property
    def whole(self) -> Source | None:
        """The source that takes the whole context; None if there is none."""
        return next((source for source in self.sources if source.path == ""), None)

    @property
    def name(self) -> str:
        """The name of the project's ignore file, relative to the context where it is in it."""
        return self.shown(self.file) if self.file is not None else ".dockerignore"

    @cached_property
    def own(self) -> list[tuple[int, Rule]]:
        """The rules of the project's own file, each with its line there."""
        numbers: set[int] = set()
        found = []
        for rule in self.ignore.rules:
            number = self.lines[rule.line - 1].number
            if number and number not in numbers:  # those for secrets are repeated further down
                numbers.add(number)
                found.append((number, rule))
        return found

    def shown(self, file: Path) -> str:
        """Return a file's path, relative to the context where it is in it."""
        return file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)

    def line(self, number: int) -> str:
        """Return how a line of the project's ignore file is named."""
        return f"{self.name}:{number}"

    def origin(self, rule: Rule | None) -> str:
        """Return a rule with the place that it comes from; empty without one."""
        if rule is None:
            return ""
        number = self.lines[rule.line - 1].number
        return f"{self.line(number) if number else 'the suite'}  {rule.text}"

    def entries_in(self, places: Iterable[str]) -> list[Entry]:
        """Return the files of the context that are, or lie in, one of these paths."""
        wanted = frozenset(places)
        return [entry for entry in self.context.entries if not stat.S_ISDIR(entry.mode) and within(entry.path, wanted)]


def within(path: str, places: frozenset[str]) -> bool:
    """Return whether a path is one of `places`, or lies in one."""
    if not places:
        return False
    while path:
        if path in places:
            return True
        path = path.rpartition("/")[0]
    return False


def amount(entries: Iterable[Entry]) -> tuple[int, int]:
    """Return the number of files, and their bytes."""
    sizes = [entry.size for entry in entries]
    return len(sizes), sum(sizes)
