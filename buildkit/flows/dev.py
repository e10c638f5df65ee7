"""`invoke dev`: build → database → migrate → data → start → ready, then per save the smallest action, until Ctrl-C."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from buildkit.config import Config, load
from buildkit.core.changes import Need, Reaction, needs_of, with_consequences
from buildkit.dev.journal import Log
from buildkit.dev.keys import Keys
from buildkit.dev.layout import dependencies, layout_of
from buildkit.dev.loop import Actions, Loop
from buildkit.dev.screen import Screen
from buildkit.dev.service import Service, services_of
from buildkit.dev.services import Services
from buildkit.dev.signals import Interruption, interruptible
from buildkit.dev.sources import check_syntax, forget_bytecode
from buildkit.dev.status import Status, help_lines
from buildkit.dev.tree import Tree
from buildkit.dev.watch import Watch, git_folder
from buildkit.doors.clock import Stopwatch
from buildkit.extensions.pool import WarmTranslators
from buildkit.flows.aside import Aside, Builder
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, counts

if TYPE_CHECKING:
    from buildkit.db.users import Use

SCHEMA = "buildkit.dev/1"
_NEEDS = {"r": Need.RESTART, "m": Need.MIGRATE, "d": Need.REFRESH}
_COMPILED = frozenset({"fresh", "restored", "compiled"})


def run_dev(config: Config, console: Console, environment: Mapping[str, str]) -> Report:
    """Run the service and keep it up to date until Ctrl-C or SIGTERM, which end it in order.

    Args:
        config: the project.
        console: shows one line a cycle, and what failed.
        environment: the service gets it, with `DATABASE_URL`, `PORT` and its kin added.

    Returns:
        One row a cycle. `ended-by` is `SIGINT`, `SIGTERM` or `SIGHUP`.

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
        project = Project(config, console, environment)
        log = Log(screen.write, lambda words: console.say(f"hint: {words}"), by_lines=screen.has_line)
        services = Services(config.dev.hold, config.dev.drain, log, coloured=console.coloured)
        services.hold(project.services())
        desk = Desk(project, services, screen, console, interruption)
        loop = Loop(project.actions(), services, console.say, desk.tell, desk.show)
        outcomes = loop.outcomes
        cleanup.callback(screen.show, "")
        cleanup.callback(project.translators.close)
        cleanup.callback(project.builder.end)
        cleanup.callback(project.stop_database)
        cleanup.callback(services.stop)
        desk.keys = cleanup.enter_context(Keys().read())
        _follow(project, loop, desk, console, interruption)
    ended = interruption.signal.name if interruption.signal else "q" if outcomes else None
    return Report(SCHEMA, tuple(outcomes), watch.seconds, {"ended-by": ended}, row="cycle")


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
    return [f"dev: stopped after {len(report.outcomes)} cycles ({words})"] if words else ["dev: stopped"]


def _follow(project: Project, loop: Loop, desk: Desk, console: Console, interruption: Interruption) -> None:
    """Answer each batch of changes, and each key, until interrupted."""
    tree = project.tree
    watch = Watch(tree, console.warn, git=git_folder(project.config.root), stop=interruption)
    for number, batch in enumerate(watch):
        if number == 0:  # from now on every change is seen
            tree.changes()
            loop.begin()
        elif batch:
            loop.react(tree.changes(None if batch.everything else batch.paths))
        loop.attend()
        if not desk.attend(loop):
            return
        if project.tree is not tree:
            tree = project.tree
            watch.renew(tree)


class Desk:
    """What the person at the terminal sees, and presses.

    Args:
        project: the project.
        services: its services.
        screen: the terminal.
        console: says what is said.
        interruption: is asked for the signal that ended the loop.
    """

    def __init__(
        self, project: Project, services: Services, screen: Screen, console: Console, interruption: Interruption
    ) -> None:
        self._project = project
        self._services = services
        self._screen = screen
        self._console = console
        self._interruption = interruption
        self.keys = Keys()

    def tell(self, event: str, outcome: Outcome) -> None:
        """Tell programs what happened."""
        facts = {"cycle" if event != "aside" else "modules": outcome.subject, "outcome": outcome.result}
        more = {"reason": str(outcome.reason), "seconds": round(outcome.seconds, 3), "detail": outcome.detail}
        self._console.event({"schema": SCHEMA, "event": event, **facts, **more})

    def show(self, doing: str, last: str) -> None:
        """Show what is being done, and the last cycle."""
        self._project.status.doing, self._project.status.last = doing, last
        self._draw()

    def attend(self, loop: Loop) -> bool:
        """Show how things stand, and do what the keys say; return whether to go on."""
        self._draw()
        if self.keys.continued:
            self.keys.continued = False
            self._screen.redraw()
        for key in self.keys.pressed():
            if key == "q":
                return False
            self._obey(key, loop)
        return True

    def _obey(self, key: str, loop: Loop) -> None:
        reason = Reason("key", key)
        if key == "b":
            loop.begin(reason)
        elif key in _NEEDS:
            loop.react(Reaction(with_consequences([_NEEDS[key]]), reason, ()))
        elif key == "o":
            self._open()
        elif key == "c":
            self._screen.clear()
        elif key == "?":
            self._console.say("\n".join(help_lines()))

    def _open(self) -> None:
        address = next((f"http://127.0.0.1:{port}/" for port in self._services.ports().values()), "")
        desktop = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if address and desktop:
            import webbrowser  # noqa: PLC0415 - on a key

            webbrowser.open(address)
        self._console.say(address or "no service has an address")

    def _draw(self) -> None:
        if self._screen.has_line:
            self._screen.show(self._project.status.line(self._services.states(), self._services.ports()))


