"""`invoke image.memory`: what memory each image's service takes, held against its budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildkit.config import Config
from buildkit.core.sizes import in_words
from buildkit.core.untrusted import shown
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BudgetError, ImageError
from buildkit.flows.image import NO_IMAGE, chosen
from buildkit.flows.image_inputs import repository_of
from buildkit.flows.image_memory_ways import lines_of_ways, switches_of, ways
from buildkit.image import engine, probe
from buildkit.image.commands import module_of
from buildkit.image.memory import Measured, MemoryRequest, measured
from buildkit.image.serving import AUTO, is_server
from buildkit.image.trial import as_command
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console, table

SCHEMA = "buildkit.image-memory/1"

_OWN_ENTRYPOINT = "buildkit.runtime"
_USUAL_HEALTH = "/health"


def measure_images(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    tries: bool = False,
    off: Sequence[str] = (),
) -> Report:
    """Start a container of each image, without network and data, and measure it.

    Args:
        config: the project.
        console: says which image is measured.
        environment: what the docker client gets.
        names: the images; all of them if empty.
        tries: say what holds the memory, and measure each way to take less.
        off: variables by which features are switched off, as `NAME=VALUE`; each is one more way.

    Raises:
        ConfigurationError: one of these has no value.
        EngineError: no engine answers.
        ImageError: an image is not there.
        BudgetError: one takes more than its `memory-budget`. Its `report` has all figures.
    """
    watch = Stopwatch()
    wanted = chosen(config, names)
    switches = switches_of(off)
    if wanted:
        engine.require(environment)
    rows: list[Outcome] = []
    facts: dict[str, object] = {}
    for name in wanted:
        request = _request(config, name, environment)
        console.say(f"measuring {request.image}")
        found = measured(request, environment)
        budget = config.image[name].memory_budget
        rows.append(_verdict(name, found, budget))
        less = ways(request, found, switches, console, environment) if (tries or off) and not found.why_not else {}
        facts[name] = {**_facts(request.image, found, budget), **less}
    report = Report(SCHEMA, tuple(rows), watch.seconds, {"measured": facts}, row="image")
    over = [row for row in rows if row.result == "over"]
    if over:
        raise BudgetError(
            f"{len(over)} of {len(rows)} images take more memory than they may",
            details=[f"{row.subject}: {row.reason}" for row in over],
            hint="see what would take less: invoke image.memory --tries; or raise memory-budget",
            report=report,
        )
    return report


def measured_image(config: Config, name: str, environment: Mapping[str, str]) -> Measured:
    """Return what memory the service of one image takes, held against nothing.

    Raises:
        ImageError: the image is not there.
    """
    return measured(_request(config, name, environment), environment)


def _request(config: Config, name: str, environment: Mapping[str, str]) -> MemoryRequest:
    settings = config.image[name]
    image = f"{repository_of(config, name)}:latest"
    try:
        about = probe.configuration(image, environment)
    except (ValueError, IndexError, KeyError):
        raise ImageError(f"image {image} is not there", hint="invoke image builds it") from None
    entrypoint, command = about.get("Entrypoint") or [], about.get("Cmd") or []
    gated = any(_OWN_ENTRYPOINT in word for word in entrypoint)
    whole = command if gated else [*entrypoint, *command]
    health = settings.health if isinstance(settings.health, str) else ""
    path = (_USUAL_HEALTH if is_server(whole) else "") if health == AUTO else health
    python = "python" if gated else probe.interpreter(image, whole, environment)
    return MemoryRequest(
        image,
        command if gated else (),
        as_command((about.get("Healthcheck") or {}).get("Test") or ()),
        module_of(whole),
        f"127.0.0.1:{settings.port}{path}" if path.startswith("/") else "",
        config.data.mount,
        python,
        settings.ready_within,
        tuple(whole),
        dict(pair.split("=", 1) for pair in about.get("Env") or () if "=" in pair),
    )


def _verdict(name: str, found: Measured, budget: int) -> Outcome:
    if found.why_not:
        return Outcome(name, "not measured", Reason("it does not run here", found.why_not))
    if budget and found.held > budget:
        return Outcome(name, "over", Reason("memory", f"{in_words(found.held)}, and {in_words(budget)} are allowed"))
    within = f" of {in_words(budget)}" if budget else ""
    return Outcome(name, "measured", Reason("memory", f"{in_words(found.held)}{within}"))


def _facts(image: str, found: Measured, budget: int) -> Mapping[str, object]:
    workers, private = found.workers
    return {
        "image": image,
        "imported": found.imported,
        "ready": found.ready,
        "loaded": found.loaded,
        "file": found.file,
        "answered": found.answered,
        "budget": budget,
        "workers": workers,
        "private": private,
        "processes": [
            {
                "process": each.number,
                "parent": each.parent,
                "command": each.command,
                "anonymous": each.anonymous,
                "private": each.private,
                "pss": each.pss,
            }
            for each in found.processes
        ],
        "why-not": found.why_not,
    }


def lines(report: Report) -> list[str]:
    """Return what is printed: for each image its memory at each moment, and its processes."""
    images: Any = report.facts["measured"]
    if not images:
        return [NO_IMAGE]
    out: list[str] = []
    for name, about in images.items():
        out += [*([""] if out else []), f"image {name} ({about['image']})", *_page(about)]
    return out


def _page(about: Mapping[str, Any]) -> list[str]:
    imported = [f"  after the import of its module  {in_words(about['imported'])}"] if about["imported"] else []
    if about["why-not"]:
        return [*imported, f"  not measured: {shown(about['why-not'])}"]
    loaded = (
        [f"  after {about['answered']} requests{'':<{17 - len(str(about['answered']))}}{in_words(about['loaded'])}"]
        if about["loaded"] is not None
        else []
    )
    workers = (
        [f"  {about['workers']} workers, each for itself       {in_words(about['private'])}"]
        if about["workers"]
        else []
    )
    cells = [
        [str(each["process"]), in_words(each["anonymous"]), in_words(each["private"]), in_words(each["pss"]), command]
        for each in about["processes"]
        for command in [shown(each["command"], 60)]
    ]
    return [
        *imported,
        f"  ready                           {in_words(about['ready'])}",
        *loaded,
        f"  kept of files, can be given back  {in_words(about['file'])}",
        *workers,
        "",
        *table([["process", "anonymous", "private", "share", "command"], *cells]),
        *lines_of_ways(about),
    ]
