"""`invoke init`: looks at a project, proposes the fewest lines with which the suite works in it, and writes them."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.config import load_text
from buildkit.config.writing import Setting, with_settings
from buildkit.doors import reading
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError
from buildkit.flows.image_review import said_of_other
from buildkit.flows.init_write import write
from buildkit.image import dockerfile
from buildkit.model import Outcome, Reason, Report
from buildkit.proposal import files as proposed
from buildkit.proposal.applications import applications_of, health_of
from buildkit.proposal.commands import chosen_application, commands_of, shown
from buildkit.proposal.difference import lines_of
from buildkit.proposal.files import Change
from buildkit.proposal.layout import layout_of
from buildkit.proposal.look import PYPROJECT, Look, look
from buildkit.proposal.migrations import database_parts, migrations_of
from buildkit.proposal.needs import names_of
from buildkit.proposal.settings import Found, packaging_of, settings_of
from buildkit.proposal.starter import starter_of
from buildkit.proposal.starts import Start, starts_of
from buildkit.report.console import Console

_END = "\n"
_NARROWEST = 40
_INDENT = " " * len("note: ")
SCHEMA = "buildkit.init/1"
_NEXT = "invoke build, then invoke dev; nox -s build in CI"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be written in a project, and what is to be known.

    Args:
        changes: the files.
        notes: a line each.
    """

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def init(
    folder: Path,
    console: Console,
    environment: Mapping[str, str],
    *,
    yes: bool = False,
    dry_run: bool = False,
    scratch: bool = False,
    ask: Callable[[str], bool] | None = None,
) -> Report:
    """Propose what a project lacks, and write it if that is wanted.

    Args:
        folder: the project's folder, or one in it.
        console: shows the difference and the notes.
        environment: the variables.
        yes: write without asking.
        dry_run: show, and write nothing.
        scratch: make a small service in the folder, which has none.
        ask: returns what the user answers to a question; None where nobody can be asked.

    Raises:
        ConfigurationError: there is no project; a file has a form that nothing can be added to, or was changed while
            the question waited; or there is nobody to ask, and `yes` was not given.
    """
    watch = Stopwatch()
    width = shutil.get_terminal_size().columns
    if scratch:
        root = folder.resolve()
        proposal = Proposal(starter_of(root, _name_of(root)), ())
        shown_lines: Iterable[str] = (f"{each.file}  ({each.after.count(_END)} lines)" for each in proposal.changes)
    else:
        root = project_of(folder)
        proposal = propose(root, environment)
        shown_lines = lines_of(proposal.changes, width=width, coloured=console.coloured)
    for line in shown_lines:
        console.say(line)
    for note in proposal.notes:
        console.say(
            textwrap.fill(
                f"note: {note}",
                max(_NARROWEST, width - 1),
                subsequent_indent=_INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    writes = bool(proposal.changes) and not dry_run and (yes or (ask is not None and ask(_question(proposal))))
    if writes:
        write(root, proposal.changes)
    result = "written" if writes else "would-write" if dry_run else "proposed"
    rows = tuple(Outcome(each.file, result, _reason(each)) for each in proposal.changes)
    facts = {"notes": list(proposal.notes), "install": _first_to_install(root, environment) if writes else ""}
    report = Report(SCHEMA, rows, watch.seconds, facts, row="file")
    if proposal.changes and not writes and not dry_run and ask is None:
        raise ConfigurationError(
            "nothing was written: there is no terminal to ask at",
            hint="--yes writes it; --dry-run only shows it",
            report=report,
        )
    return report


def _first_to_install(root: Path, environment: Mapping[str, str]) -> str:
    """Return the command that installs what the project declares, where this Python lacks some of it."""
    from buildkit.flows.doctor_project import installs_what_lacks  # noqa: PLC0415

    return installs_what_lacks(load_text(root / PYPROJECT, reading.read_text(root / PYPROJECT), environment))


def project_of(folder: Path) -> Path:
    """Return the folder of the project: the nearest with a pyproject.toml or the like, at most that of the checkout.

    Raises:
        ConfigurationError: there are no sources of Python.
    """
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        if any(reading.is_file(place / name) for name in (PYPROJECT, "setup.py", "requirements.txt", "Pipfile")):
            return place
        if (place / ".git").exists():
            break
    if next(folder.rglob("*.py"), None) is None:
        raise ConfigurationError(
            f"{folder}: there is no project here: no pyproject.toml, and no source of Python",
            hint="go to the project's folder, or make a small service: python -m buildkit init --from-scratch",
        )
    return folder


def propose(root: Path, environment: Mapping[str, str]) -> Proposal:
    """Return what a project lacks; nothing is written.

    Raises:
        ConfigurationError: pyproject.toml is not valid, or has a form that nothing can be added to.
    """
    seen = look(root)
    starts = starts_of(seen, list(_commands_of_images(seen)))
    found = find(seen, starts)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    settings = [*packaging_of(seen, found, name=_name_of(root), python=python), *settings_of(seen, found)]
    before = seen.texts.get(PYPROJECT, "")
    after = with_settings(before, settings) if settings else before
    config = load_text(root / PYPROJECT, after, environment)
    changes = []
    if settings:
        changes.append(Change(PYPROJECT, before, after, _reasons(settings)))
    tasks, note = proposed.tasks_of(seen)
    changes += [each for each in (tasks, proposed.noxfile_of(seen)) if each is not None]
    changes += [each for each in _ignored(seen, images=bool(config.image)) if each is not None]
    notes = [*([note] if note else []), *_notes(seen, found, starts)]
    for image in config.image:
        notes += [line.strip() for line in said_of_other(config, image)]
    return Proposal(tuple(changes), tuple(notes))


def _name_of(root: Path) -> str:
    """Return what a project in a folder is called where nothing says it."""
    return re.sub(r"[^A-Za-z0-9]+", "-", root.name).strip("-").lower() or "service"


def find(seen: Look, starts: Sequence[Start]) -> Found:
    """Return what is in a project, as far as its files say it."""
    layout = layout_of(seen)
    applications = applications_of(seen, layout.source_root)
    chosen = chosen_application(applications, starts)
    if chosen is not None:
        layout = layout_of(seen, [chosen.module])
    needs = names_of(seen)
    commands = commands_of(seen, chosen, starts, needs, layout.source_root)
    return Found(
        layout=layout,
        application=chosen,
        commands=commands,
        health=health_of(seen, chosen) if chosen is not None else ("", ""),
        migrations=migrations_of(seen, layout.source_root),
        image=next((name for name in seen.names if _is_of_images(name)), ""),
        worker=chosen is None and (commands is None or not commands.listens),
    )


def _is_of_images(name: str) -> bool:
    last = name.rpartition("/")[2]
    return "/" not in name and (last == "Dockerfile" or re.fullmatch(r"(docker-)?compose\.ya?ml", last) is not None)


def _commands_of_images(seen: Look) -> Iterator[tuple[str, str]]:
    """Yield the commands of the project's Dockerfiles as texts for a shell, each with its place."""
    names = [name for name in seen.texts if name.rpartition("/")[2].startswith("Dockerfile")]
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        for stage in dockerfile.read(seen.texts[name]).stages[-1:]:
            last = {each.name: each for each in stage.instructions}
            before = last["ENTRYPOINT"].listed if "ENTRYPOINT" in last else None
            for each in (last[kind] for kind in ("CMD", "ENTRYPOINT") if kind in last):
                words = each.listed
                if words is None:
                    yield each.text, f"{name}:{each.line}"
                elif words[1:2] in {("-c",), ("-ec",)}:
                    yield " ".join(words[2:]), f"{name}:{each.line}"
                else:
                    whole = [*before, *words] if before and each.name == "CMD" else words
                    yield shown(whole), f"{name}:{each.line}"


def _ignored(seen: Look, *, images: bool) -> Iterator[Change | None]:
    """Yield the changes of the ignore files: of git's, and with images of the builder's."""
    in_git = any((place / ".git").exists() for place in (seen.root, *seen.root.parents))
    if in_git or ".gitignore" in seen.names:
        wanted = {"*.so": "extensions lie beside their sources", "*.original": "files as they were before the suite"}
        yield proposed.ignored_of(seen, ".gitignore", wanted)
    secrets = [name for name in (".env", ".env.example") if name in seen.names]
    if images and secrets:
        yield proposed.ignored_of(seen, ".dockerignore", {".env": "what is secret is no part of a build"})


def _notes(seen: Look, found: Found, starts: Sequence[Start]) -> Iterator[str]:
    if found.commands is None:
        yield "nothing says how it is started: name it with [tool.buildkit.dev] command, and invoke dev runs it"
    elif found.commands.lacks:
        server = found.commands.lacks
        yield f"{server} serves it, and is none of its dependencies: add {server} to them"
    if found.migrations is not None and found.migrations.wants_application and found.application is None:
        yield f"{found.migrations.wants_application}: name the application with [tool.buildkit.migrate] app"
    for start in starts:
        if start.is_worker and found.application is not None:
            command = shown(start.words)
            yield f"{start.place}: {command} is no part of invoke dev; [tool.buildkit.dev.service.worker] is for it"
    if found.migrations is not None and found.migrations.elsewhere:
        place, said = found.migrations.place, found.migrations.elsewhere
        words = f"{place}: script_location = {said} counts from the folder in which Alembic runs, which is another here"
        yield f'{words}: write it as %(here)s/{said}, and name it: [tool.buildkit.migrate] config = "{place}"'
    parts = database_parts(seen)
    if parts and found.migrations is not None and not found.migrations.url_variable:
        named = ", ".join(parts)
        yield f"its database is told in parts ({named}): invoke dev gives it DATABASE_URL alone, so let it read that"
    if ".env" not in seen.names and ".env.example" in seen.names:
        yield ".env.example has what the service reads from its environment: cp .env.example .env"
    has_tests = any(name.startswith(("tests/", "test/")) for name in seen.names)
    if has_tests and "tests" not in seen.table("tool", "buildkit", "nox"):
        yield 'nox -s build runs no tests yet: [tool.buildkit.nox] tests = ["pytest"] names them, requires their needs'


def _reasons(settings: Sequence[Setting]) -> dict[str, str]:
    return {each.line: each.reason for each in settings}


def _reason(change: Change) -> Reason:
    return Reason("lines are missing" if change.before else "not there", "")


def _question(proposal: Proposal) -> str:
    count = len(proposal.changes)
    return f"write {'this file' if count == 1 else f'these {count} files'}?"


def lines(report: Report) -> list[str]:
    """Return the summary: what was written, and what comes next."""
    if not report.outcomes:
        return ["init: nothing is missing"]
    results = {row.result for row in report.outcomes}
    names = ", ".join(row.subject for row in report.outcomes)
    if results == {"written"}:
        install = report.facts["install"]
        return [f"init: written: {names}", f"next: {f'{install}, then ' if install else ''}{_NEXT}"]
    return [f"init: nothing written; proposed: {names}"]
