"""Writes the reference pages and the editors' schema from the code: `python docs/generate.py`.

A test compares what this makes with what is in the repository.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from invoke.tasks import Task

from buildkit import errors
from buildkit.compile.sameness import aside, frames, functions, generator_texts, making, names, wording
from buildkit.compile.sameness.cells import with_cells
from buildkit.compile.sameness.consuming import consume
from buildkit.compile.sameness.generators import yields
from buildkit.compile.sameness.jumps import names_passed_by
from buildkit.compile.sameness.loops import with_turns
from buildkit.compile.sameness.making import Maker
from buildkit.compile.sameness.parameters import as_locals
from buildkit.compile.sameness.reasons import KINDS
from buildkit.compile.sameness.repairs import REPAIRS
from buildkit.compile.sameness.stack import with_lines
from buildkit.compile.sameness.written import for_cython
from buildkit.config import schema
from buildkit.config.settings import Config
from buildkit.tasks import ns

REFERENCE = Path(__file__).parent / "reference"
MADE = "<!-- made by docs/generate.py -->\n"

SIZES = {10**9: "GB", 10**6: "MB", 10**3: "KB"}
TIMES = {86400: "d", 3600: "h", 60: "min"}

FIXED_CODES = {
    0: "Done, or nothing to do.",
    1: "A fault of the suite itself: please report it; or the machine refuses what it needs, which it says.",
    130: "Interrupted (Ctrl-C). `invoke dev` ends so with 0 once it has started something, ready or not.",
    129: "The terminal hung up (SIGHUP).",
    141: "Nobody read the result: the pipe that it went to was closed.",
    143: "Terminated (SIGTERM).",
}


def settings() -> str:
    """Return the page of all settings."""
    lines = [
        "# Settings",
        MADE,
        "In `pyproject.toml`. A variable wins over the file, a flag over the variable: `compile.profile` is",
        "`PYBUILDKIT_COMPILE_PROFILE` and `--profile`. In a variable a list is written with commas or as JSON,",
        "a table as JSON.",
        "Unknown keys and wrong values stop every command with exit code 2, all of them named at once.",
    ]
    for heading, kind in sections(Config, "tool.buildkit"):
        lines += ["", f"## `{heading}`", "", "| key | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{item.name.replace('_', '-')}` | {default(item)} | {meaning(item)} |"
            for item in fields(kind)
            if "kind" in item.metadata
        ]
    return "\n".join(lines) + "\n"


def sections(kind: type, name: str) -> Iterator[tuple[str, type]]:
    """Give each table of the settings with its heading, outermost first."""
    yield (f"[{name}]", kind)
    for item in fields(kind):
        inner = f"{name}.{item.name.replace('_', '-')}"
        if "section" in item.metadata:
            yield from sections(item.metadata["section"], inner)
        if "tables" in item.metadata:
            yield from sections(item.metadata["tables"], f"{inner}.NAME")
        if "list" in item.metadata:
            yield (f"[[{inner}]]", item.metadata["list"])


def default(item: Field[Any]) -> str:
    """Return a setting's default as it would be written in the file."""
    value: Any = {} if item.default is MISSING else item.default
    kind = item.metadata["kind"]
    if value is None:
        return ""
    if kind == "bytes" and value:
        return f'`"{quantity(value, SIZES)}"`'
    if kind == "seconds" and value:
        return f'`"{quantity(value, TIMES)}"`'
    if kind == "jobs":
        return '`"auto"`'
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def quantity(value: float, units: dict[int, str]) -> str:
    """Return a number of bytes or seconds with the largest unit that leaves it whole."""
    for size, unit in units.items():
        if value % size == 0 and value >= size:
            return f"{value // size:g}{unit}"
    return f"{value:g}s"


def meaning(item: Field[Any]) -> str:
    """Return a setting's sentence, with its choices."""
    choices = " · ".join(f"`{choice}`" for choice in item.metadata["choices"] if choice)
    said = item.metadata["says"]
    return f"{said} One of {choices}." if choices else said


def commands() -> str:
    """Return the page of all commands."""
    lines = [
        "# Commands",
        MADE,
        "Results go to stdout, all else to stderr. `invoke --dry COMMAND` is `--dry-run`. How each command can end is",
        "listed under [exit codes](exit-codes.md).",
    ]
    for name in sorted(ns.task_names):
        task: Task[Callable[..., Any]] = ns[name]
        shortest = min((name, *ns.task_names[name]), key=lambda each: each.count("."))
        lines += ["", f"## `invoke {shortest}`", "", " ".join((task.__doc__ or "").split())]
        options = [argument for argument in task.get_arguments() if argument.help]
        if options:
            lines += ["", "| flag | meaning |", "|---|---|"]
            lines += [f"| `{flag(argument)}` | {argument.help} |" for argument in options]
    lines += ["", SESSIONS]
    return "\n".join(lines)


def flag(argument: Any) -> str:  # noqa: ANN401 - Invoke's own
    """Return a flag as it is typed."""
    name = f"--{argument.name.replace('_', '-')}"
    return name if argument.kind is bool else f"{name} {argument.name.upper()}"


