"""`invoke image.deps --prove`: the modules imported and the tests run in an environment without what may go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from buildkit.comparison.imports import Request, imported
from buildkit.comparison.outcomes import GOOD, WHOLE, Run
from buildkit.comparison.project_tests import Limits, ProjectTests
from buildkit.comparison.working_copy import WorkingCopy
from buildkit.compile.modules import find_importable
from buildkit.config import Config
from buildkit.core.untrusted import shown
from buildkit.dependencies.needs import Need
from buildkit.doors import files
from buildkit.errors import ConfigurationError
from buildkit.flows.image_deps_look import Judged, trace_of
from buildkit.image.usage import import_trace
from buildkit.image.usage.closure import reached
from buildkit.image.usage.environment_copy import copied
from buildkit.image.usage.inventory import Inventory
from buildkit.image.usage.verdicts import Verdict
from buildkit.report.console import Console
from buildkit.report.progress import Progress


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of one environment.

    Args:
        imports: what went wrong at the import of each module; empty where nothing did.
        run: the run of the tests; None if they were not run.
    """

    imports: Mapping[str, str]
    run: Run | None = None

    def worse(self, before: _Tried) -> str:
        """Return the first thing that goes wrong here and did not before, in words; empty if there is none."""
        for name, failure in self.imports.items():
            if failure and not before.imports.get(name):
                return f"{name} cannot be imported: {shown(failure.splitlines()[-1])}"
        if self.run is None or before.run is None:
            return ""
        names = sorted({*before.run.outcomes, *self.run.outcomes}, key=lambda name: (name == WHOLE, name))
        for test in names:
            outcome = self.run.outcome(test)
            if before.run.outcome(test) in GOOD and outcome not in GOOD:
                words = self.run.words.get(test, "")
                return f"{test}: {outcome}{f': {shown(words)}' if words else ''}"
        return ""

    @property
    def words(self) -> str:
        """What went well."""
        said = f"{_counted(sum(not failure for failure in self.imports.values()), 'module')} can be imported"
        if self.run is None:
            return said
        passed = sum(outcome in GOOD for outcome in self.run.outcomes.values())
        return f"{said} and {_counted(passed, 'test')} pass" if self.run.is_named else f"{said} and the tests pass"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


class Prover:
    """Tries a project in copies of its environment.

    Args:
        config: the project.
        console: says what is tried.
        environment: the user's variables.
        inventory: what is installed.
    """

    def __init__(self, config: Config, console: Console, environment: Mapping[str, str], inventory: Inventory) -> None:
        self._config = config
        self._console = console
        self._user = environment
        self._inventory = inventory
        self._scratch = config.work / "usage"
        linked = {config.data.path} if config.data.stage else set()
        self._copy = WorkingCopy(config.root, self._scratch / "copy", config.source_root, linked, lambda _: ())
        self._last_words: Callable[[], list[str]] = list
        self._modules = [name for name, source in find_importable(config).items() if source]
        if not (self._modules or config.nox.tests):
            raise ConfigurationError(
                "there is nothing to prove it by: the project has no module and no tests",
                hint='name the tests: [tool.buildkit.nox] tests = ["pytest", "tests"]',
            )

    @property
    def last_words(self) -> list[str]:
        """The last lines that the tests printed."""
        return self._last_words()

    def traced(self) -> list[import_trace.Loaded]:
        """Return what the tests load.

        Raises:
            ConfigurationError: no tests are named, or they cannot be run.
        """
        if not self._config.nox.tests:
            raise ConfigurationError(
                "there are no tests to run: nox.tests is empty",
                hint='name them: [tool.buildkit.nox] tests = ["pytest", "tests"]',
            )
        self._console.say("running the tests to see what they load")
        record = self._scratch / "loaded.jsonl"
        files.remove(record)
        place = self._scratch / "environment"
        copy = copied(self._inventory, place, (), self._user)
        try:
            variables = import_trace.variables(copy.variables(self._user, self._copy.source), self._scratch, record)
            self._run(variables)
            return import_trace.loaded(record, self._copy.folder)
        except OSError as error:
            raise ConfigurationError(
                f"the tests left no record of what they load: {error.strerror}",
                hint="do they start Python with -I or -S? Then nothing can be seen of it",
            ) from None
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _run(self, variables: Mapping[str, str]) -> Run:
        command = ProjectTests(self._config.nox.tests, self._copy.folder, self._scratch, variables)
        self._last_words = command.last_words
        renew = partial(self._copy.renew, self._scratch / "nothing", ())
        try:
            with Progress(self._console, "tests run").shown() as progress:
                return command.run(Limits(), prepare=renew, hear=partial(progress.reaches, ""))
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"{error.filename}: there is no such program in the environment of the service",
                hint="install what runs the tests beside the service's packages, or mend nox.tests",
            ) from None

    def tried(self, without: Collection[str], what: str, *, tests: bool = True) -> _Tried:
        """Return what comes of the project where some packages are missing.

        Args:
            without: the packages.
            what: what is tried, in words.
            tests: run the tests too.
        """
        self._console.say(f"trying {what}")
        place = self._scratch / "environment"
        copy = copied(self._inventory, place, without, self._user)
        try:
            self._copy.renew(self._scratch / "nothing", ())
            variables = copy.variables(self._user, self._copy.source)
            answers = imported(
                Request(self._modules),
                copy.python,
                folder=self._copy.folder,
                scratch=self._scratch,
                environment=variables,
            )
            failures = {name: each.failure for name, each in answers.items()}
            if not (tests and self._config.nox.tests):
                return _Tried(failures)
            return _Tried(failures, self._run(variables))
        finally:
            shutil.rmtree(place, ignore_errors=True)


