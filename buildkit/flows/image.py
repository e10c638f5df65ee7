"""`invoke image`: each image of the project is built where anything that enters it changed."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from buildkit.config import Config, in_ci
from buildkit.core.fingerprint import digest_value, fingerprint
from buildkit.core.plan import decide
from buildkit.core.sizes import in_words
from buildkit.doors import files, locks
from buildkit.doors.clock import Stopwatch
from buildkit.doors.statcache import Row, StatCache
from buildkit.errors import ConfigurationError, EngineError, ImageError
from buildkit.flows import image_steps
from buildkit.flows.image_inputs import (
    cache_mount_prefix,
    compose_variables,
    request_of,
    staged_of,
)
from buildkit.flows.image_oci import OciImage, builder_of
from buildkit.flows.image_own import own_of
from buildkit.flows.image_packages import Packages, packages_of
from buildkit.flows.image_said import said_of_health, said_of_own, said_of_withheld
from buildkit.image import checkout, engine, measure, rules, sent, staging
from buildkit.image.build import Request, build, image_id
from buildkit.image.context import Context, digests, scan
from buildkit.image.ignore.lines import parse
from buildkit.image.needs import needs
from buildkit.image.progress import Vertex
from buildkit.image.routes import OCI
from buildkit.image.sources import Source
from buildkit.model import ABSENT, Action, Digest, Fingerprint, Outcome, Reason, Record, Report, Step
from buildkit.report.console import Console
from buildkit.store import snapshot as snapshots
from buildkit.store import state

SCHEMA = "buildkit.image/1"


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All inputs of one image, found without starting the builder."""

    request: Request
    packages: Packages
    staged: Mapping[str, bytes]
    context: Context
    parts: Mapping[str, Digest]
    rows: Mapping[str, Row]


NO_IMAGE = "the project declares no image: [tool.buildkit.image.NAME]"


def build_images(
    config: Config,
    console: Console,
    environment: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    required: bool = False,
    dry_run: bool = False,
    pull: bool = False,
) -> Report:
    """Build the images into which something changed enters; the others are `fresh`, and no builder starts.

    Args:
        config: the project.
        console: shows progress.
        environment: what the docker client and git get; with `CI` a missing engine is an error.
        names: the images; all of them if empty.
        required: a missing engine is an error; else the images are `skipped`.
        dry_run: decide and say `fresh` or `due`, build nothing.
        pull: look for newer bases.

    Raises:
        ConfigurationError: an image that is not configured, or settings that do not fit.
        EngineError: an engine is required, and none with buildx answers.
        ImageError: a build failed.
        BudgetError: the context or the image is larger than its budget.
    """
    watch = Stopwatch()
    wanted = chosen(config, names)
    must = required or in_ci(environment)
    seen = checkout.read(config.root, environment) if wanted else checkout.Checkout()
    outcomes: list[Outcome] = []
    built: dict[str, object] = {}
    for name in wanted:
        image = _Image(config, console, environment, name)
        with contextlib.nullcontext() if dry_run else image.exclusive():
            if builder_of(config, name) == OCI:
                without = OciImage(config, console, environment, name, pull=pull)
                outcome, built[name] = without.bring_up_to_date(seen, dry_run=dry_run)
            else:
                outcome, built[name] = image.bring_up_to_date(seen, must=must, dry_run=dry_run, pull=pull)
        console.news(outcome)
        outcomes.append(outcome)
    return Report(SCHEMA, tuple(outcomes), watch.seconds, {"built": built}, row="image")


def lines(report: Report) -> list[str]:
    """Return the summary: each image with its name, its bytes and those of its context."""
    if not report.outcomes:
        return [NO_IMAGE]
    built: Any = report.facts["built"]
    found = []
    for row in report.outcomes:
        about = built[row.subject]
        if about.get("bytes"):
            size, context = in_words(about["bytes"]), about["context"]
            now = row.result == "made" and context["sent"] is not None
            words = (
                f"{in_words(context['bytes'])}, {in_words(context['sent'])} sent" if now else in_words(context["bytes"])
            )
            found.append(f"image {row.subject}: {row.result}, {about['tags'][0]}, {size}; context {words}")
        else:
            found.append(f"image {row.subject}: {row.result} ({row.reason})")
    return found


def chosen(config: Config, names: Sequence[str]) -> tuple[str, ...]:
    """Return the images that `names` names, all of the project's if it is empty.

    Raises:
        ConfigurationError: there is no image of that name.
    """
    for name in names:
        if name not in config.image:
            near = difflib.get_close_matches(name, config.image, n=1)
            raise ConfigurationError(
                f"there is no image {name}{f'; did you mean {near[0]}?' if near else ''}",
                hint=f"[tool.buildkit.image.{name}] would be its settings",
            )
    return tuple(names) or tuple(config.image)


def _taken(context: Context, sources: Sequence[Source]) -> Context:
    """Return the part of a context that instructions take; all of it where that is not known."""
    found = needs(context, sources)
    return context if found.unknown else replace(context, entries=found.entries)