class Project:
    """The project under its present settings: its watched files, and the actions of the loop."""

    def __init__(self, config: Config, console: Console, environment: Mapping[str, str]) -> None:
        self.config = config
        self.tree = _tree(config)
        self._console = console
        self._environment = environment
        self._dependencies = dependencies(config)
        self._database: dict[str, str] = {}
        self.status = Status()
        self._use: Use | None = None
        self.translators = WarmTranslators()
        self.builder = Builder()

    def actions(self) -> Actions:
        """Return what the loop does to it."""
        return Actions(
            reload=self.reload,
            rebuild=self.rebuild,
            migrate=self.migrate,
            refresh=self.refresh,
            check_modules=self.check_modules,
            interpret=self.interpret,
            build_aside=self.build_aside,
            built_aside=self.built_aside,
            services=self.services,
        )

    def reload(self) -> bool:
        """Read the settings again; return whether they differ."""
        before, depended_on = self.config, self._dependencies
        config = load(before.root, self._environment, before.flags)
        self._dependencies = dependencies(config)
        if self._dependencies != depended_on:
            self._console.warn("the dependencies changed; install them, then save again")
        if config == before:
            return False
        self.tree = _tree(config)  # before anything is built: later changes are seen
        self.config = config
        return True

    def rebuild(self) -> Report:
        """Compile what changed."""
        from buildkit.flows.compile import compile_modules  # noqa: PLC0415

        self.builder.end()
        report = compile_modules(self.config, self._console, self._environment, warm=self.translators)
        self.status.compiled = sum(row.result in _COMPILED for row in report.outcomes)
        self.status.interpreted = 0
        return report

    def interpret(self, changed: Collection[str]) -> int | None:
        """Let the changed files run as Python; return how many extensions went, or None where they must be compiled."""
        code = [name for name in changed if Need.REBUILD in needs_of(name, self.tree.layout)]
        if self.config.dev.first != "interpreted" or not code or not all(name.endswith(".py") for name in code):
            return None
        from buildkit.extensions.interpret import interpret  # noqa: PLC0415
        from buildkit.extensions.workspace import workspace_of  # noqa: PLC0415

        self.builder.end()  # it may be about to put in place what was made of the sources before
        sources = [os.path.relpath(self.config.root / name, self.config.source) for name in code]
        taken = interpret(workspace_of(self.config, self._console, self._environment), sources)
        if taken is None:
            return None
        self.status.interpreted = min(self.status.compiled, self.status.interpreted + len(taken))
        return len(taken)

    def build_aside(self) -> None:
        """Start to compile beside the services."""
        self.builder.start(self.config, self._environment)

    def migrate(self) -> Report:
        """Bring the database to head; where none is named, start the project's own."""
        from buildkit.flows.migrate import migrate_database, migration_settings  # noqa: PLC0415

        variable = self.config.migrate.url_env
        if migration_settings(self.config) is None:
            self._database = {}
            return Report(SCHEMA, (), 0.0)
        if not self._environment.get(variable) and self._use is None:
            from buildkit.db.users import Use  # noqa: PLC0415

            self._use = Use(self.config.root)  # kept first: an interruption may come while the server starts
            self._use.begin()
        report, database = migrate_database(self.config, self._console, self._environment)
        self._database = {} if database is None else {variable: database.url}
        self.status.revision = str(report.facts.get("head") or "")
        return report

    def built_aside(self) -> Aside | None:
        """Return what the build beside the services came to, once."""
        built = self.builder.result()
        if built is not None and not built.error:
            self.status.interpreted = 0
        return built

    def refresh(self) -> Report:
        """Make the data that is due."""
        from buildkit.flows.data import refresh_data  # noqa: PLC0415

        return refresh_data(self.config, self._console, self._environment)

    def check_modules(self, files: Collection[str]) -> None:
        """Check the syntax of the changed modules, and delete the bytecode of their former texts."""
        modules = [self.config.root / file for file in files if file.endswith(".py")]
        check_syntax(modules)
        forget_bytecode(modules)

    def services(self) -> tuple[Service, ...]:
        """Return what to run, with its environment.

        Raises:
            ConfigurationError: nothing is configured.
        """
        return services_of(self.config, self._environment, self._database)

    def stop_database(self) -> None:
        """Stop the development server if loops alone used it, and this was the last."""
        if self._use is not None:
            self._use.end()


def _tree(config: Config) -> Tree:
    """Return the files that count under these settings."""
    from buildkit.flows.migrate import migration_settings  # noqa: PLC0415

    migrations = migration_settings(config)
    return Tree(config.root, layout_of(config, migrations.versions if migrations else ()))
