"""What the instructions of a Dockerfile take of the build context, as the builder asks for it.

It asks for the paths that `COPY`, `ADD` and `RUN --mount=type=bind` name, in the stages that the target is built from.
What comes from another stage, an image, a named context or an address is no part of the context.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from buildkit.image.dockerfile import Dockerfile, Instruction, Stage
from buildkit.image.expansion import expanded

_ADDRESS = re.compile(r"https?://|git://|git@[^/:]+:|ssh://|[^:/\s]+@[^:/\s]+:")
_GIT = re.compile(r"(?:github\.com/|.*\.git(?:#.*)?$)")
_SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Source:
    """A path or pattern that an instruction takes.

    Args:
        path: relative to the context, with forward slashes; empty for all of it, None if it is not known.
        line: the line of the instruction.
        written: the instruction, on one line.
        word: the source as it is written.
    """

    path: str | None
    line: int
    written: str
    word: str


@dataclass(frozen=True, slots=True)
class Base:
    """An image that a stage begins with, or takes files from.

    Args:
        name: its name; None if it depends on what is not known.
        instruction: the `FROM`, `COPY` or `RUN` that names it.
        copied: whether files are taken from it, and no stage begins with it.
    """

    name: str | None
    instruction: Instruction
    copied: bool = False


def bases(dockerfile: Dockerfile, arguments: Mapping[str, str], target: str = "") -> list[Base]:
    """Return the images that `target` is built from, named contexts included; the arguments are those of `sources`."""
    stages = _Stages(dockerfile, arguments)
    stages.sources(target)
    return stages.bases


def reached(dockerfile: Dockerfile, arguments: Mapping[str, str], target: str = "") -> list[Stage]:
    """Return the stages that `target` is built from, in their order; the arguments are those of `sources`."""
    stages = _Stages(dockerfile, arguments)
    stages.sources(target)
    return [dockerfile.stages[number] for number in sorted(stages.found)]


def sources(dockerfile: Dockerfile, arguments: Mapping[str, str], target: str = "") -> list[Source]:
    """Return what the stages that `target` is built from take of the context.

    Args:
        dockerfile: the Dockerfile.
        arguments: the build arguments that are given.
        target: the stage to build; the last one if empty.
    """
    return _Stages(dockerfile, arguments).sources(target)


@dataclass(slots=True)
class _Scope:
    """The variables of a stage, and what it leaves for a stage on top.

    Args:
        arguments: by `ARG`.
        variables: by `ENV`, which go before.
        default: the value of any other one: none on `scratch`, else the base image may set it.
        triggers: what `ONBUILD` left.
    """

    arguments: dict[str, str | None]
    variables: dict[str, str | None]
    default: str | None
    triggers: tuple[Instruction, ...] = ()

    @property
    def known(self) -> dict[str, str | None]:
        return {**self.arguments, **self.variables}


class _Stages:
    """The stages of one build, each gone through once."""

    def __init__(self, dockerfile: Dockerfile, arguments: Mapping[str, str]) -> None:
        self._dockerfile = dockerfile
        self._given = arguments
        self._top: dict[str, str | None] = {}
        for each in dockerfile.before:
            if each.name == "ARG":
                self._declare(each, self._top, _Scope({}, {}, ""))
        self.found: dict[int, list[Source]] = {}
        self._bases: dict[tuple[int, str | None], Base] = {}

    def sources(self, target: str) -> list[Source]:
        stages = self._dockerfile.stages
        start = self._dockerfile.stage(target) if target else stages[-1] if stages else None
        if start is not None:
            self._walk(start, len(stages))
        return sorted((each for found in self.found.values() for each in found), key=lambda each: each.line)

    @property
    def bases(self) -> list[Base]:
        """The images that were met, in their order."""
        return [self._bases[key] for key in sorted(self._bases, key=lambda key: key[0])]

    def _walk(self, stage: Stage, before: int) -> _Scope:
        """Go through a stage and those that it is built from, and return its variables."""
        number = self._dockerfile.stages.index(stage)
        base = expanded(stage.base, self._top, escape=stage.start.escape)
        below = self._stage(base, min(number, before))
        scope = _Scope({}, {}, "" if base == _SCRATCH else None)
        if below is None and base != _SCRATCH:
            self._bases[stage.start.line, base] = Base(base, stage.start)
        if below is not None:
            lower = self._walk(below, number)
            scope = _Scope(dict(lower.arguments), dict(lower.variables), lower.default, lower.triggers)
        instructions = (*scope.triggers, *stage.instructions)
        scope.triggers = ()
        found: list[Source] = []
        for each in instructions:
            found += self._step(each, scope, number)
        self.found[number] = found
        return scope

    def _step(self, each: Instruction, scope: _Scope, number: int) -> list[Source]:
        """Let an instruction change the variables, and return what it takes."""
        if each.name == "ARG":
            self._declare(each, scope.arguments, scope)
        elif each.name == "ENV":
            scope.variables.update(_set(each, scope))
        elif each.name == "ONBUILD" and each.inner is not None:
            scope.triggers = (*scope.triggers, each.inner)
        elif each.name in ("COPY", "ADD"):
            if not each.flag("from"):
                return list(_copied(each, scope))
            self._also(each, each.flag("from")[0], scope, number)
        elif each.name == "RUN":
            return self._mounted(each, scope, number)
        return []

    def _mounted(self, each: Instruction, scope: _Scope, number: int) -> list[Source]:
        found = []
        for mount in each.flag("mount"):
            fields = {}
            for field in next(csv.reader([mount]), []):
                key, _, value = field.partition("=")
                fields[key.strip().lower()] = value
            if "from" in fields:
                self._also(each, fields["from"], scope, number)
            elif fields.get("type", "bind") == "bind":
                word = fields.get("source", fields.get("src", "/"))
                found.append(_source(each, word, scope))
        return found

    def _also(self, each: Instruction, name: str, scope: _Scope, number: int) -> None:
        """Go through the stage that something is copied from."""
        text = expanded(name, scope.known, default=scope.default)
        other = self._stage(text, number, numbered=True)
        if other is not None:
            self._walk(other, number)
        else:
            self._bases[each.line, text] = Base(text, each, copied=True)

    def _stage(self, name: str | None, before: int, *, numbered: bool = False) -> Stage | None:
        """Return the stage of that name among those before another one; by its number too for `COPY --from`."""
        stages = self._dockerfile.stages[:before]
        named = [stage for stage in stages if name and stage.name == name.lower()]
        if named:
            return named[-1]
        return stages[int(name)] if numbered and name and name.isdecimal() and int(name) < len(stages) else None

    def _declare(self, each: Instruction, into: dict[str, str | None], scope: _Scope) -> None:
        for word in each.words:
            name, has_default, default = word.partition("=")
            if name in self._given:
                into[name] = self._given[name]
            elif has_default:
                into[name] = expanded(default, {**scope.known, **into}, escape=each.escape, default=scope.default)
            elif name in self._top:
                into[name] = self._top[name]
            elif _predefined(name):
                into[name] = None


def _set(each: Instruction, scope: _Scope) -> dict[str, str | None]:
    """Return the variables that an `ENV` sets, in both of its forms."""
    known = scope.known
    return {name: expanded(value, known, escape=each.escape, default=scope.default) for name, value in each.pairs}


def _copied(each: Instruction, scope: _Scope) -> Iterator[Source]:
    opened = {f"<<{heredoc.name}" for heredoc in each.heredocs}
    for word in each.arguments[:-1]:
        if re.sub(r"[-\"']", "", word) in {re.sub(r"[-\"']", "", name) for name in opened}:
            continue
        source = _source(each, word, scope)
        if source.path is None or each.name != "ADD" or not _is_address(source.path, word):
            yield source


def _is_address(path: str, word: str) -> bool:
    return any(_ADDRESS.match(each) or _GIT.match(each) for each in (path, word))


def _source(each: Instruction, word: str, scope: _Scope) -> Source:
    text = expanded(word, scope.known, escape=each.escape, default=scope.default)
    if text is None or (each.name == "ADD" and _ADDRESS.match(text)):
        return Source(text, each.line, each.written, word)
    path = posixpath.normpath(f"/{text}").lstrip("/")
    return Source(path, each.line, each.written, word)


def _predefined(name: str) -> bool:
    """Whether the builder gives an argument a value without being told one."""
    proxy = re.fullmatch(r"(?i:https?|ftp|no|all)_(?i:proxy)", name)
    return proxy is not None or re.fullmatch(r"(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT|STAGE)", name) is not None
