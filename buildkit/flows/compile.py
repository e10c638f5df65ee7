"""`invoke compile`: every module of the packages becomes an extension beside its source, where anything changed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from buildkit.doors import clock
from buildkit.doors.clock import Stopwatch
from buildkit.errors import CompileError
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.model import Action, Outcome, Reason, Report
from buildkit.report.console import Console, counts

if TYPE_CHECKING:
    from buildkit.config import Config
    from buildkit.extensions.pool import WarmTranslators
    from buildkit.store.artifacts import Store

OFF = Reason("compilation is off", "PYBUILDKIT_COMPILE")
_MOST_LINES = 15
_LONG = 400
_UNREADABLE = "let it be read, or exclude it"
_HINTS = {
    errno.EMFILE: "let a process have more open files: ulimit -n 256",
    errno.ENFILE: "the whole machine has no more open files to give",
    errno.EIO: "look after the disk",
}
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
        console: is told what happens.
        environment: `CC`, `CFLAGS`, `LDFLAGS`, `PYBUILDKIT_CACHE_DIR` and `PYBUILDKIT_COMPILE` are read from it.
        python: the interpreter that the extensions are for; this one if None.
        output: the folder that they go to, with the packages' folders; the source root if None.
        dry_run: decide and say, change nothing.
        explain: name the fresh modules and those that stay Python too.
        cache: use what earlier builds made; without it all is made anew.
        clean: delete every extension that the suite made here, and make none.
        check: keeps what a look that leaves everything as it is came to, for the next time.
        warm: translators that are kept warm from build to build; None for new ones.

    Raises:
        CompileError: a module did not compile; all others are done. Its `report` is what there is.
        ToolchainError: no C compiler that works.
        ConfigurationError: the settings of a module do not fit.
    """
    from buildkit.extensions.build import Build  # noqa: PLC0415 - an up-to-date check does without

    watch = Stopwatch()
    tree = Build(config, console, environment, python=python, output=output, reuse=cache, warm=warm)
    if clean or environment.get("PYBUILDKIT_COMPILE", "").lower() in _OFF_WORDS:
        return _report(config, tree.remove_all(Reason("cleaned") if clean else OFF, dry_run=dry_run), watch)
    with _readable():
        tree.look()
        steps = tree.decide()
    if dry_run:
        outcomes = tree.foretell(steps)
    elif all(step.action is Action.LEAVE for step in steps) and not tree.untidy:
        outcomes = tree.leave(steps)
        tree.record_look(check, _report(config, outcomes, watch))
    else:
        with tree.alone():
            if not tree.up_to_date:
                tree.look()
                steps = tree.decide()
            outcomes = tree.do(steps)
            tree.record()
        _tidy(config, console, tree.store)
    if explain:
        for row in outcomes:
            if row.result in {"fresh", "kept"}:
                console.outcome(row)
    report = _report(config, outcomes, watch)
    _raise_failures(report)
    return report


def _tidy(config: Config, console: Console, store: Store) -> None:
    """Prune the store, at most once a day and only where this build added to it."""
    if store.grew:
        from buildkit.store import prune  # noqa: PLC0415 - a build that adds nothing does without

        with contextlib.suppress(OSError):
            if prune.is_due(store.folder, clock.now()):
                from buildkit.flows import cache  # noqa: PLC0415

                cache.prune_now_and_then(config, console, store)


def known(check: UpToDateCheck) -> Report | None:
    """Return what `compile_modules` would come to, if the up-to-date check can tell that nothing changed.

    Raises:
        CompileError: a module did not compile and still would not.
    """
    with _readable():
        report = check.report()
    if report is not None:
        _raise_failures(report)
    return report


def lines(report: Report) -> list[str]:
    """Return the summary: how many modules came to what, and the time."""
    if not report.outcomes:
        return ["compile: nothing to do"]
    words = ", ".join(f"{number} {result}" for result, number in counts(report.outcomes).items())
    return [f"compile: {words}  [{report.facts.get('profile', '')}, {report.seconds:.2f} s]"]


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Word what the disk refuses to show. To take it for gone would delete the extensions of what cannot be read."""
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


def _report(config: Config, outcomes: list[Outcome], watch: Stopwatch) -> Report:
    facts = {"profile": config.compile.profile}
    return Report("buildkit.compile/1", tuple(outcomes), watch.seconds, facts, row="module")


def _raise_failures(report: Report) -> None:
    failed = [row for row in report.outcomes if row.result == "failed"]
    if failed:
        tried = sum(row.result != "kept" for row in report.outcomes)
        raise CompileError(
            f"{len(failed)} of {tried} modules did not compile",
            details=[line for row in failed for line in (f"{row.subject}:", *_indented(row.detail))],
            hint="mend it, or let it stay Python: add its file to `exclude` in [tool.buildkit]",
            report=report,
        )


def _indented(text: str) -> list[str]:
    """Return the compiler's words; of a long dump the beginning, which names file and line."""
    found = text.strip().splitlines()
    more = [f"… and {len(found) - _MOST_LINES} more lines; --json has them all"] if len(found) > _MOST_LINES else []
    return [f"  {line}" for line in (*found[:_MOST_LINES], *more)]