def exit_codes() -> str:
    """Return the page of all exit codes."""
    known = [kind for kind in classes(errors.BuildkitError) if kind.__module__ == errors.__name__]
    codes: dict[int, str] = {}
    for kind in known:  # several may share a code
        codes[kind.exit_code] = f"{codes.get(kind.exit_code, '')} {(kind.__doc__ or '').splitlines()[0]}".strip()
    lines = [
        "# Exit codes",
        MADE,
        "Of every `invoke` command and of the container's entrypoint. Nox ends with 1 whatever a session's reason was,",
        "and says it.",
        "",
        "| code | means |",
        "|---|---|",
    ]
    lines += [f"| {code} | {says} |" for code, says in sorted({**codes, **FIXED_CODES}.items())]
    return "\n".join(lines) + "\n"


def classes(kind: type[errors.BuildkitError]) -> Iterator[type[errors.BuildkitError]]:
    """Give every class of error below `kind`."""
    for below in kind.__subclasses__():
        yield below
        yield from classes(below)


SESSIONS = """## `nox -s build`, `tests`, `migrations`, `image`

| session | does |
|---|---|
| `build-3.x` | builds this Python's wheel, installs it in a clean environment, imports every module, runs the tests |
| `tests-3.x` | runs the tests in the checkout, with the modules compiled in place |
| `migrations` | `invoke migrate.check`, then `invoke migrate.rehearse --round-trip` |
| `image` | builds the images; only when it is named |

`nox -s build --list --json` prints the matrix for a CI service. What follows `--` goes to the tests.
"""


def sameness() -> str:
    """Return the page of what is repaired in compiled functions, and of what stays Python."""
    every = (
        for_cython,
        *REPAIRS,
        with_turns,
        with_lines,
        consume,
        as_locals,
        with_cells,
        names_passed_by,
        Maker,
        yields,
    )
    repairs = dict.fromkeys(sys.modules[each.__module__] for each in every)
    lines = [
        "# What keeps the meaning of Python",
        MADE,
        "What Cython's C does otherwise than Python in the functions of plain Python, and what is done about it. Why",
        "stands in [What plain Python means when it is compiled](../explanation/compiled-python.md).",
        "",
        "## Repaired",
    ]
    for each in repairs:
        lines += ["", f"### {each.__name__.rpartition('.')[2].capitalize()}", "", str(each.__doc__).strip()]
    lines += ["", "### Words", "", str(wording.__doc__).strip(), "", "| seen | in Cython's |", "|---|---|"]
    lines += [f"| {each.shown} | `{each.file}`, {each.section} |" for each in wording.WORDINGS]
    lines += ["", "### The C of generators", "", str(generator_texts.__doc__).strip(), "", "| seen |", "|---|"]
    lines += [f"| {each.shown} |" for each in generator_texts.GENERATORS]
    kinds = sorted({words for kind, words in KINDS.items() if kind not in functions.ALIKE})
    lines += ["", "## What is set aside", "", str(aside.__doc__).strip()]
    lines += ["", "## What stays Python", "", "A function stays the bytecode that it is if it has one of these:", ""]
    lines += [f"* {each}" for each in kinds]
    found = re.findall(
        r'return (?:"" if [^"]+ else )?"([^"]+)"', inspect.getsource(functions) + inspect.getsource(making.why_not)
    )
    lines += [f"* {each}" for each in sorted({*found} - {"<lambda>"})]
    lines += [
        "",
        "or uses one of these names, which ask for the frame in which they stand, or calls one that shows it. (Methods",
        "that are called as `exec`, `eval` or `locals` are, are compiled, but in a generator or a comprehension.)",
        "",
    ]
    lines += [", ".join(f"`{each}`" for each in sorted(functions.OF_THE_FRAME | functions.OF_THE_STACK)) + "."]
    lines += ["", "or binds one that those who show tracebacks look for among the values of a frame:", ""]
    lines += [", ".join(f"`{each}`" for each in sorted(functions.OF_TRACEBACKS)) + "."]
    lines += [
        "",
        "## Calls that always have a frame",
        "",
        "Also in a Python in which compiled functions have none. Of functions with these names, which look for the",
        "file, the line, the module or the names of who called them:",
        "",
    ]
    lines += [
        ", ".join(f"`{each}`" for each in sorted(frames.LOOK_AT_THEIR_CALLER)) + ", and `type` that makes a class."
    ]
    lines += ["", "## Builtins that C calls by itself", ""]
    lines += [
        "Where the module does not bind the name. While something else stands in the place of one in `builtins`, as",
        "in a test, the functions that use it run as Python. All others, such as `open` and `print`, are looked up.",
        "",
    ]
    lines += [", ".join(f"`{each}`" for each in sorted(names.BUILTINS)) + "."]
    return "\n".join(lines) + "\n"


PAGES = {"settings.md": settings, "commands.md": commands, "exit-codes.md": exit_codes, "sameness.md": sameness}


def editors_schema() -> str:
    """Return the JSON Schema of the settings."""
    return json.dumps(schema.schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every page, and the schema for editors."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), "utf-8")
    schema.FILE.write_text(editors_schema(), "utf-8")


if __name__ == "__main__":
    main()
