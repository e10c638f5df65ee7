"""A Dockerfile as a sequence of steps: which of them end in the image, under which variables and user each one runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from buildkit.doors import reading
from buildkit.image.dockerfile import Dockerfile, Instruction, Stage
from buildkit.image.expansion import expanded
from buildkit.image.review.installs import Install, installs
from buildkit.image.review.shell import Command, commands, spread
from buildkit.image.sources import Base, Source, bases, reached, sources

_MOST_SEEN = 3000
"""Entries of a folder that are looked at for sources of Python."""


@dataclass(frozen=True)
class Step:
    """One instruction in a stage.

    Args:
        instruction: the instruction.
        stage: the stage that it is in.
        kept: whether what it leaves is in the image.
        variables: those of `ARG` and `ENV` before it; None where the value is not known.
        user: the user that it runs as; empty where the base image decides.
    """

    instruction: Instruction
    stage: Stage
    kept: bool
    variables: Mapping[str, str | None]
    user: str

    @property
    def line(self) -> int:
        """Its line."""
        return self.instruction.line

    @cached_property
    def commands(self) -> list[Command]:
        """The commands of a `RUN`."""
        if self.instruction.name != "RUN":
            return []
        listed = self.instruction.listed
        if listed is not None:
            shell = len(listed) > 2 and listed[1].endswith("c")  # noqa: PLR2004 - sh -c TEXT
            return commands(listed[2]) if shell else [Command(listed, {})]
        texts = [each.text for each in self.instruction.heredocs] or [self.instruction.text]
        known = {name: value for name, value in self.variables.items() if value is not None}
        return spread([command for text in texts for command in commands(text)], known)

    @cached_property
    def installs(self) -> list[Install]:
        """The installs of packages."""
        return [found for command in self.commands for found in installs(command)]

    @cached_property
    def cached(self) -> list[str]:
        """Where cache mounts are."""
        found = []
        for mount in self.instruction.flag("mount"):
            fields = dict(field.partition("=")[::2] for field in mount.split(","))
            if fields.get("type") == "cache":
                place = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
                found.append(expanded(place, self.variables, default=None) or place)
        return found

    @cached_property
    def installs_project(self) -> bool:
        """Whether it installs what the project declares."""
        return any(each.of_project for each in self.installs)

    def set(self, name: str) -> bool:
        """Return whether a variable has a value, for this instruction or one of its commands."""
        return name in self.variables or any(name in command.assigned for command in self.commands)


@dataclass(frozen=True)
class Build:
    """The build of an image by a Dockerfile.

    Args:
        root: the context.
        parsed: the Dockerfile.
        given: the build arguments that are given.
        target: the stage that is built; the last one if empty.
    """

    root: Path
    parsed: Dockerfile
    given: Mapping[str, str]
    target: str = ""

    @cached_property
    def chain(self) -> list[Stage]:
        """The stages whose layers the image has, the lowest first."""
        found: list[Stage] = []
        stage = (
            self.parsed.stage(self.target) if self.target else self.parsed.stages[-1] if self.parsed.stages else None
        )
        while stage is not None:
            found.insert(0, stage)
            stage = self.below(stage)
        return found

    @cached_property
    def bases(self) -> list[Base]:
        """The images that it is built from."""
        return bases(self.parsed, self.given, self.target)

    @property
    def base(self) -> str:
        """The image that the last stages begin with; empty where it is not known, or is none."""
        first = self.chain[0].start.line if self.chain else 0
        return next((each.name or "" for each in self.bases if each.instruction.line == first), "")

    @cached_property
    def sources(self) -> Mapping[int, Sequence[Source]]:
        """What is taken of the context, by line."""
        found: dict[int, list[Source]] = {}
        for each in sources(self.parsed, self.given, self.target):
            found.setdefault(each.line, []).append(each)
        return found

    @cached_property
    def stages(self) -> Mapping[int, list[Step]]:
        """The steps of the stages that the image is built from, with those of the stage below, by line of `FROM`."""
        found: dict[int, list[Step]] = {}
        for stage in reached(self.parsed, self.given, self.target):
            below = self.below(stage)
            lower = found.get(below.start.line, []) if below else []
            found[stage.start.line] = [*lower, *self._steps(stage, lower)]
        return found

    @cached_property
    def steps(self) -> list[Step]:
        """All steps, each once, in the order of the file."""
        return [step for line, steps in self.stages.items() for step in steps if step.stage.start.line == line]

    @property
    def kept(self) -> list[Step]:
        """The steps whose layers the image has."""
        return self.stages.get(self.chain[-1].start.line, []) if self.chain else []

    def below(self, stage: Stage) -> Stage | None:
        """Return the stage that another one begins with; None for an image."""
        name = (expanded(stage.base, self._top, default=None) or "").lower()
        named = [each for each in self.parsed.stages if each.name == name and each.start.line < stage.start.line]
        return named[-1] if name and named else None

    def is_again(self, step: Step, install: Install) -> bool:
        """Return whether an install comes after one of the dependencies, and is about the project itself."""
        if not install.is_second:
            return False
        for other in self.stages.get(step.stage.start.line, ()):
            if other is step or other.line >= step.line:
                break
            if other.installs_project or any(each.is_prebuilt for each in other.installs):
                return True
            if other.instruction.name == "COPY" and any(map(self._installed_in, other.instruction.flag("from"))):
                return True
        return any(each.is_prebuilt for each in step.installs)

    def _installed_in(self, name: str) -> bool:
        stage = self.parsed.stage(name)
        steps = self.stages.get(stage.start.line, ()) if stage else ()
        return any(step.installs_project for step in steps)

    def text(self, path: str) -> str:
        """Return the text of a file of the context; empty if it cannot be read."""
        try:
            return reading.read_text(self.root / path, errors="replace")
        except (OSError, ValueError):
            return ""

    def takes_code(self, source: Source) -> bool:
        """Return whether a source is, or may hold, the sources of the service: all, or a folder with Python in it."""
        if source.path is None:
            return False
        if source.path in {"", "*"}:
            return True
        seen = 0
        for _, _, names in os.walk(self.root / source.path):
            seen += len(names)
            if any(name.endswith(".py") for name in names):
                return True
            if seen > _MOST_SEEN:
                return False
        return False

    @cached_property
    def _top(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for each in self.parsed.before:
            if each.name == "ARG":
                for word in each.words:
                    name, _, value = word.partition("=")
                    found[name] = self.given.get(name, expanded(value, found, escape=each.escape) if value else None)
        return found

    def _steps(self, stage: Stage, lower: Sequence[Step]) -> Iterator[Step]:
        last = lower[-1] if lower else None
        variables = dict(last.variables) if last else {}
        user = last.user if last else ""
        kept = stage in self.chain
        for each in stage.instructions:
            if each.name == "ENV":
                for name, value in each.pairs:
                    variables[name] = expanded(value, variables, escape=each.escape, default=None)
            elif each.name == "ARG":
                for word in each.words:
                    name, has_default, value = word.partition("=")
                    usual = expanded(value, variables, escape=each.escape) if has_default else self._top.get(name)
                    if name not in variables:
                        variables[name] = self.given.get(name, usual)
            elif each.name == "USER":
                user = expanded(each.text, variables, default=None) or each.text
            yield Step(each, stage, kept, dict(variables), user)
