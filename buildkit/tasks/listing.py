"""`invoke --list` in groups, everyday commands first; and what was meant where a task or a flag is misspelt.

Both are for namespaces with tasks of the suite; `teaching` has Invoke ask for them. A list of one collection, of
another form or depth stays Invoke's own.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence

from invoke.collection import Collection
from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from buildkit.errors import ConfigurationError, render

_EVERY_DAY = ("dev", "build", "compile", "migrate", "data", "image")
_GROUPS: Mapping[str, Sequence[str]] = {
    "every day": _EVERY_DAY,
    "of this project": (),
    "to begin, and when something is wrong": ("init", "doctor"),
    "modules": ("compile.",),
    "data": ("data.",),
    "migrations": ("migrate.",),
    "database of development": ("db.",),
    "images": ("image.",),
    "release": ("release", "release."),
    "what was built before": ("cache", "cache."),
}
"""The groups of the list: names of tasks, and with a dot at the end those of a collection."""

_YOURS = "of this project"
_WIDEST = 100
_UNKNOWN = re.compile(r"No idea what '(.*)' is!", re.DOTALL)


def print_groups(program: Program) -> bool:
    """Print the tasks in groups, and return whether that was done: not for a list of Invoke's other kinds."""
    names = names_of(program.collection)
    if program.list_root or program.list_depth or not {*_EVERY_DAY} & {*names}:
        return False
    for line in lines_of(names, width=min(_WIDEST, shutil.get_terminal_size().columns)):
        print(line)  # noqa: T201 - as Invoke's own
    return True


def raise_meant(program: Program, error: ParseError) -> None:
    """Raise the error for a word that is no task and no flag; return for all else.

    Raises:
        Exit: it is such a word.
    """
    token = _UNKNOWN.fullmatch(str(error))
    if token is not None:
        said = meant(token[1], error, names_of(program.collection))
        raise Exit(render(said), said.exit_code) from None


def names_of(collection: Collection) -> dict[str, str]:
    """Return the shortest name of each task, with the first sentence of what it does."""
    found = {}
    for name, aliases in collection.task_names.items():
        text = " ".join((collection[name].__doc__ or "").split("\n\n")[0].split())
        shortest = min((name, *aliases), key=lambda each: (each.count("."), each != name))
        found[shortest] = text
    return found


def lines_of(names: Mapping[str, str], *, width: int) -> Iterator[str]:
    """Yield the list: a heading for each group, and a line for each task.

    Args:
        names: each task with what it does.
        width: columns of the terminal.
    """
    column = max(map(len, names)) + 4
    yield "Available tasks (invoke --help TASK says more):"
    for heading, members in _grouped(names).items():
        if members:
            yield ""
            yield f"{heading}:"
            yield from (f"  {name:<{column - 2}}{_shortened(names[name], width - column)}".rstrip() for name in members)
    yield ""


def _grouped(names: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {heading: [] for heading in _GROUPS}
    of = {name: heading for heading, members in _GROUPS.items() for name in members}
    for name in sorted(names):
        groups[of.get(name) or of.get(f"{name.partition('.')[0]}.") or _YOURS].append(name)
    groups["every day"].sort(key=_EVERY_DAY.index)
    return groups


def _shortened(text: str, room: int) -> str:
    """Return a sentence as far as there is room: up to its last whole clause, else its last whole word."""
    if len(text) <= room:
        return text
    clause = max(text.rfind(sign, 0, room) for sign in (",", ";", ":"))
    if clause > room // 2:
        return f"{text[:clause]}."
    return f"{text[: room - 1].rpartition(' ')[0]}…"


def meant(token: str, error: ParseError, names: Mapping[str, str]) -> ConfigurationError:
    """Return the error for a word that is no task and no flag, with the nearest one.

    Args:
        token: the word.
        error: Invoke's, with the task whose flags were read.
        names: the tasks.
    """
    task = error.context
    if token.startswith("-") and task is not None and task.name:
        name = task.name if task.name in names else task.name.partition(".")[0]  # a default task goes by its collection
        flags = sorted(flag for flag in task.flags if flag.startswith("--"))
        near = difflib.get_close_matches(token.partition("=")[0], flags, n=1)
        return ConfigurationError(
            f"{name} has no flag {token}{_near(near)}", hint=f"its flags: {', '.join(flags) or 'none'}"
        )
    near = difflib.get_close_matches(token, names, n=1)
    return ConfigurationError(f"there is no task {token}{_near(near)}", hint="invoke --list shows what there is")


def _near(found: Sequence[str]) -> str:
    return f"; did you mean {found[0]}?" if found else ""
