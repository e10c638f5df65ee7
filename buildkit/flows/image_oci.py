"""An image without an engine: look → decide → do → record, with the plan of a build by Docker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildkit.config import Config
from buildkit.core.fingerprint import digest_value, fingerprint
from buildkit.core.plan import decide
from buildkit.doors import files, locks
from buildkit.doors.clock import Stopwatch
from buildkit.doors.statcache import StatCache
from buildkit.errors import ConfigurationError
from buildkit.flows.image_inputs import (
    compose_variables,
    gates_of,
    repository_of,
    request_of,
    staged_of,
)
from buildkit.flows.image_own import arguments_of
from buildkit.flows.image_packages import Packages, packages_of
from buildkit.flows.image_said import said_of_health
from buildkit.image import measure, rules, staging
from buildkit.image.assemble import RUNTIME
from buildkit.image.build import Request
from buildkit.image.checkout import Checkout
from buildkit.image.context import Context, digests, scan
from buildkit.image.ignore.lines import parse
from buildkit.image.oci import base as bases
from buildkit.image.oci.base import Base
from buildkit.image.oci.layout import Descriptor, Layout
from buildkit.image.oci.reference import InLayout, base_of
from buildkit.image.oci.target import architecture_here, target_of
from buildkit.model import Action, Digest, Fingerprint, Outcome, Record
from buildkit.registry.reference import Reference
from buildkit.report.console import Console
from buildkit.store import snapshot as snapshots
from buildkit.store import state

_RECIPE = 1
"""A number to raise when the same inputs are to make another image."""

_SECRETS = ("PYBUILDKIT_REGISTRY_USER", "PYBUILDKIT_REGISTRY_PASSWORD")


def builder_of(config: Config, name: str) -> str:
    """Return what builds an image."""
    return config.image[name].builder or config.engine.builder


def layout_of(config: Config) -> Layout:
    """Return the layout that the project's images are written into."""
    return Layout(config.work / "oci")


@dataclass(frozen=True, slots=True)
class Inputs:
    """All inputs of one image.

    Args:
        request: names, labels and time of the image.
        staged: what is planned of it.
        context: the build context.
        cache: digests of its files.
        bases: for each processor its base.
        packages: for each processor what is installed.
        parts: the parts of its fingerprint.
    """

    request: Request
    staged: Mapping[str, bytes]
    context: Context
    cache: StatCache
    bases: Mapping[str, Base]
    packages: Mapping[str, Packages]
    parts: Mapping[str, Digest]


