"""`invoke compile`: every module of the packages becomes an extension beside its source, where anything changed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from buildkit.doors.clock import Stopwatch
from buildkit.errors import CompileError, ToolchainError
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, counts
from buildkit.report.progress import Progress

if TYPE_CHECKING:
    from buildkit.config import Config
    from buildkit.extensions.pool import WarmTranslators

_SCHEMA = "buildkit.compile/1"
OFF = Reason("compilation is off", "PYBUILDKIT_COMPILE")
_LOOKING = "looking at modules and tools"
_MOST_LINES = 15
_LONG = 400
_UNREADABLE = "let it be read, or exclude it"
_HINTS = {
    errno.EMFILE: "let a process have more open files: ulimit -n 256",
    errno.ENFILE: "the whole machine has no more open files to give",
    errno.EIO: "look after the disk",
}
_QUIET = frozenset({"fresh", "kept"})
"""Results that are said of each module only where that is asked for."""
_OFF_WORDS = frozenset({"off", "0", "no", "false"})


def compile_modules(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    python: Path | None = None,
    output: Path | None = None,
    dry_run: bool = False,
    explain: bool = False,
    cache: bool = True,
    clean: bool = False,
    check: UpToDateCheck | None = None,
    warm: WarmTranslators | None = None,
) -> Report:
    """Bring the extensions of all modules up to date.

    Args:
        config: the project.
        console: shows progress.
        environment: `CC`, `CFLAGS`, `LDFLAGS`, `PYBUILDKIT_CACHE_DIR` and `PYBUILDKIT_COMPILE` are read from it.
        python: the interpreter that the extensions are for; this one if None.
        output: the folder that they go to, with the packages' folders; the source root if None.
        dry_run: decide and say, change nothing.
        explain: name the fresh modules and those that stay Python too.
        cache: use what earlier builds made; without it all is made again.
        clean: delete every extension that the suite made here, and make none.
        check: stores the result of a look that found nothing to do, for the next command.
        warm: translators that are kept warm from build to build; None for new ones.

    Raises:
        CompileError: a module did not compile; all others are done. Its `report` is what there is.
        ToolchainError: no C compiler that works; or what did not compile is C++, and there is no compiler for it.
        ConfigurationError: the settings of a module do not fit.
    """
    from buildkit.extensions.decide import decide, with_restored  # noqa: PLC0415 - an up-to-date check does without
    from buildkit.extensions.look import look  # noqa: PLC0415
    from buildkit.extensions.record import record, record_look  # noqa: PLC0415
    from buildkit.extensions.workspace import workspace_of  # noqa: PLC0415

    watch = Stopwatch()
    facts = {"profile": config.compile.profile}
    workspace = workspace_of(config, console, environment, python=python, output=output, reuse=cache)
    if clean or environment.get("PYBUILDKIT_COMPILE", "").lower() in _OFF_WORDS:
        from buildkit.extensions.clean import remove_all  # noqa: PLC0415

        removed = remove_all(workspace, Reason("cleaned") if clean else OFF, dry_run=dry_run)
        return Report(_SCHEMA, removed, watch.seconds, facts, row="module")
    with _readable(), Progress(console, _LOOKING, {}).shown():
        sight = look(workspace)
        plan = decide(sight)
    if sight.backends.toolchain.unusable:
        console.warn(sight.backends.toolchain.unusable)
    outcomes = plan.foretold()
    if plan.is_idle and sight.is_recorded and not dry_run:
        record_look(sight, check, Report(_SCHEMA, outcomes, watch.seconds, facts, row="module"))
    elif not dry_run:
        from buildkit.extensions.do import do  # noqa: PLC0415 - where nothing is to do, this is not needed
        from buildkit.extensions.exclusive import exclusive  # noqa: PLC0415
        from buildkit.extensions.public_headers import put_in_place  # noqa: PLC0415

        with exclusive(workspace) as lock:
            if not sight.is_the_latest:
                sight = look(workspace)
                plan = decide(sight)
            headers = put_in_place(sight, plan, lock, warm)
            if headers:
                sight = look(workspace)
                plan = with_restored(decide(sight), headers)
            done = do(sight, plan, lock, warm)
            record(sight, done, lock)
        outcomes = done.outcomes
        if workspace.store.grew:
            from buildkit.flows.pruning import prune_now_and_then  # noqa: PLC0415 - who adds nothing does without

            prune_now_and_then(config, console, workspace.store)
    asked = [row for row in outcomes if dry_run and row.result not in _QUIET]
    asked += [row for row in outcomes if explain and row.result in _QUIET]
    asked += _packages(config, outcomes) if explain else []
    for row in asked:
        console.outcome(row)
    report = Report(_SCHEMA, outcomes, watch.seconds, facts, row="module")
    _raise_failures(report)
    return report


def _packages(config: Config, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return a row for each package with functions in its own file, which run as Python."""
    from buildkit.compile.packages import with_functions  # noqa: PLC0415 - for `--explain` alone

    return [
        Outcome(package, "kept", Reason("its __init__.py stays Python", f"{count} function{'s' * (count > 1)}"))
        for package, count in with_functions(config, {row.subject for row in outcomes})
    ]


