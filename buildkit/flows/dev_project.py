"""The project under its present settings: its watched files, and what the loop of `invoke dev` does to it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path

from buildkit.config import Config, load
from buildkit.core.changes import Layout, Need, concerns_all, needs_of
from buildkit.dev import installing
from buildkit.dev.actions import Actions
from buildkit.dev.layout import dependencies, layout_of
from buildkit.dev.service import Service, services_of
from buildkit.dev.sources import check_syntax, forget_bytecode
from buildkit.dev.status import Status
from buildkit.dev.tree import Tree
from buildkit.doors import process
from buildkit.extensions.pool import WarmTranslators
from buildkit.flows.build_aside import Aside, Builder
from buildkit.flows.dev_database import LoopDatabase
from buildkit.model import Report
from buildkit.report.console import Console

SCHEMA = "buildkit.dev/1"
_COMPILED = frozenset({"fresh", "restored", "compiled"})


class Project:
    """The project under its present settings.

    Args:
        config: the settings at the start.
        console: says what is said.
        environment: the variables of `invoke dev`.
        debug: whether the services run under a debugger.
    """

    def __init__(
        self, config: Config, console: Console, environment: Mapping[str, str], *, debug: bool = False
    ) -> None:
        self._debug = debug
        if debug:
            environment = {**environment, "PYBUILDKIT_COMPILE": "off"}  # breakpoints are in sources
        self.config = config
        self.tree = _tree(config)
        self._console = console
        self._environment = environment
        self._dependencies = dependencies(config)
        self.database = LoopDatabase(config.root, console, environment)
        self.status = Status()
        self.translators = WarmTranslators()
        self.builder = Builder()

    def actions(self) -> Actions:
        """Return what the loop does to it."""
        return Actions(
            reload=self.reload,
            outdated=self.outdated,
            rebuild=self.rebuild,
            migrate=self.migrate,
            refresh=self.refresh,
            check_modules=self.check_modules,
            interpret=self.interpret,
            build_aside=self.build_aside,
            built_aside=self.built_aside,
            forms=self.status.forms,
            sources=self.sources,
            has_database=self.has_database,
            concern_code=self.concern_code,
            settled=self.settled,
            imported=self.imported,
            is_undone=self.is_undone,
            services=self.services,
        )

    def reload(self) -> bool:
        """Read the settings again; return whether they differ."""
        before, depended_on = self.config, self._dependencies
        config = load(before.root, self._environment, before.flags)
        self._dependencies = dependencies(config)
        if self._dependencies != depended_on:
            self.outdated()
        if config == before and _layout(config) == self.tree.layout:
            return False
        self.tree = _tree(config)  # before anything is built: later changes are seen
        self.config = config
        return True

    def outdated(self) -> None:
        """Say that the dependencies changed."""
        words = shlex.join(installing.command_of(self.config.root))
        self._console.warn(f"the dependencies changed: key i installs them, or: {words}")

    def install(self) -> bool:
        """Install the dependencies into the environment that runs; return whether that was done."""
        command = installing.command_of(self.config.root)
        if not installing.is_there(command):
            self._console.warn(f"there is no {command[0]} here, which wrote the lock of this project")
            return False
        self._console.say(shlex.join(command))
        surroundings = installing.variables(self._environment)
        code = process.stream(command, self._console.say, folder=self.config.root, environment=surroundings)
        if code:
            self._console.warn(f"{command[0]} ended with exit code {code}")
        return code == 0

    def rebuild(self) -> Report:
        """Compile what changed."""
        from buildkit.flows.compile import compile_modules  # noqa: PLC0415

        self.builder.end()
        report = compile_modules(self.config, self._console, self._environment, warm=self.translators)
        self.status.forms.built(row.subject for row in report.outcomes if row.result in _COMPILED)
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
        self.status.forms.interpreted(taken)
        return len(taken)

    def sources(self, modules: Collection[str]) -> set[str]:
        """Return the source of each module, as a path relative to the project."""
        return {self._source(self.config.source.joinpath(*name.split("."))) for name in modules}

    def _source(self, place: Path) -> str:
        found = (Path(f"{place}{ending}") for ending in (".pyx", ".py", "/__init__.pyx"))
        file = next((file for file in found if file.exists()), Path(f"{place}.py"))
        return Path(os.path.relpath(file, self.config.root)).as_posix()

    def settled(self) -> None:
        """Note that all changes up to now are taken up."""
        self.tree.settle()

    def imported(self, names: Collection[str]) -> set[str]:
        """Return those of the files that were written of which a process has imported another text."""
        return self.tree.imported(names)

    def is_undone(self) -> bool:
        """Return whether what changed since then is again what it was."""
        return self.tree.is_undone()

    def build_aside(self) -> None:
        """Start to compile beside the services."""
        self.builder.start(self.config, self._environment)

    def migrate(self) -> Report:
        """Bring the database to head; where none is named, start the project's own."""
        if _layout(self.config) != self.tree.layout:
            self.tree = _tree(self.config)  # alembic.ini names other folders
        report = self.database.migrate(self.config)
        if report is None:
            return Report(SCHEMA, (), 0.0)
        self.status.revision = str(report.facts.get("head") or "")
        return report

    def has_database(self) -> bool:
        """Return whether the services have a database, at head or not."""
        return self.database.is_at_hand(self.config)

    def concern_code(self, files: Collection[str]) -> bool:
        """Return whether one of these files concerns more than the database."""
        return any({*needs_of(name, self.tree.layout)} - {Need.MIGRATE} for name in files)

    def has_migrations(self) -> bool:
        """Return whether there is something to migrate by."""
        from buildkit.flows.migrate import migration_settings  # noqa: PLC0415

        return migration_settings(self.config) is not None

    def built_aside(self) -> Aside | None:
        """Return what the build beside the services came to, once."""
        built = self.builder.result()
        if built is not None and not built.error:
            self.status.forms.compiled(built.there)
        return built

    def surroundings(self) -> dict[str, str]:
        """Return the environment of tests beside the services: without their database, which tests do not touch."""
        path = os.pathsep.join(filter(None, (str(self.config.source), self._environment.get("PYTHONPATH"))))
        return {**self._environment, "PYTHONPATH": path}

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
        layout = self.tree.layout

        def counts(file: str) -> bool:
            return concerns_all(file, layout)

        return services_of(self.config, self._environment, self.database.variables, debug=self._debug, counts=counts)


def _tree(config: Config) -> Tree:
    """Return the files that count under these settings."""
    return Tree(config.root, _layout(config))


def _layout(config: Config) -> Layout:
    """Return where they lie; Alembic's own settings have a say."""
    from buildkit.flows.migrate import migration_settings  # noqa: PLC0415

    migrations = migration_settings(config)
    if migrations is None:
        return layout_of(config, ())
    return layout_of(config, migrations.versions, migrations.script_location)