def trace(config: Config, console: Console, environment: Mapping[str, str], inventory: Inventory) -> None:
    """Run the tests, and keep what they load for this look and those that come.

    Raises:
        ConfigurationError: no tests are named, or they cannot be run.
    """
    found = Prover(config, console, environment, inventory).traced()
    import_trace.keep(trace_of(config), found)
    console.say(f"{len(found)} modules were loaded")


def prove(
    config: Config, console: Console, environment: Mapping[str, str], judged: Mapping[str, Judged]
) -> dict[str, Judged]:
    """Return the verdicts with what trying showed: what may go is tried together, and one by one where that fails.

    Args:
        config: the project.
        console: says what is tried.
        environment: the user's variables.
        judged: the verdicts by image.

    Raises:
        ConfigurationError: the tests cannot be run, or there is nothing to try.
    """
    if not any(each.is_candidate for one in judged.values() for each in one.verdicts.values()):
        return dict(judged)
    inventory = next(iter(judged.values())).look.inventory
    prover = Prover(config, console, environment, inventory)
    before = prover.tried((), "the project with all that is installed")
    if before.run is not None and GOOD.isdisjoint(before.run.outcomes.values()):
        raise ConfigurationError(
            "no test passes with all that is installed, so none can show what is needed",
            details=prover.last_words,
            hint="mend them first, or see that nox.tests runs by itself",
        )
    found = {}
    for image, one in judged.items():
        verdicts = dict(one.verdicts)
        for names, tests in _lots(one):
            for name, worse in _worse(prover, before, one, names, tests=tests):
                verdicts[name] = _after(verdicts[name], worse, before if tests else _Tried(before.imports))
        verdicts.update(_unproved(one))
        found[image] = _with(one, verdicts)
    return found


def _worse(
    prover: Prover, before: _Tried, one: Judged, names: Sequence[str], *, tests: bool
) -> Iterator[tuple[str, str]]:
    """Yield each package with what goes wrong without it."""
    gone = _gone(one, names)
    worse = prover.tried(gone, f"it without {', '.join(sorted(gone))}", tests=tests).worse(before)
    if not worse:
        yield from ((name, "") for name in names)
    elif len(names) == 1:
        yield names[0], worse
    else:
        for name in names:
            own = _gone(one, [name])
            yield name, prover.tried(own, f"it without {', '.join(sorted(own)) or name}", tests=tests).worse(before)


def _lots(one: Judged) -> Iterator[tuple[list[str], bool]]:
    """Yield what is tried together, and whether by the tests too: these need what is there for them."""
    kept = {name for name, _ in _unproved(one)}
    candidates = [name for name, each in one.verdicts.items() if each.is_candidate and name not in kept]
    lot = [name for name in candidates if one.verdicts[name].result != "test-only"]
    if lot:
        yield lot, True
    lot = [name for name in candidates if one.verdicts[name].result == "test-only"]
    if lot:
        yield lot, False


def _gone(one: Judged, names: Collection[str]) -> set[str]:
    inventory = one.look.inventory
    needs = [each.need for each in one.look.declared]
    left = reached(inventory, [need for need in needs if need.name not in names])
    return {name for name in reached(inventory, needs) if name not in left} - _for_others(one)


def _for_others(one: Judged) -> set[str]:
    """Return what packages require that are installed here and not in the image: without it these would fail."""
    inventory = one.look.inventory
    present = reached(inventory, [each.need for each in one.look.declared])
    others = [Need(name) for name in inventory.distributions if name not in present]
    return {*reached(inventory, others)}


def _unproved(one: Judged) -> Iterator[tuple[str, Verdict]]:
    """Yield the verdicts on what cannot be tried, since something else that is installed here requires it."""
    inventory = one.look.inventory
    present = reached(inventory, [each.need for each in one.look.declared])
    others = reached(inventory, [Need(name) for name in inventory.distributions if name not in present])
    for name, each in one.verdicts.items():
        if each.is_candidate and name in others:
            by = sorted(others[name] - {""}) or [name]
            yield name, Verdict(name, each.result, f"{each.why}; not tried: {by[0]} requires it here", each.places)


def _after(each: Verdict, worse: str, before: _Tried) -> Verdict:
    if worse:
        return Verdict(each.name, "used", f"without it {worse}", each.places)
    return Verdict(each.name, each.result, f"{each.why}; proved: without it {before.words} as before", each.places)


def _with(one: Judged, verdicts: Mapping[str, Verdict]) -> Judged:
    return Judged(one.look, verdicts, one.shares, one.missing, one.memory)
