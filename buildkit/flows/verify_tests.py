"""The tests of `compile.verify --tests`: both ways, what comes out otherwise, and which extension makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from buildkit.comparison import confirmation
from buildkit.comparison.confirmation import Confirmed
from buildkit.comparison.outcomes import GOOD, Run, failing
from buildkit.comparison.project_tests import Limits, limits_of
from buildkit.config import Config
from buildkit.errors import ConfigurationError
from buildkit.flows.comparing import Bench
from buildkit.report.console import Console

_MOST_ROUNDS = 3
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Tested:
    """What the tests say.

    Args:
        plain: the run as plain Python.
        compiled: the run with all extensions.
        found: what comes out otherwise.
        blame: the units of extensions that make it, by test.
        left: what comes out otherwise still where the first of each of these units is left out.
    """

    plain: Run
    compiled: Run
    found: Confirmed
    blame: Mapping[str, tuple[str, ...]]
    left: Confirmed


def compare_tests(console: Console, bench: Bench, plain: Run, guilty: Iterable[str]) -> Tested:
    """Run the tests compiled, and find which extensions make what comes out otherwise.

    Args:
        console: shows what differs.
        bench: the project's copy.
        plain: their run as plain Python.
        guilty: units that are known to differ by what can be seen of them.
    """
    units = [*bench.built.units]
    if not units:
        return Tested(plain, plain, Confirmed(), {}, Confirmed())
    limits = limits_of(plain)
    console.say("running the tests with all extensions")
    compiled = bench.run_tests(units, limits)
    loaded = compiled.extensions
    if loaded is not None and loaded.isdisjoint(bench.built.paths):
        console.warn("the tests loaded no extension of the project; do they import an installed copy of it?")

    def rerun(chosen: Iterable[str], only: Any) -> Run:  # noqa: ANN401
        chosen = tuple(chosen)
        return bench.run_tests(chosen, limits if chosen else Limits(), only)

    found = confirmation.confirmed(plain, compiled, units, rerun)
    told = [f"{'differs':<18}  {each}" for each in found.all]
    told += [f"{'flaky':<18}  {test}: it does not depend on compiling" for test in found.flaky]
    for line in told[:_SHOWN]:
        console.say(line)
    if len(told) > _SHOWN:
        console.say(f"… and {len(told) - _SHOWN} more; --json has them all")
    likely = sorted(unit for unit, names in bench.built.units.items() if loaded and not loaded.isdisjoint(names))
    blame: dict[str, tuple[str, ...]] = {}
    left, known = found, {*guilty}
    for _ in range(_MOST_ROUNDS):
        if not left.all:
            break
        console.say(f"looking for the extension that makes {len(left.all)} tests come out otherwise")
        blame.update(confirmation.blamed(left, units, known, likely, rerun))
        known |= {unit for units in blame.values() for unit in units[:1]}
        rest = [unit for unit in units if unit not in known]
        left = confirmation.confirmed(plain, rerun(rest, None), rest, rerun)
        known_tests = {each.test for each in found.all}
        new = Confirmed(
            tuple(each for each in left.alone if each.test not in known_tests),
            tuple(each for each in left.together if each.test not in known_tests),
            left.flaky,
        )
        found = Confirmed((*found.alone, *new.alone), (*found.together, *new.together), found.flaky)
    return Tested(plain, compiled, found, blame, left)


def plain_run(config: Config, console: Console, bench: Bench) -> Run:
    """Run the tests as plain Python, as they must come to their end.

    Args:
        config: the project.
        console: told that they begin, and how far they are.
        bench: the project's copy.

    Raises:
        ConfigurationError: the tests cannot be run, or run none, as plain Python.
    """
    console.say("running the tests as plain Python")
    try:
        plain = bench.run_tests((), Limits())
    except FileNotFoundError:
        raise ConfigurationError(
            f"{config.nox.tests[0]}: there is no such program", hint="install it beside the suite, or mend nox.tests"
        ) from None
    if not plain.outcomes:
        raise ConfigurationError(
            "the command runs no tests", hint="mend nox.tests", details=bench.last_words(compiled=False)
        )
    if not plain.is_whole:
        how = ", ".join(f"{test}: {outcome}" for test, outcome in plain.outcomes.items() if "passed" not in outcome)
        raise ConfigurationError(
            f"the tests do not come to their end as plain Python ({how})",
            hint="mend them first",
            details=bench.last_words(compiled=False),
        )
    names_others = not plain.is_named and len(plain.outcomes) > 1  # those that are well it does not name
    if GOOD.isdisjoint(plain.outcomes.values()) and not names_others:
        test, outcome = next(iter(plain.outcomes.items()))
        raise ConfigurationError(
            f"no test passes as plain Python ({test}: {plain.words.get(test) or outcome})",
            hint="see that the command runs by itself, with all that the tests import",
            details=bench.last_words(compiled=False),
        )
    return plain


def as_json(config: Config, tested: Tested) -> dict[str, Any]:
    """Return the tests as the JSON form of the report has them."""
    bad = {*failing(tested.plain)} & {*failing(tested.compiled)}
    return {
        "command": list(config.nox.tests),
        "plain": len(tested.plain.outcomes),
        "compiled": len(tested.compiled.outcomes),
        "differences": [
            {
                "test": each.test,
                "plain": each.plain,
                "compiled": each.compiled,
                "words": each.words,
                "modules": list(tested.blame.get(each.test, ())),
            }
            for each in tested.found.all
        ],
        "failing": sorted(bad),
        "flaky": list(tested.found.flaky),
    }


def bought_in(tested: Tested) -> dict[str, Any]:
    """Return the seconds and the memory of the tests, both ways."""
    return {
        "tests-seconds": {"plain": round(tested.plain.time, 3), "compiled": round(tested.compiled.time, 3)},
        "tests-memory": {"plain": tested.plain.memory, "compiled": tested.compiled.memory},
    }