class _Image:
    """One image on its way: look → decide → do → record."""

    def __init__(self, config: Config, console: Console, environment: Mapping[str, str], name: str) -> None:
        self._config = config
        self._console = console
        self._environment = environment
        self._name = name
        self._settings = config.image[name]
        self._folder = config.work / "image" / name
        self._state = config.work / "image" / f"{name}.state"
        self._seen = config.work / "image" / f"{name}.seen"
        self._sent = sent.place(config.work, name)
        self._metadata = config.work / "image" / f"{name}.metadata.json"

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock of this image: two builds of it would read one folder.

        Raises:
            ImageError: another build holds it and is suspended.
        """
        place = self._folder.with_suffix(".lock")

        def waits() -> None:
            self._console.say(f"another build of image {self._name}: {locks.describe(place)}; waiting for it")

        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locks.held(place, on_wait=waits, overtake=False))
            except locks.Busy as busy:
                raise ImageError(
                    f"another build of image {self._name} is under way: {busy}", hint="let it go on, or end it"
                ) from None
            yield

    def bring_up_to_date(
        self, seen: checkout.Checkout, *, must: bool, dry_run: bool, pull: bool = False
    ) -> tuple[Outcome, Mapping[str, object]]:
        """Build the image if an input changed; return its outcome and facts."""
        watch = Stopwatch()
        kept = state.read(self._state, measure.recorded_image)
        inputs = self._look(seen, keep=not dry_run)
        now, step = self._decide(inputs, kept)
        if step.action is Action.LEAVE and not pull:
            return Outcome(self._name, "fresh", step.reason), self._measured(inputs)
        if dry_run:
            return Outcome(self._name, "would-make", step.reason), self._facts(inputs)
        try:
            engine.require(self._environment)
        except EngineError as error:
            if must:
                raise
            self._console.warn(f"image {self._name} is skipped: {error.message}\nhint: {error.hint}")
            return Outcome(self._name, "skipped", Reason("no engine", error.message)), self._facts(inputs)
        self._check_context(inputs)
        for line in (
            *said_of_withheld(self._config, self._name, inputs.context),
            *inputs.packages.said,
            *said_of_health(self._name, self._settings),
            *said_of_own(self._config, self._name),
        ):
            self._console.say(line)
        staging.write(self._folder, inputs.staged, cache_mount_prefix(self._config, self._environment, make=True))
        with image_steps.shown(self._console, self._name, self._folder.parent) as hear:
            built = build(replace(inputs.request, pull=pull), self._metadata, hear, self._environment)
        sent.write(self._sent, built.sent)
        self._record(inputs, now)
        return Outcome(self._name, "made", step.reason, watch.seconds), self._measured(inputs, built.steps)

    def _look(self, seen: checkout.Checkout, *, keep: bool) -> _Inputs:
        packages = packages_of(self._config, self._name, self._environment, keep=keep)
        staged = staged_of(self._config, self._name, packages)
        request = request_of(self._config, self._name, self._folder, seen, packages)
        ignore = parse(staged[staging.IGNORED].decode(), staging.IGNORED)
        context = scan(request.context, ignore, rules.secrets(staging.suite_rules()))
        cache = StatCache(snapshots.read(self._seen).rows())
        file = own_of(self._config, self._name)
        parts = {
            **digests(context if file is None else _taken(context, file.sources), cache),
            **staging.digests({staging.DOCKERFILE: file.content} if file and not file.takes_suite else staged),
            "revision commit": digest_value([request.time, dict(request.labels)]),
            "setting arguments": digest_value([dict(request.arguments), request.given.parts(), request.target]),
            "setting names": digest_value(list(request.tags)),
        }
        return _Inputs(request, packages, staged, context, parts, cache.trusted_rows())

    def _decide(self, inputs: _Inputs, kept: state.State) -> tuple[Fingerprint, Step]:
        """Decide by comparing with the last build and with the images that the engine has."""
        request = inputs.request
        bases = request.bases
        found = measure.inspect([*request.tags, *bases], self._environment)
        identities = {name: Digest(image.identity) for name, image in found.items()}
        now = fingerprint({**inputs.parts, **{f"base {name}": identities.get(name, ABSENT) for name in bases}})
        return now, decide(self._name, now, kept.records.get(self._name), identities)

    def _check_context(self, inputs: _Inputs) -> None:
        measure.require_within(
            f"the build context of image {self._name}",
            inputs.context.size,
            self._settings.context_budget,
            inputs.context.largest(10),
            f"keep out what the image does not need with .dockerignore, or raise image.{self._name}.context-budget",
        )

    def _record(self, inputs: _Inputs, now: Fingerprint) -> None:
        identity = Digest(image_id(self._metadata))
        record = Record(now.key, now.parts, dict.fromkeys(inputs.request.tags, identity))
        state.write(self._state, state.State(records={self._name: record}))
        snapshots.write(self._seen, snapshots.from_rows(inputs.rows, {}, {}))
        variables = compose_variables(self._config, self._name, inputs.request.tags[0])
        files.write_if_changed(self._folder.with_suffix(".env"), variables)

    def _measured(self, inputs: _Inputs, steps: Sequence[Vertex] = ()) -> Mapping[str, object]:
        """Return the facts with the image's own, having held it against its budget."""
        tag = inputs.request.tags[0]
        image = measure.inspect([tag], self._environment)[tag]
        measure.require_within(
            f"image {tag}",
            image.size,
            self._settings.size_budget,
            hint=f"see what is in it with `docker history {tag}`, or raise image.{self._name}.size-budget",
        )
        return {
            **self._facts(inputs),
            "digest": image.identity,
            "bytes": image.size,
            "layers": image.layers,
            "steps": [{"step": step.name, "outcome": step.result, "seconds": step.seconds} for step in steps],
        }

    def _facts(self, inputs: _Inputs) -> Mapping[str, object]:
        return {
            "tags": list(inputs.request.tags),
            "lock": inputs.packages.lock,
            "context": {
                "files": len(inputs.context.entries),
                "bytes": inputs.context.size,
                "sent": sent.read(self._sent),
            },
        }