def unchanged_report(check: UpToDateCheck) -> Report | None:
    """Return the report of `compile_modules` if nothing has changed since the last look; else None.

    Raises:
        CompileError: a module failed the last time, and its inputs have not changed.
        ToolchainError: it was for want of a C++ compiler.
    """
    with _readable():
        report = check.report()
    if report is not None:
        _raise_failures(report)
    return report


def lines(report: Report) -> list[str]:
    """Return the summary: the number of modules by result, and the time."""
    if not report.outcomes:
        return ["compile: nothing to do"]
    words = ", ".join(f"{number} {result}" for result, number in counts(report.outcomes).items())
    return [f"compile: {words}  [{report.facts.get('profile', '')}, {report.seconds:.2f} s]"]


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn a `PermissionError` into a message: treating an unreadable source as deleted would delete its extension."""
    try:
        yield
    except OSError as error:
        place = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else "the project"
        raise CompileError(
            f"{_shortened(place)}: {error.strerror or error}", hint=_HINTS.get(error.errno or 0, _UNREADABLE)
        ) from None


def _shortened(place: str) -> str:
    """Return a path that fits into a line; of one that is thousands of folders deep, its ends."""
    return place if len(place) <= _LONG else f"{place[: _LONG // 2]}…{place[-_LONG // 2 :]}"


def _raise_failures(report: Report) -> None:
    failed = [row for row in report.outcomes if row.result == "failed"]
    if failed:
        from buildkit.extensions.native.refusals import INSTALL_PLUS_PLUS, NO_PLUS_PLUS  # noqa: PLC0415

        tried = sum(row.result != "kept" for row in report.outcomes)
        lacks_tool = all(NO_PLUS_PLUS in row.detail for row in failed)
        hint = "mend it, or let it stay Python: add its file to `exclude` in [tool.buildkit]"
        raise (ToolchainError if lacks_tool else CompileError)(
            f"{len(failed)} of {tried} modules did not compile",
            details=[line for row in failed for line in (f"{row.subject}:", *_indented(row.detail))],
            hint=INSTALL_PLUS_PLUS if lacks_tool else hint,
            report=report,
        )


def _indented(text: str) -> list[str]:
    """Return the compiler's words; of a long dump the beginning, which names file and line, and the hint."""
    said, sign, hint = text.strip().rpartition("\nhint: ")
    found, last = (said.splitlines(), f"hint: {hint}".splitlines()) if sign else (hint.splitlines(), [])
    more = [f"… and {len(found) - _MOST_LINES} more lines; --json has them all"] if len(found) > _MOST_LINES else []
    return [f"  {line}" for line in (*found[:_MOST_LINES], *more, *last)]
