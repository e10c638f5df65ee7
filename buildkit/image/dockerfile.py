r"""Reads a Dockerfile into its instructions and stages, as the builder's parser does.

It refuses nothing: what is wrong in a Dockerfile the builder says better. What is read: `# escape=`, comments also in
the middle of an instruction, lines that go on, flags, the JSON form, here-documents, stages with their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)")
_WITH_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_BLANK = " \t\v\f\r"


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document.

    Args:
        name: the word that ends it.
        text: its lines.
        expands: whether variables in it are replaced; not if its name is quoted.
    """

    name: str
    text: str
    expands: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    r"""One instruction.

    Args:
        line: its first line, from 1.
        end: its last line, those of its here-documents included.
        name: in capitals: `COPY`.
        flags: as written: `--from=build`.
        text: what follows the flags, its lines joined.
        heredocs: its here-documents.
        escape: the character that escapes the next one, `\` or a back quote.
    """

    line: int
    end: int
    name: str
    flags: tuple[str, ...]
    text: str
    heredocs: tuple[Heredoc, ...] = ()
    escape: str = "\\"

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The arguments in JSON form; None in the other form."""
        if not self.text.startswith("["):
            return None
        try:
            found, _ = json.JSONDecoder().raw_decode(self.text)
        except ValueError:
            return None
        return tuple(found) if all(isinstance(word, str) for word in found) else None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments in either form; those of the shell form are split at blanks alone, and keep their quotes."""
        listed = self.listed
        return tuple(re.findall(rf"[^{_BLANK}\n]+", self.text)) if listed is None else listed

    @property
    def words(self) -> tuple[str, ...]:
        """The text split at blanks outside of quotes, which stay: as `ARG` and `ENV` are read."""
        return tuple(_words(self.text, self.escape))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The names of an `ENV` with their values, in both of its forms; the values keep their quotes."""
        words = self.words
        if words and "=" not in words[0]:
            name, _, value = self.text.partition(" ")
            return ((name, value.strip()),)
        return tuple((name, value) for name, _, value in (word.partition("=") for word in words))

    @property
    def written(self) -> str:
        """The instruction on one line, to be shown."""
        return " ".join((self.name, *self.flags, *self.text.split()))

    def flag(self, name: str) -> tuple[str, ...]:
        """Return the values of the flag `name`, such as `from`; an empty one for a flag without a value."""
        found = (flag[2:].partition("=") for flag in self.flags)
        return tuple(value for key, _, value in found if key == name)

    @property
    def inner(self) -> Instruction | None:
        """The instruction that an `ONBUILD` leaves for the images on top; None of any other."""
        if self.name != "ONBUILD":
            return None
        name, flags, text = _split(self.text, self.escape)
        return Instruction(self.line, self.end, name, flags, text, self.heredocs, self.escape)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Args:
        start: its `FROM`.
        base: the image or stage that it is built on, as written.
        name: its name in small letters; empty if it has none.
        instructions: those after its `FROM`.
    """

    start: Instruction
    base: str
    name: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile.

    Args:
        instructions: all of them, in their order.
        directives: such as `syntax` and `escape`, by name in small letters.
        stages: its stages, in their order.
    """

    instructions: tuple[Instruction, ...]
    directives: dict[str, str] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()

    @property
    def before(self) -> tuple[Instruction, ...]:
        """The instructions before the first stage."""
        first = self.stages[0].start.line if self.stages else 0
        return tuple(each for each in self.instructions if not first or each.line < first)

    def stage(self, name: str) -> Stage | None:
        """Return the stage of this name or number, as `--target` names it; None if there is none."""
        named = [stage for stage in self.stages if stage.name and stage.name == name.lower()]
        if named:
            return named[-1]
        return self.stages[int(name)] if name.isdecimal() and int(name) < len(self.stages) else None


def read(text: str) -> Dockerfile:
    """Return the instructions and stages of a Dockerfile."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    directives = _directives(lines)
    escape = directives.get("escape", "\\")
    instructions = tuple(_instructions(lines, escape if escape == "`" else "\\"))
    return Dockerfile(instructions, directives, tuple(_stages(instructions)))


