"""`invoke compile.verify`: whether the compiled project does what it does as plain Python, and what that bought."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from buildkit.comparison.verdicts import Verdict, blamed, verdicts
from buildkit.config import Config
from buildkit.config.writing import Exclusion, exclude
from buildkit.config.writing import lines as exclude_lines
from buildkit.doors.clock import Stopwatch
from buildkit.doors.locks import held
from buildkit.errors import ConfigurationError, DifferenceError
from buildkit.flows.comparing import Bench, built
from buildkit.flows.verify_tests import Tested, as_json, bought_in, compare_tests, plain_run
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, counts

SCHEMA = "buildkit.compile-verify/1"
_SHOWN = 12
_LONGEST = 160
_SLOWER = 1.1
"""Of one run of the tests, less may be what else happened on the machine."""
_WORDS = {
    "equal": "the same in both forms",
    "fails": "fails as plain Python in the same way",
    "compiled": "has no plain form: what it imports is declared in C",
}


def verify(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    tests: bool = False,
    write: bool = False,
    explain: bool = False,
) -> Report:
    """Compare the project as plain Python with its compiled form, in a copy of it; the project's tree stays as it is.

    Args:
        config: the project.
        console: shows what differs.
        environment: the variables; the project's code gets them.
        tests: run the project's tests both ways too.
        write: write what must stay Python into pyproject.toml.
        explain: name the modules that are equal too.

    Returns:
        One row a module. `tests`, `bought`, `exclude` and `written` are further values of the JSON form.

    Raises:
        DifferenceError: something differs, and it was not written down to stay Python. Its `report` is what there is.
        CompileError: a module did not compile.
        ConfigurationError: there are no tests to run, or they cannot be run.
    """
    watch = Stopwatch()
    if tests and not config.nox.tests:
        raise ConfigurationError(
            f"{config.file}: [tool.buildkit.nox] names no tests",
            hint='say how they are run:\n[tool.buildkit.nox]\ntests = ["pytest", "tests"]',
        )
    folder = config.work / "verify"
    with held(folder / "lock", on_wait=lambda: console.say("waiting for another comparison of this project")):
        variables = {name: value for name, value in environment.items() if name != "PYBUILDKIT_COMPILE"}
        made = built(config, console, variables)
        bench = Bench(config, made, variables, console)
        try:
            plain = plain_run(config, console, bench) if tests else None  # first: what cannot run is said at once
            bench.renew(())
            found = verdicts(made.names, [*made.units], bench.look)
            blame = blamed([each for each in found.values() if each.result == "differs"], made.units, bench.look)
            rows = [_row(each, blame.get(each.module, ())) for each in found.values()]
            for row in rows:
                if explain or row.result != "equal":
                    console.outcome(row)
            bought = _bought_at_import(bench, found)
            guilty = {unit for units in blame.values() for unit in units[:1]}
            tested = None if plain is None else compare_tests(console, bench, plain, guilty)
        finally:
            shutil.rmtree(bench.copy.folder, ignore_errors=True)
    exclusions = _exclusions(bench, found, blame, tested)
    facts: dict[str, Any] = {
        "profile": config.compile.profile,
        "tests": None if tested is None else as_json(config, tested),
        "bought": {**bought, **({} if tested is None else bought_in(tested))},
        "exclude": [each._asdict() for each in exclusions],
        "written": False,
    }
    differs = bool(blame) or (tested is not None and bool(tested.found.all))
    is_mended = bool(exclusions) and not (tested is not None and tested.left.all)
    if differs and write and exclusions:
        exclude(config.file, exclusions)
        facts["written"] = True
    report = Report(SCHEMA, tuple(rows), watch.seconds, facts, row="module")
    if differs and not (facts["written"] and is_mended):
        raise _differs(report, exclusions)
    if not tests:
        first = "" if config.nox.tests else "[tool.buildkit.nox] tests names them, and "
        console.say(f"hint: what the project's tests say is compared too: {first}invoke compile.verify --tests")
    return report


def lines(report: Report) -> list[str]:
    """Return the summary: modules and tests by result, what compiling bought, and what was written."""
    facts: Any = report.facts
    words = {"equal": "equal", "differs": "differ", "fails": "fail as plain Python too", "compiled": "only compiled"}
    found = counts(report.outcomes)
    said = ", ".join(f"{found[result]} {word}" for result, word in words.items() if result in found)
    text = [f"modules: {said or 'none'}  [{facts['profile']}, {report.seconds:.2f} s]"]
    tests = facts["tests"]
    if tests is not None:
        otherwise = len(tests["differences"])
        parts = [f"{otherwise} come out otherwise" if otherwise else "the same outcome in both forms"]
        parts += [f"{len(tests['failing'])} fail in both"] if tests["failing"] else []
        parts += [f"{len(tests['flaky'])} do not depend on compiling"] if tests["flaky"] else []
        text.append(f"tests: {tests['plain']} run; {', '.join(parts)}")
    text += _bought_lines(facts["bought"])
    text += _judged(facts["bought"], facts["profile"])
    if facts["written"]:
        text.append(
            f"exclude: {len(facts['exclude'])} written to pyproject.toml; the old one is pyproject.toml.original"
        )
    return text


def _row(verdict: Verdict, blame: tuple[str, ...]) -> Outcome:
    """Return the row of a module."""
    if verdict.result == "differs":
        others = [unit for unit in blame if unit != verdict.module]
        because = f", because of {', '.join(others)}" if others else ""
        first = str(verdict.differences[0])
        more = f" and {len(verdict.differences) - 1} more" if len(verdict.differences) > 1 else ""
        reason = Reason(f"{_shortened(first)}{more}{because}")
    elif verdict.result == "fails":
        reason = Reason(_WORDS["fails"], _shortened(verdict.plain.failure.splitlines()[-1]))
    else:
        reason = Reason(_WORDS[verdict.result])
    detail = "\n".join(map(str, verdict.differences))
    return Outcome(verdict.module, verdict.result, reason, verdict.compiled.seconds, detail)


def _exclusions(
    bench: Bench, found: Mapping[str, Verdict], blame: Mapping[str, tuple[str, ...]], tested: Tested | None
) -> list[Exclusion]:
    """Return the sources that are to stay Python, each with the first reason for it."""
    reasons: dict[str, str] = {}
    for changed in tested.found.all if tested is not None else ():
        for unit in tested.blame.get(changed.test, ())[:1] if tested is not None else ():
            reasons.setdefault(unit, str(changed))
    for module, units in blame.items():
        first = found[module].differences[0]
        reasons.setdefault(units[0], f"{'' if units[0] == module else f'{module}, '}{first}")
    compiled = bench.built
    return [
        Exclusion(source, _shortened(f"compiled, {reason}"))
        for unit, reason in reasons.items()
        for name in compiled.units[unit]
        for source in [_compiled_source(compiled.sources[name], bench)]
    ]


def _compiled_source(source: str, bench: Bench) -> str:
    """Return the source that is compiled: of two the `.pyx`."""
    other = f"{source.removesuffix('.py')}.pyx"
    return other if source.endswith(".py") and (bench.copy.origin / bench.copy.source_root / other).exists() else source


def _bought_at_import(bench: Bench, found: Mapping[str, Verdict]) -> dict[str, Any]:
    """Return what it takes to import all modules in one process, both ways."""
    names = [name for name, each in found.items() if not (each.plain.failure or each.compiled.failure)]
    plain, compiled = bench.together((), names), bench.together([*bench.built.units], names)
    return {
        "import-seconds": {"plain": round(plain[0], 3), "compiled": round(compiled[0], 3)},
        "import-memory": {"plain": plain[1], "compiled": compiled[1]},
    }


def _bought_lines(bought: Any) -> list[str]:  # noqa: ANN401 - as JSON
    parts = []
    for what, key in (("tests", "tests"), ("import", "import")):
        if f"{key}-seconds" in bought:
            seconds, memory = bought[f"{key}-seconds"], bought[f"{key}-memory"]
            parts.append(
                f"{what} {seconds['plain']:.2f} s → {seconds['compiled']:.2f} s, "
                f"{memory['plain'] / 1e6:.0f} MB → {memory['compiled'] / 1e6:.0f} MB"
            )
    return [f"plain → compiled: {'; '.join(parts)}"]


def _judged(bought: Any, profile: str) -> list[str]:  # noqa: ANN401 - as JSON
    """Return what the seconds of the tests mean: of a profile that optimizes nothing, or that is slower than Python."""
    seconds = bought.get("tests-seconds")
    if seconds is None:
        return []
    if profile == "dev":
        whole = "invoke compile.verify --tests --profile release"
        return [f"  of dev, which is built fast and optimizes nothing: what compiling buys says {whole}"]
    times = seconds["compiled"] / max(seconds["plain"], 1e-3)
    if times <= _SLOWER:
        return []
    where = "see when compiling does not pay, in docs/explanation/how-fast.md"
    return [f"  compiled, the tests took {times:.1f} times as long: {where}"]


def _differs(report: Report, exclusions: list[Exclusion]) -> DifferenceError:
    facts: Any = report.facts
    modules = [f"{row.subject}: {row.reason}" for row in report.outcomes if row.result == "differs"]
    found = facts["tests"]["differences"] if facts["tests"] else []
    tests = [
        f"{each['test']}: {each['plain']} → {each['compiled']}"
        + (f", because of {', '.join(each['modules'])}" if each["modules"] else "")
        for each in found
    ]
    parts = [f"{len(modules)} modules differ"] if modules else []
    parts += [f"{len(tests)} tests come out otherwise"] if tests else []
    details = [*modules[:_SHOWN], *tests[:_SHOWN]]
    more = len(modules) + len(tests) - len(details)
    details += [f"… and {more} more; --json has them all"] if more else []
    if exclusions:
        hint = "let stay Python what makes the difference (--write does it):\n" + "\n".join(exclude_lines(exclusions))
    else:
        hint = "no extension makes it by itself; --json has what each test says in both forms"
    return DifferenceError(f"{' and '.join(parts)} from plain Python", details=details, hint=hint, report=report)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
