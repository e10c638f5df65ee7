"""`invoke dev`: build → database → migrate → data → start → ready, then per save the smallest action, until Ctrl-C."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from buildkit.config import Config
from buildkit.core.changes import Need, Reaction
from buildkit.dev.cycle import counted
from buildkit.dev.journal import Log
from buildkit.dev.keys import Keys
from buildkit.dev.loop import Loop
from buildkit.dev.screen import Screen
from buildkit.dev.services import Services
from buildkit.dev.signals import Interruption, interruptible
from buildkit.dev.test_runner import Runner, command_of
from buildkit.dev.watch import Watch, git_folder
from buildkit.doors import locks
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError
from buildkit.flows.desk import Desk
from buildkit.flows.dev_database import LoopDatabase
from buildkit.flows.dev_project import SCHEMA, Project
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, counts


def run_dev(
    config: Config, console: Console, environment: Mapping[str, str], *, debug: bool = False, test: bool = False
) -> Report:
    """Run the service and keep it up to date until Ctrl-C or SIGTERM, which end it in order.

    Args:
        config: the project.
        console: shows one line a cycle, and what failed.
        environment: the service gets it, with `DATABASE_URL`, `PORT` and its kin added.
        debug: run the services under a debugger, and all modules as Python.
        test: run the tests beside them after each cycle.

    Returns:
        One row a cycle. `ended-by` is `SIGINT`, `SIGTERM` or `SIGHUP`, or `q` for the key.

    Raises:
        ConfigurationError: there is nothing to run, or its port is taken.
    """
    watch = Stopwatch()
    outcomes: list[Outcome] = []
    interruption = Interruption()
    with interruptible(interruption), ExitStack() as cleanup:
        screen = Screen(environment)
        if screen.has_line:
            console.talk_to(screen.text)
        project = Project(config, console, environment, debug=debug)
        log = Log(screen.write, lambda words: console.say(f"hint: {words}"), by_lines=screen.has_line)
        services = Services(config.dev.hold, config.dev.drain, log, coloured=console.coloured)
        _hold(services, project, cleanup.enter_context(_alone(config, console)))
        for each in project.services() if debug else ():
            console.say(f"debugger: attach to 127.0.0.1:{each.debugger} for the {each.name}")
        desk = Desk(project, services, screen, console)
        loop = Loop(project.actions(), services, console.say, desk.tell, desk.show)
        outcomes = loop.outcomes
        cleanup.callback(screen.show, "")
        cleanup.callback(project.translators.close)
        cleanup.callback(project.builder.end)
        tests = Runner(config.root, config.work / "dev-tests.log", console.say) if test else None
        if tests is not None:
            cleanup.callback(tests.end)
        cleanup.callback(project.database.end)
        cleanup.callback(services.stop)
        cleanup.callback(loop.finish)
        desk.keys = cleanup.enter_context(Keys().read())
        _follow(project, services, loop, desk, console, interruption, tests)
    ended = interruption.signal.name if interruption.signal else "q" if outcomes else None
    return Report(SCHEMA, tuple(outcomes), watch.seconds, {"ended-by": ended}, row="cycle")


@contextlib.contextmanager
def _alone(config: Config, console: Console) -> Iterator[str]:
    """Note that a loop runs in this project, for the time of the block; yield who runs another one, or nothing."""
    note = config.work / "dev.lock"
    with ExitStack() as held:
        other = ""
        try:
            held.enter_context(locks.held(note, wait=0, overtake=False))
        except locks.Busy:
            other = locks.describe(note)
            console.warn(f"invoke dev runs in this project already: {other}; both build the same files")
        yield other


def _hold(services: Services, project: Project, other: str) -> None:
    try:
        services.hold(project.services())
    except ConfigurationError as error:
        if other:
            raise ConfigurationError(str(error), hint=f"{other} runs here already; {error.hint}") from None
        raise


def foretell(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
    """Show what would be compiled and run; start and write nothing.

    Raises:
        ConfigurationError: there is nothing to run.
    """
    from buildkit.flows.compile import compile_modules  # noqa: PLC0415

    watch = Stopwatch()
    project = Project(config, console, environment)
    services = project.services()
    compile_modules(config, console, environment, dry_run=True)
    facts = {
        "dry-run": True,
        "ended-by": None,
        "commands": {each.name: list(each.words(each.port)) for each in services},
    }
    return Report(SCHEMA, (), watch.seconds, facts, row="cycle")


def lines(report: Report) -> list[str]:
    """Return the summary: the number of cycles by result."""
    commands: Any = report.facts.get("commands")
    if commands:
        return [f"dev: would run {shlex.join(command)}, and again at each change" for command in commands.values()]
    words = ", ".join(f"{number} {result}" for result, number in counts(report.outcomes).items())
    return [f"dev: {counted('stopped after', len(report.outcomes), 'cycle')} ({words})"] if words else ["dev: stopped"]


def _follow(
    project: Project,
    services: Services,
    loop: Loop,
    desk: Desk,
    console: Console,
    interruption: Interruption,
    tests: Runner | None,
) -> None:
    """Answer each batch of changes, and each key, until interrupted."""
    tested = 0
    tree = project.tree
    watch = Watch(tree, console.warn, git=git_folder(project.config.root), stop=interruption)
    for number, batch in enumerate(watch):
        if number == 0:  # from now on every change is seen
            tree.changes()
            loop.begin()
        elif not (batch or batch.pending):
            loop.calm()
        elif batch:
            paths = None if batch.everything else batch.paths
            reaction = tree.changes(paths)
            loop.react(reaction, None if paths is None else tree.code_in(paths), tree.written(batch.paths))
        _look_after(project.database, loop)
        loop.attend()
        if tests is not None:
            if len(loop.outcomes) > tested:
                tested = len(loop.outcomes)
                tests.start(command_of(project.config.nox.tests), project.surroundings())
            tests.attend()
            project.status.tests = tests.result
        if not desk.attend(loop):
            return
        if project.tree is not tree or tree.is_outgrown:
            tree = project.tree
            watch.renew(tree)
            services.adopt(project.config.dev.hold, project.config.dev.drain)


def _look_after(database: LoopDatabase, loop: Loop) -> None:
    """Answer what became of the database without a change of files."""
    news = database.news()
    if news:
        loop.react(Reaction((Need.MIGRATE, Need.RESTART), Reason(news), ()))
    elif database.is_stopped:
        loop.owe(Need.MIGRATE)