def _directives(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = _DIRECTIVE.fullmatch(line)
        if match is None:
            break
        found.setdefault(match[1].lower(), match[2])
    return found


def _instructions(lines: Sequence[str], escape: str) -> Iterator[Instruction]:
    goes_on = re.compile(rf"(?:^|(?<=[^{re.escape(escape)}])){re.escape(escape)}[ \t]*$")
    at = 0
    while at < len(lines):
        start = at
        text = lines[at].strip(_BLANK) if goes_on.search(lines[at]) is None else lines[at].lstrip(_BLANK)
        at += 1
        if not text or text.startswith("#"):
            continue
        whole = goes_on.sub("", text)
        ends = whole == text
        while not ends and at < len(lines):
            line = lines[at]
            at += 1
            if not line.strip(_BLANK) or line.lstrip(_BLANK).startswith("#"):
                continue
            more = goes_on.sub("", line)
            ends = more == line
            whole += more
        name, flags, rest = _split(whole, escape)
        heredocs, at = _heredocs(name, rest, lines, at, escape)
        yield Instruction(start + 1, at, name, flags, rest, heredocs, escape)


def _split(text: str, escape: str) -> tuple[str, tuple[str, ...], str]:
    """Return the name of an instruction, its flags and the rest."""
    name, _, rest = re.sub(rf"[{_BLANK}]+", " ", text.strip(), count=1).partition(" ")
    rest = rest.strip()
    flags = []
    while rest.startswith("--"):
        flag = next(_words(rest, escape))
        rest = rest[len(flag) :].lstrip()
        if flag == "--":
            break
        flags.append(_unquoted(flag, escape))
    return name.upper(), tuple(flags), rest


def _heredocs(name: str, text: str, lines: Sequence[str], at: int, escape: str) -> tuple[tuple[Heredoc, ...], int]:
    """Return the here-documents that an instruction opens, and the line behind them."""
    if name == "ONBUILD":
        name, _, text = _split(text, escape)
    if name not in _WITH_HEREDOCS or "<<" not in text or text.startswith("["):
        return (), at
    found = []
    for word in _words(text, escape):
        match = _HEREDOC.fullmatch(word)
        if match is None:
            continue
        end = _unquoted(match[2], escape)
        inside = []
        while at < len(lines):
            line = lines[at].lstrip("\t") if match[1] else lines[at]
            at += 1
            if line == end:
                break
            inside.append(f"{line}\n")
        found.append(Heredoc(end, "".join(inside), expands=end == match[2]))
    return tuple(found), at


def _stages(instructions: Sequence[Instruction]) -> Iterator[Stage]:
    starts = [at for at, each in enumerate(instructions) if each.name == "FROM"]
    for at, following in zip(starts, [*starts[1:], len(instructions)], strict=False):
        words = instructions[at].arguments
        name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else ""  # noqa: PLR2004 - IMAGE AS NAME
        yield Stage(instructions[at], words[0] if words else "", name, tuple(instructions[at + 1 : following]))


def _words(text: str, escape: str) -> Iterator[str]:
    """Yield the words of a text; blanks in quotes or behind an escape are part of one."""
    word, quote = "", ""
    characters = iter(text)
    for character in characters:
        if character == escape and quote != "'":
            word += character + next(characters, "")
        elif quote:
            word += character
            quote = "" if character == quote else quote
        elif character in "\"'":
            word += character
            quote = character
        elif character.isspace():
            if word:
                yield word
            word = ""
        else:
            word += character
    if word:
        yield word


def _unquoted(word: str, escape: str) -> str:
    """Return a flag without its quotes, with what is escaped in it."""
    out, quote = "", ""
    characters = iter(word)
    for character in characters:
        if character == escape and quote != "'":
            out += next(characters, "")
        elif character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote = character
        else:
            out += character
    return out
