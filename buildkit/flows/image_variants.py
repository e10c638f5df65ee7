"""`invoke image.variants`: what an image could stand on, told from the lock, then built and measured."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from buildkit.config import Config
from buildkit.core.untrusted import shown
from buildkit.doors.clock import Stopwatch
from buildkit.errors import BuildkitError, ConfigurationError, ImageError
from buildkit.flows.image import build_images, chosen
from buildkit.flows.image_inputs import repository_of
from buildkit.flows.image_memory import measured_image
from buildkit.flows.image_oci import layout_of
from buildkit.flows.image_variants_told import Installed, Told, told_of, words_of
from buildkit.image import variants
from buildkit.image.oci import base as bases
from buildkit.image.oci.reference import InLayout, base_of
from buildkit.image.oci.target import Target, architecture_here, target_of
from buildkit.image.routes import OCI
from buildkit.image.variants import DISTROLESS, OWN, Variant
from buildkit.model import Outcome, Reason, Report
from buildkit.report.console import Console

SCHEMA = "buildkit.image-variants/1"

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}
_NO_LIMIT = 1 << 60


@dataclass(frozen=True, slots=True)
class _Found:
    """What was measured of an image; None where it was not.

    Args:
        image: its name.
        size: its bytes, unpacked.
        sent: the bytes of its layers as they are stored and sent.
        ready: what memory it holds once its service is ready.
        imported: what memory a process has that imported its module.
        seconds: what the build took.
        why_not: why there is no such image, or it does not run.
    """

    image: str = ""
    size: int | None = None
    sent: int | None = None
    ready: int | None = None
    imported: int | None = None
    seconds: float = 0.0
    why_not: str = ""


def compare_variants(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    given: Sequence[str] = (),
    dry_run: bool = False,
) -> Report:
    """Tell what each image could stand on, and build and measure it there, by each route that there is.

    The project's own images stay as they are: each try has a name of its own, `<repository>-<variant>`.

    Args:
        config: the project.
        console: says what is built.
        environment: the variables of the docker client, of pip and of the compilers.
        names: the images; all of them if empty.
        given: the bases to try, each `VARIANT`, `VARIANT=RUNTIME` or `VARIANT=RUNTIME,BUILD`; all four if empty.
        dry_run: tell, build nothing.

    Raises:
        ConfigurationError: a variant that is not known, an image with a Dockerfile of its own, or a lock that does not
            fit.
        ImageError: nothing that was told feasible could be built. Its `report` has everything.
    """
    watch = Stopwatch()
    rows: list[Outcome] = []
    facts: dict[str, object] = {}
    wanted = _asked_for(given)
    inventory = Installed(config, environment)
    for name in chosen(config, names):
        if config.image[name].dockerfile:
            raise ConfigurationError(
                f"image.{name}.dockerfile: variants are bases under the suite's Dockerfile, and this image has its own",
                hint="name another image: invoke image.variants --name NAME",
            )
        about = []
        for variant in _variants(config, wanted, environment):
            told = told_of(config, name, variant, environment, inventory)
            for route in variant.routes:
                outcome, found = _row(config, console, environment, name, told, route, dry_run=dry_run)
                console.news(outcome)
                rows.append(outcome)
                about.append(_facts(told, route, outcome, found))
        facts[name] = about
    report = Report(SCHEMA, tuple(rows), watch.seconds, {"images": facts}, row="variant")
    tried = [row for row in rows if row.result in {"measured", "failed"}]
    if tried and all(row.result == "failed" for row in tried):
        raise ImageError(
            f"none of {len(tried)} variants could be built",
            details=[f"{row.subject}: {row.reason}" for row in tried],
            hint="name bases that can be reached: --base slim=REGISTRY/python-slim:3.13",
            report=report,
        )
    return report


def _asked_for(given: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return for each variant that is asked for its bases; empty texts where they are the usual ones."""
    found: dict[str, tuple[str, str]] = {}
    for text in given or variants.NAMES:
        name, _, places = text.partition("=")
        runtime, _, build = places.partition(",")
        if name not in variants.NAMES or (name == OWN and places):
            hint = "own is what engine.python-slim and engine.python-build name" if name == OWN else ""
            raise ConfigurationError(
                f"--base {text}: it is one of {', '.join(variants.NAMES)}, with = and a base behind the first three",
                hint=hint or "--base slim=registry.example.org/python-slim:3.13,registry.example.org/python:3.13",
            )
        found[name] = (runtime.strip(), build.strip())
    return found


