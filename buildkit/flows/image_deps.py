"""`invoke image.deps`: which declared packages an image needs, which not, what is not declared, and the price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildkit.config import Config
from buildkit.dependencies.needs import Need
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ImageError
from buildkit.flows import image_deps_proof as proof
from buildkit.flows.image import chosen
from buildkit.flows.image_deps_look import Judged, Look, looked, python_of
from buildkit.flows.image_deps_report import SCHEMA, facts, rows
from buildkit.image.usage import inventory as installed
from buildkit.image.usage import neighbours
from buildkit.image.usage.closure import reached, share
from buildkit.image.usage.import_memory import Memory, memory
from buildkit.image.usage.inventory import Inventory
from buildkit.image.usage.verdicts import Neighbours, Scene, Verdict, is_used, verdict
from buildkit.model import Report
from buildkit.report.console import Console


def examine(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    measure: bool = True,
    trace: bool = False,
    prove: bool = False,
) -> Report:
    """Hold what each image's project declares against what its sources, settings and commands name.

    Args:
        config: the project.
        console: says what is looked at.
        environment: what the interpreter gets.
        names: the images; all of them if empty. A project without any is looked at as one.
        measure: import what may go, each in a process of its own, to see what memory that takes.
        trace: run the project's tests and note what they load; that counts from then on.
        prove: import the modules and run the tests in an environment without what may go.

    Raises:
        ConfigurationError: an image that is not configured, a file that cannot be read, or no interpreter that answers.
        ImageError: something is imported that the image would lack. Its `report` has everything.
    """
    watch = Stopwatch()
    wanted = chosen(config, names) or ("",)
    python = python_of(config, environment)
    console.say(f"reading what is installed for {python}")
    inventory = installed.ask(python, environment)
    if trace:
        proof.trace(config, console, environment, inventory)
    judged = {}
    for name in wanted:
        look = looked(config, name, inventory, python, environment)
        judged[name or config.root.name] = judge(config, look, environment, measure=measure)
    if prove:
        judged = proof.prove(config, console, environment, judged)
    outcomes = [row for name, each in judged.items() for row in rows(name, each)]
    report = Report(
        SCHEMA,
        tuple(outcomes),
        watch.seconds,
        {"python": str(python), "images": {name: facts(each) for name, each in judged.items()}},
        row="package",
    )
    wrong = [row for row in outcomes if row.result == "missing"]
    if wrong:
        raise ImageError(
            f"{len(wrong)} {'packages are' if len(wrong) > 1 else 'package is'} imported that the image would lack",
            details=[f"{row.subject}: {row.reason}" for row in wrong],
            hint="declare it in pyproject.toml; what may be missing is imported within try: … except ImportError: …",
            report=report,
        )
    return report


def judge(config: Config, look: Look, environment: Mapping[str, str], *, measure: bool) -> Judged:
    """Return what is known of the packages."""
    inventory, evidence = look.inventory, look.evidence
    present = [each for each in look.declared if each.need.name in inventory.distributions]
    needs = [each.need for each in present]
    shares = {need.name: share(inventory, needs, need.name) for need in needs}
    unclear = [name for name in shares if is_used(evidence, name) is None]
    between = _between(
        inventory, [*reached(inventory, needs)], {each for name in unclear for each in shares[name].gone}
    )
    scene = Scene(evidence, between, look.starts)
    verdicts = {name: verdict(inventory.distributions[name], shares[name], scene) for name in shares}
    if look.is_list:
        verdicts = _of_list(inventory, needs, verdicts)
    weighed: dict[str, Memory] = {}
    if measure:
        known = {use.name for use, owners in evidence.strangers if owners - {*unclear}}
        tops = {
            name: [top for top in inventory.distributions[name].tops if not top.startswith("_")][:_MOST_TOPS]
            for name in unclear
            if verdicts[name].result != "used"
        }
        groups = {name: modules for name, modules in tops.items() if modules}
        weighed = memory(look.python, groups, sorted(known), environment, config.root)
    missing = [each.need.name for each in look.declared if each.need.name not in inventory.distributions]
    return Judged(look, verdicts, shares, missing, weighed)


_MOST_TOPS = 10
"""Modules of one package that are imported to see what memory they take."""


def _between(inventory: Inventory, present: Sequence[str], wanted: set[str]) -> Neighbours:
    return Neighbours(
        neighbours.imports_between(inventory, present, wanted),
        {name: [*neighbours.takers(inventory, present, name)] for name in wanted},
        {name: [*neighbours.hosts(inventory, present, name)] for name in wanted},
    )


def _of_list(inventory: Inventory, needs: Sequence[Need], verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Return the verdicts on a list of all that is installed, in which what is there for others stands too."""
    stays = reached(inventory, [need for need in needs if not verdicts[need.name].is_candidate])
    found = dict(verdicts)
    for name, each in verdicts.items():
        by = sorted(stays.get(name, set()) - {"", name})
        if each.result != "used" and by:
            found[name] = Verdict(name, "used", f"{by[0]} requires it")
    return found
