"""What `invoke image.deps` shows: rows, the JSON form, and the lines of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.flows.image_deps_look import Judged
from buildkit.image.usage.closure import reached
from buildkit.image.usage.use import Use
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import table

SCHEMA = "buildkit.image-deps/1"

_ORDER = ("missing", "undeclared", "unused", "type-only", "test-only", "uncertain", "used")


def rows(name: str, judged: Judged) -> Iterator[Outcome]:
    """Yield a row for each package: what it is, and why."""
    places = {each.need.name: each.place for each in judged.look.declared}
    for package, each in judged.verdicts.items():
        where = f" ({', '.join(each.places)})" if each.places else ""
        yield Outcome(f"{name}: {package}", each.result, Reason(places[package], f"{each.why}{where}"))
    for package in judged.missing:
        words = "it is not installed here, so its modules are not known"
        yield Outcome(f"{name}: {package}", "uncertain", Reason(places[package], words))
    yield from _undeclared(name, judged)


def _undeclared(name: str, judged: Judged) -> Iterator[Outcome]:
    """Yield a row for what is imported and not declared: what comes with another package, and what would be missing."""
    inventory = judged.look.inventory
    declared = {each.need.name for each in judged.look.declared}
    came = reached(inventory, [each.need for each in judged.look.declared])
    told: dict[str, list[Use]] = {}
    for use, owners in judged.look.evidence.strangers:
        if owners & declared:
            continue
        names = sorted(owners) or [use.name.partition(".")[0]]
        told.setdefault(names[0], []).append(use)
    for package, uses in sorted(told.items()):
        places = ", ".join(dict.fromkeys(use.place for use in uses[:3]))
        if package in came:
            by = sorted(came[package] - {""})
            words = f"it is imported ({places}) and comes with {' and '.join(by)} as long as that requires it"
            yield Outcome(f"{name}: {package}", "undeclared", Reason("not declared", words))
        elif all(use.late for use in uses):
            words = f"it is imported within a function ({places}), and nothing that is declared brings it"
            yield Outcome(f"{name}: {package}", "uncertain", Reason("not declared", words))
        elif package in inventory.distributions:
            words = f"it is imported ({places}), and nothing that is declared brings it"
            yield Outcome(f"{name}: {package}", "missing", Reason("not declared", words))
        elif judged.missing:
            words = f"{uses[0].name} is imported ({places}); it may be of what is declared and not installed here"
            yield Outcome(f"{name}: {package}", "uncertain", Reason("not installed", words))
        else:
            words = f"{uses[0].name} is imported ({places}), and no installed package has such a module"
            yield Outcome(f"{name}: {package}", "missing", Reason("not declared", words))


def facts(judged: Judged) -> Mapping[str, object]:
    """Return what is known of one image's packages, as JSON has it."""
    inventory = judged.look.inventory
    return {
        "declared": [
            {
                "name": name,
                "version": inventory.distributions[name].version,
                "result": each.result,
                "places": list(each.places),
                "bytes": inventory.distributions[name].size,
                "frees": judged.shares[name].size,
                "goes-with-it": [other for other in judged.shares[name].gone if other != name],
                "required-by": list(judged.shares[name].kept_by),
                "memory-alone": judged.memory[name].alone if name in judged.memory else None,
                "memory": judged.memory[name].added if name in judged.memory else None,
            }
            for name, each in judged.verdicts.items()
        ],
        "frees": _together(judged),
    }


def _together(judged: Judged) -> int:
    """Return the bytes that go where all go that may."""
    inventory = judged.look.inventory
    needs = [each.need for each in judged.look.declared]
    left = [need for need in needs if need.name not in judged.verdicts or not judged.verdicts[need.name].is_candidate]
    stays = reached(inventory, left)
    return sum(inventory.distributions[name].size for name in reached(inventory, needs) if name not in stays)


def lines(report: Report) -> list[str]:
    """Return what is printed: for each image the packages that may go with their price, and all that is not sure."""
    images: Any = report.facts["images"]
    out: list[str] = []
    for name, about in images.items():
        found = [row for row in report.outcomes if row.subject.startswith(f"{name}: ")]
        used = sum(row.result == "used" for row in found)
        out += [*([""] if out else []), f"{name}: {len(about['declared'])} packages declared, {used} used"]
        out += _page(name, about, [row for row in found if row.result != "used"])
    return out


def _page(name: str, about: Mapping[str, Any], found: Sequence[Outcome]) -> list[str]:
    if not found:
        return ["everything that is declared is used, and everything that is imported is declared"]
    prices = {each["name"]: each for each in about["declared"]}
    ranked = sorted(found, key=lambda row: (_ORDER.index(row.result), row.subject))
    cells = [
        [row.result, shown(package), *_price(prices.get(package)), shown(str(row.reason), 300)]
        for row in ranked
        for package in [row.subject.removeprefix(f"{name}: ")]
    ]
    said = table([["", "package", "frees", "memory", "why"], *cells])
    frees = about["frees"]
    return [
        *said,
        *(["", f"without what is unused, for tests or for types alone: {in_words(frees)} less"] if frees else []),
    ]


def _price(about: Mapping[str, Any] | None) -> list[str]:
    if about is None:
        return ["", ""]
    memory = "" if about["memory"] is None else in_words(about["memory"])
    return [in_words(about["frees"]), memory]