def _variants(
    config: Config, wanted: Mapping[str, tuple[str, str]], environment: Mapping[str, str]
) -> tuple[Variant, ...]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    architecture = architecture_here()
    machine = _MACHINES.get(architecture, architecture)
    found = []
    for name, (runtime, build) in wanted.items():
        if name == OWN and not config.engine.python_slim:
            continue  # it stands on slim already
        usual = variants.usual(name, python, machine)
        if name == OWN:
            builds = config.engine.python_build or usual.build
            usual = replace(usual, runtime=config.engine.python_slim, build=builds)
        elif runtime:
            usual = replace(usual, runtime=runtime, build=build or ("" if name == DISTROLESS else usual.build))
        target = _target(config, usual.runtime, architecture, environment)
        found.append(usual if target is None else replace(usual, target=target, sure=True))
    return tuple(found)


def _target(config: Config, reference: str, architecture: str, environment: Mapping[str, str]) -> Target | None:
    """Return the Python of a base that is here, in a folder, in the layout of the project or in the engine."""
    where = base_of(reference, config.root, "--base")
    layout = layout_of(config)
    if isinstance(where, InLayout) or bases.base_name(where, architecture) in layout.known():
        return target_of(bases.bring(layout, where, architecture, environment))
    return variants.asked(reference, environment)


def _row(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    name: str,
    told: Told,
    route: str,
    *,
    dry_run: bool,
) -> tuple[Outcome, _Found]:
    subject = f"{name}: {told.variant.name} by {route}"
    if told.against[route]:
        return Outcome(subject, "impossible", Reason("no", "; ".join(told.against[route]))), _Found()
    words, kind = words_of(told)
    if dry_run:
        return Outcome(subject, kind, Reason("told", words)), _Found()
    console.say(f"building {subject}, on {told.variant.runtime}")
    found = _built(config, console, environment, name, told.variant, route)
    if found.size is None:
        return Outcome(subject, "failed", Reason("not built", found.why_not), found.seconds), found
    budget = config.image[name].size_budget
    over = f"; larger than size-budget {budget:,} bytes" if budget and found.size > budget else ""
    idle = f"; it does not run here: {found.why_not}" if found.why_not else ""
    return Outcome(subject, "measured", Reason("built", f"{words}{over}{idle}"), found.seconds), found


def config_of(config: Config, name: str, variant: Variant, route: str) -> tuple[Config, str]:
    """Return the settings with one image alone, that stands on `variant`, and the name of it."""
    settings = config.image[name]
    called = f"{name}--{variant.name}"
    while called in config.image:
        called += "-"
    engine = replace(config.engine, builder=route, python_slim=variant.runtime, python_build=variant.build)
    image = replace(
        settings,
        builder=route,
        repository=f"{repository_of(config, name)}-{variant.name}",
        size_budget=_NO_LIMIT,
        build_packages=(*settings.build_packages, *variant.build_packages),
    )
    return replace(config, engine=engine, image={called: image}), called


def _built(
    config: Config, console: Console, environment: Mapping[str, str], name: str, variant: Variant, route: str
) -> _Found:
    """Build and measure; what fails is said in the row, and the next variant has its turn."""
    watch = Stopwatch()
    changed, called = config_of(config, name, variant, route)
    image = f"{repository_of(changed, called)}:latest"
    try:
        report = build_images(changed, console, environment, names=(called,), required=True)
    except BuildkitError as error:
        more = shown(error.details[-1]) if error.details else ""
        return _Found(image, seconds=watch.seconds, why_not=f"{error.message}{f' ({more})' if more else ''}")
    built: Any = report.facts["built"]
    size = int(built[called]["bytes"])
    seconds = watch.seconds
    if route == OCI:
        layout = layout_of(changed)
        row = layout.known()[image]
        sent = sum(layout.place(each).stat().st_size for each in layout.reachable(row))
        return _Found(image, size, sent, seconds=seconds)
    held = measured_image(changed, called, environment)
    return _Found(image, size, None, None if held.why_not else held.ready, held.imported, seconds, held.why_not)


def _facts(told: Told, route: str, outcome: Outcome, found: _Found) -> Mapping[str, object]:
    target = told.variant.target
    return {
        "variant": told.variant.name,
        "route": route,
        "base": told.variant.runtime,
        "build-base": told.variant.build,
        "python": target.python,
        "libc": f"{target.libc} {target.release}",
        "sure": told.variant.sure,
        "verdict": outcome.result,
        "why": outcome.reason.detail,
        "lock": told.lock,
        "packages": [each._asdict() for each in told.offers],
        "wheels": sum(each.size for each in told.offers if each.kind == "wheel"),
        **{key.replace("_", "-"): value for key, value in asdict(found).items()},
        "risk": told.variant.risk,
    }