class OciImage:
    """One image that is built without an engine."""

    def __init__(
        self, config: Config, console: Console, environment: Mapping[str, str], name: str, *, pull: bool = False
    ) -> None:
        self._config = config
        self._console = console
        self._environment = environment
        self._name = name
        self._settings = config.image[name]
        self._folder = config.work / "image" / name
        self._state = config.work / "image" / f"{name}.oci.state"
        self._seen = config.work / "image" / f"{name}.oci.seen"
        self._pull = pull
        self.layout = layout_of(config)

    def bring_up_to_date(self, seen: Checkout, *, dry_run: bool) -> tuple[Outcome, Mapping[str, object]]:
        """Build the image if an input changed; return its outcome and facts.

        Raises:
            ConfigurationError: the settings ask for what needs an engine.
            ImageError: the image cannot be made.
            BudgetError: the context or the image is larger than its budget.
            CompileError: a module did not compile.
        """
        self._require_possible()
        watch = Stopwatch()
        kept = state.read(self._state, measure.recorded_image)
        inputs = self._look(seen, keep=not dry_run)
        now = fingerprint(inputs.parts)
        record = kept.records.get(self._name)
        there = self.layout.known()
        found = {tag: Digest(there[tag].digest) for tag in inputs.request.tags if self._is_whole(there.get(tag))}
        step = decide(self._name, now, record, found)
        if step.action is Action.LEAVE:
            return Outcome(self._name, "fresh", step.reason), self._measured(inputs, 0)
        if dry_run:
            return Outcome(self._name, "would-make", step.reason), self._facts(inputs)
        self._check_context(inputs)
        for line in (*next(iter(inputs.packages.values())).said, *said_of_health(self._name, self._settings)):
            self._console.say(line)
        image, made = self._make(inputs)
        self._record(inputs, now, image)
        return Outcome(self._name, "made", step.reason, watch.seconds), self._measured(inputs, made)

    # ------------------------------------------------------------------ look

    def _require_possible(self) -> None:
        wanted = {
            "dockerfile": "a Dockerfile of the project's own",
            "assets": "commands before the copy",
            "system_packages": "packages of the system",
            "slim": "rules that slim packages",
        }
        for key, words in wanted.items():
            if getattr(self._settings, key):
                setting = key.replace("_", "-")
                raise ConfigurationError(
                    f"image.{self._name}.{setting}: {words} run in containers, and the builder oci starts none",
                    hint=f'build this image with an engine: [tool.buildkit.image.{self._name}] builder = "docker"\n'
                    "or do without: a base that has the packages, files that are made before and named in include",
                )

    def _look(self, seen: Checkout, *, keep: bool) -> Inputs:
        where = base_of(arguments_of(self._config)["PYTHON_SLIM"], self._config.root, "engine.python-slim")
        found = {each: self._base(where, each) for each in self._architectures()}
        packages = {
            each: packages_of(
                self._config,
                self._name,
                self._environment,
                keep=keep and len(found) == 1,
                facts=target_of(base).facts(),
            )
            for each, base in found.items()
        }
        first = next(iter(packages.values()))
        staged = staged_of(self._config, self._name, first, RUNTIME)
        request = request_of(self._config, self._name, self._folder, seen, first)
        ignore = parse(staged[staging.IGNORED].decode(), staging.IGNORED)
        context = scan(request.context, ignore, rules.secrets(staging.suite_rules()))
        cache = StatCache(snapshots.read(self._seen).rows())
        parts = {
            **digests(context, cache),
            **staging.digests(staged),
            **{f"base {each}": Digest(base.digest) for each, base in found.items()},
            **{f"packages {each}": digest_value([*_texts(row)]) for each, row in packages.items()},
            "recipe oci": digest_value(_RECIPE),
            "revision commit": digest_value([request.time, dict(request.labels)]),
            "setting arguments": digest_value([dict(request.arguments), request.given.parts()]),
            "setting names": digest_value(list(request.tags)),
        }
        return Inputs(request, staged, context, cache, found, packages, parts)

    def _architectures(self) -> list[str]:
        named = [each.partition("/")[2] for each in self._settings.platforms]
        return named or [architecture_here()]

    def _base(self, where: Reference | InLayout, architecture: str) -> Base:
        variables = dict(self._environment)
        own = repository_of(self._config, self._name).partition("/")[0]
        if isinstance(where, Reference) and where.host != own:
            for name in _SECRETS:  # they are for the registry that images are pushed to
                variables.pop(name, None)
        name = bases.base_name(where, architecture)
        if self._pull or name not in self.layout.known():
            self._console.say(f"image {self._name}: fetching the base {where} for linux/{architecture}")
        with locks.held(self.layout.folder.with_suffix(".lock")):
            return bases.bring(self.layout, where, architecture, variables, pull=self._pull)

    def _is_whole(self, image: Descriptor | None) -> bool:
        return image is not None and all(self.layout.place(digest).exists() for digest in self.layout.reachable(image))

    def _check_context(self, inputs: Inputs) -> None:
        measure.require_within(
            f"the build context of image {self._name}",
            inputs.context.size,
            self._settings.context_budget,
            inputs.context.largest(10),
            f"keep out what the image does not need with .dockerignore, or raise image.{self._name}.context-budget",
        )

    # ------------------------------------------------------------------ do

    def _make(self, inputs: Inputs) -> tuple[Descriptor, int]:
        from buildkit.flows.image_oci_make import Maker  # noqa: PLC0415 - an image that is fresh does without

        maker = Maker(self._config, self._console, self._environment, self._name, self.layout, inputs)
        with locks.held(self.layout.folder.with_suffix(".lock")):
            return maker.make("migrate" in gates_of(self._config))

    # ------------------------------------------------------------------ record

    def _record(self, inputs: Inputs, now: Fingerprint, image: Descriptor) -> None:
        record = Record(now.key, now.parts, dict.fromkeys(inputs.request.tags, Digest(image.digest)))
        state.write(self._state, state.State(records={self._name: record}))
        snapshots.write(self._seen, snapshots.from_rows(inputs.cache.trusted_rows(), {}, {}))
        variables = compose_variables(self._config, self._name, inputs.request.tags[0])
        files.write_if_changed(self._folder.with_suffix(".env"), variables)

    def _measured(self, inputs: Inputs, made: int) -> Mapping[str, object]:
        tag = inputs.request.tags[0]
        image = self.layout.known()[tag]
        about = image.more.get("annotations", {})
        size = int(about.get("buildkit.size", 0))
        measure.require_within(
            f"image {tag}",
            size,
            self._settings.size_budget,
            hint=f"see what is in it with `invoke image.audit`, or raise image.{self._name}.size-budget",
        )
        return {
            **self._facts(inputs),
            "digest": image.digest,
            "bytes": size,
            "layers": int(about.get("buildkit.layers", 0)),
            "made": made,
            "steps": [],
            "layout": str(self.layout.folder),
        }

    def _facts(self, inputs: Inputs) -> Mapping[str, object]:
        return {
            "tags": list(inputs.request.tags),
            "lock": next(iter(inputs.packages.values())).lock,
            "context": {"files": len(inputs.context.entries), "bytes": inputs.context.size, "sent": None},
        }


def _texts(packages: Packages) -> tuple[str, ...]:
    found = packages.files
    return (found.requirements, found.unhashed, found.folders, found.constraints, found.options)
