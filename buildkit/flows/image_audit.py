"""`invoke image.audit`: what an image weighs, whose each byte is, what has grown, and what would not load in it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import Odd, json_of, shown
from buildkit.doors import files, process
from buildkit.doors.clock import Stopwatch
from buildkit.errors import ConfigurationError, ImageError
from buildkit.flows.image import chosen
from buildkit.flows.image_inputs import repository_of
from buildkit.image import engine, leaks, slimming
from buildkit.image.ledger.found import build_tools, secrets
from buildkit.image.ledger.growth import growth
from buildkit.image.ledger.layer_files import LayerFiles, layer_files
from buildkit.image.ledger.ledger import Ledger, added_up
from buildkit.image.ledger.loading import faults
from buildkit.image.ledger.owners import Owners
from buildkit.image.ledger.tree import Tree, read_tree
from buildkit.image.saved import Saved, saved
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console
from buildkit.report.treemap import treemap

SCHEMA = "buildkit.image-audit/1"

_MOST_LINES = 10
_WORTH = 100_000
"""Bytes that a layer must lose to be worth a line."""


@dataclass(frozen=True, slots=True)
class _Audit:
    """One image, read.

    Args:
        ledger: its sums.
        versions: the versions of its distributions.
        findings: what is wrong with it, or could be better.
        steps: the instruction of each layer.
        slimmed: what rules took from its packages, as the build wrote it.
    """

    ledger: Ledger
    versions: Mapping[str, str]
    findings: tuple[Outcome, ...]
    steps: tuple[str, ...]
    slimmed: list[Mapping[str, Any]]


def audit_images(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    since: str = "",
    picture: str = "",
) -> Report:
    """Read the layers of each image as the engine saves them; nothing is started and nothing is built.

    Args:
        config: the project.
        console: says which image is read.
        environment: what the docker client gets.
        names: the images; all of them if empty.
        since: the image to compare with; the one of the same name that was made last before it, if empty.
        picture: the file that gets a picture of whose the bytes are; of several images each has its own.

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
    if picture:
        _picture(config, picture, "")
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
        if picture:
            place = _picture(config, picture, name if len(wanted) > 1 else "")
            _draw(place, f"image {name} ({image})", audit)
            console.say(f"wrote {place}")
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


def _picture(config: Config, picture: str, name: str) -> Path:
    """Return the file of a picture.

    Raises:
        ConfigurationError: its name does not say that it is SVG.
    """
    place = config.root / picture
    if place.suffix != ".svg":
        raise ConfigurationError(f"--picture {picture}: the picture is SVG", hint="let its name end in .svg")
    return place.with_name(f"{place.stem}-{name}.svg") if name else place


def _draw(place: Path, title: str, audit: _Audit) -> None:
    try:
        files.write(place, treemap(title, audit.ledger.weights(), in_words))
    except OSError as error:
        raise ConfigurationError(
            f"--picture {place}: {error.strerror}", hint="name a file that can be written"
        ) from None


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
    return _Audit(
        ledger, owners.versions, found, tuple(leaks.masked(layer.step) for layer in it.layers), _slimmed(tree)
    )


def _slimmed(tree: Tree) -> list[Mapping[str, Any]]:
    """Return what was taken from the packages, as the image itself says; nothing where it says none."""
    with suppress(Odd, KeyError, TypeError, ValueError):
        rows = json_of(tree.texts.get(slimming.REPORT, "[]"))
        return [
            {"rule": str(row["rule"]), "bytes": int(row["bytes"]), "spared": [str(each) for each in row["spared"]]}
            for row in rows
        ]
    return []


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
        "slimmed": audit.slimmed,
        "since": former,
        "bytes_before": before.ledger.size if before is not None else None,
        "grown": [
            {"owner": each.owner, "before": each.before, "after": each.after, "why": each.words} for each in grown
        ],
    }
