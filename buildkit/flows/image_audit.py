"""`invoke image.audit`: what an image weighs, whose each byte is, what has grown, and what would not load in it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.doors import process
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError, ImageError
from buildkit.flows.image import NO_IMAGE, chosen
from buildkit.flows.image_inputs import repository_of
from buildkit.image import engine, leaks
from buildkit.image.ledger.found import build_tools, secrets
from buildkit.image.ledger.growth import growth
from buildkit.image.ledger.kinds import KINDS
from buildkit.image.ledger.layer_files import LayerFiles, layer_files
from buildkit.image.ledger.ledger import Ledger, added_up
from buildkit.image.ledger.loading import faults
from buildkit.image.ledger.owners import Owners
from buildkit.image.ledger.tree import Tree, read_tree
from buildkit.image.saved import Saved, saved
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, table

SCHEMA = "buildkit.image-audit/1"

_MOST_OWNERS = 15
_MOST_LINES = 10
_WORTH = 100_000
"""Bytes that a layer must lose to be worth a line."""

_STEP = 60
"""Characters of an instruction that stand in the table."""


@dataclass(frozen=True, slots=True)
class _Audit:
    """One image, read.

    Args:
        ledger: its sums.
        versions: the versions of its distributions.
        findings: what is wrong with it, or could be better.
        steps: the instruction of each layer.
    """

    ledger: Ledger
    versions: Mapping[str, str]
    findings: tuple[Outcome, ...]
    steps: tuple[str, ...]


def audit_images(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    since: str = "",
) -> Report:
    """Read the layers of each image as the engine saves them; nothing is started and nothing is built.

    Args:
        config: the project.
        console: says which image is read.
        environment: what the docker client gets.
        names: the images; all of them if empty.
        since: the image to compare with; the one of the same name that was made last before it, if empty.

    Raises:
        ConfigurationError: an image that is not configured, or pyelftools is not installed.
        EngineError: no engine answers.
        ImageError: an image is not there, or holds a secret or a file that cannot load. Its `report` has everything.
    """
    watch = Stopwatch()
    wanted = chosen(config, names)
    if wanted and importlib.util.find_spec("elftools") is None:
        raise ConfigurationError(
            "image.audit reads compiled files by pyelftools, which is not installed",
            hint='pip install "invoke-buildkit[audit]"',
        )
    if wanted:
        engine.require(environment)
    outcomes: list[Outcome] = []
    facts: dict[str, object] = {}
    for name in wanted:
        repository = repository_of(config, name)
        image = f"{repository}:latest"
        console.say(f"reading {image}")
        audit = _read(image, environment)
        former = since or _former(repository, environment)
        same = bool(former) and _identity(former, environment) == _identity(image, environment)
        before = (audit if same else _read(former, environment)) if former else None
        outcomes += [each._replace(subject=f"{name}: {each.subject}") for each in audit.findings]
        facts[name] = _facts(image, audit, former, before)
    report = Report(SCHEMA, tuple(outcomes), watch.seconds, {"images": facts}, row="finding")
    wrong = [row for row in outcomes if row.result == "wrong"]
    if wrong:
        raise ImageError(
            f"{len(wrong)} {'things are' if len(wrong) > 1 else 'thing is'} wrong with what the image holds",
            details=[f"{shown(row.subject)}: {row.reason}" for row in wrong[:_MOST_LINES]],
            hint="what does not load was built for another system; a secret goes into a build by --mount=type=secret",
            report=report,
        )
    return report


def lines(report: Report) -> list[str]:
    """Return what is printed: for each image its layers, whose the bytes are, what has grown, and the findings."""
    images: Any = report.facts["images"]
    if not images:
        return [NO_IMAGE]
    out: list[str] = []
    for name, about in images.items():
        out += [*([""] if out else []), *_page(name, about)]
        found = [row for row in report.outcomes if row.subject.startswith(f"{name}: ")]
        said = [f"{row.result}: {shown(row.subject.removeprefix(f'{name}: '))}: {row.reason}" for row in found]
        out += ["", *(said or ["everything that is compiled loads; no secret and no build tool was found"])]
    return out


def _read(image: str, environment: Mapping[str, str]) -> _Audit:
    it = saved(image, layer_files, environment)
    tree = read_tree(it)
    owners = Owners(tree, it.folder)
    ledger = added_up(tree, owners)
    found = (
        *_loading(it, tree, owners),
        *(Outcome(each.where, "wrong", Reason(each.what, each.words)) for each in secrets(it, tree)),
        *(Outcome(each.where, "advice", Reason(each.what, each.words)) for each in build_tools(tree)),
        *_waste(ledger, owners),
    )
    return _Audit(ledger, owners.versions, found, tuple(leaks.masked(layer.step) for layer in it.layers))


def _loading(it: Saved[LayerFiles], tree: Tree, owners: Owners) -> Iterator[Outcome]:
    for fault in faults(tree, owners, it.architecture, it.environment):
        kind = "does not load" if fault.sure else "may not load"
        yield Outcome(fault.path, "wrong" if fault.sure else "advice", Reason(kind, fault.words))


def _waste(ledger: Ledger, owners: Owners) -> Iterator[Outcome]:
    for layer in ledger.layers:
        again = [copy for copy in ledger.copies if copy.rewritten and copy.paths[-1][1] == layer]
        lost = sum(copy.lost for copy in again)
        if lost >= _WORTH:
            count = f"{len(again):,} files" if len(again) > 1 else f"the file {shown(again[0].paths[0][0])}"
            words = f"{count} of a lower layer, {in_words(lost)}: nothing but owner, mode or date changed"
            yield Outcome(f"layer {layer}", "advice", Reason("written again", words))
    hidden: dict[int, int] = {}
    for row in ledger.rows:
        hidden[row.layer] = hidden.get(row.layer, 0) + row.hidden
    for layer, size in hidden.items():
        if size >= _WORTH:
            words = f"{in_words(size)} that later layers replace or remove: they are stored and sent all the same"
            yield Outcome(f"layer {layer}", "advice", Reason("hidden", words))
    for path, (one, other) in owners.twice.items():
        yield Outcome(path, "advice", Reason("two owners", f"{one} and {other} both have it; the last one wins"))


def _former(repository: str, environment: Mapping[str, str]) -> str:
    """Return the image of the same name that was made last before the latest; empty if there is none."""
    answer = process.run(
        ["docker", "image", "ls", "--no-trunc", "--format", "{{.ID}} {{.Tag}}", repository],
        environment=environment,
        timeout=engine.PATIENCE,
    )
    rows = [line.split(" ", 1) for line in answer.stdout.splitlines() if " " in line]
    latest = next((identity for identity, tag in rows if tag == "latest"), "")
    return next(
        (f"{repository}:{tag}" for identity, tag in rows if identity != latest and tag not in {"<none>", "test"}), ""
    )


def _identity(image: str, environment: Mapping[str, str]) -> str:
    """Return what an image is, whatever it is called; its name where the engine has none of it."""
    ask = ["docker", "image", "inspect", "--format", "{{.Id}}", image]
    answer = process.run(ask, environment=environment, timeout=engine.PATIENCE)
    return answer.stdout.strip() if answer.ok else image


def _facts(image: str, audit: _Audit, former: str, before: _Audit | None) -> Mapping[str, object]:
    ledger = audit.ledger
    grown = (
        growth(before.ledger.weights(), ledger.weights(), before.versions, audit.versions) if before is not None else []
    )
    return {
        "image": image,
        "bytes": ledger.size,
        "hidden": sum(row.hidden for row in ledger.rows),
        "symbols": sum(row.symbols for row in ledger.rows),
        "layers": [
            {"layer": number, "bytes": size, "frame": ledger.frames[number], "step": audit.steps[number - 1]}
            for number, size in ledger.layers.items()
        ],
        "rows": [
            {
                "layer": row.layer,
                "owner": row.owner,
                "version": audit.versions.get(row.owner, ""),
                "kind": row.kind,
                "bytes": row.size,
                "files": row.files,
                "symbols": row.symbols,
                "hidden": row.hidden,
            }
            for row in ledger.rows
        ],
        "copies": [
            {"bytes": each.size, "lost": each.lost, "paths": [[layer, path] for path, layer in each.paths]}
            for each in ledger.copies
        ],
        "unowned": [{"layer": each.layer, "path": each.path, "bytes": each.size} for each in ledger.unowned],
        "since": former,
        "bytes_before": before.ledger.size if before is not None else None,
        "grown": [
            {"owner": each.owner, "before": each.before, "after": each.after, "why": each.words} for each in grown
        ],
    }


def _page(name: str, about: Mapping[str, Any]) -> list[str]:
    layers = [
        [
            str(each["layer"]),
            in_words(each["bytes"]),
            shown(each["step"].replace("# buildkit", "").strip())[:_STEP] or "(base)",
        ]
        for each in about["layers"]
    ]
    copies = sum(each["lost"] for each in about["copies"])
    return [
        f"image {name} ({about['image']}): {in_words(about['bytes'])} unpacked in {len(layers)} layers",
        f"  symbols that strip would take away  {in_words(about['symbols'])}",
        f"  hidden by later layers              {in_words(about['hidden'])}",
        f"  stored more than once               {in_words(copies)}",
        "",
        *table([["layer", "bytes", "instruction"], *layers]),
        "",
        *_owners(about["rows"]),
        *_grown(about),
    ]


def _owners(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    weights: dict[str, dict[str, int]] = {}
    for row in rows:
        label = f"{row['owner']} {row['version']}".strip()
        kinds = weights.setdefault(label, {})
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["bytes"]
    ranked = sorted(weights.items(), key=lambda each: (-sum(each[1].values()), each[0]))
    shown_kinds = [kind for kind in KINDS if any(kinds.get(kind) for _, kinds in ranked[:_MOST_OWNERS])]
    lines = [
        [shown(label), in_words(sum(kinds.values())), *(_cell(kinds.get(kind, 0)) for kind in shown_kinds)]
        for label, kinds in ranked[:_MOST_OWNERS]
    ]
    rest = ranked[_MOST_OWNERS:]
    more = f"and {len(rest)} more with {in_words(sum(sum(kinds.values()) for _, kinds in rest))}: --json has them all"
    return [*table([["whose", "bytes", *shown_kinds], *lines]), *([more] if rest else [])]


def _cell(size: int) -> str:
    return in_words(size) if size else ""


def _grown(about: Mapping[str, Any]) -> list[str]:
    if not about["since"]:
        return []
    change = about["bytes"] - about["bytes_before"]
    head = f"since {about['since']}: {_signed(change)}"
    rows = about["grown"][:_MOST_LINES]
    return ["", head, *(f"  {_signed(row['after'] - row['before']):>9}  {row['owner']} ({row['why']})" for row in rows)]


def _signed(change: int) -> str:
    return f"{'-' if change < 0 else '+'}{in_words(abs(change))}" if change else "nothing changed"
