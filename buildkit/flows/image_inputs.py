"""Turns the settings of a project into the inputs of its image builds."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from buildkit.compile.modules import find_modules, top_level_packages
from buildkit.config import Config, ImageConfig
from buildkit.core.fingerprint import digest_value
from buildkit.data.stages import code
from buildkit.errors import ConfigurationError, HeadsError
from buildkit.flows.data_pipeline import pipeline_of
from buildkit.flows.image_labels import labels_of
from buildkit.flows.image_own import OwnFile, arguments_of, file_of, hint_for_none, own_of, relative
from buildkit.flows.image_packages import Packages
from buildkit.flows.migration_settings import migration_settings
from buildkit.image import compose, staging
from buildkit.image.assets import Asset
from buildkit.image.build import Request
from buildkit.image.checkout import Checkout
from buildkit.image.context import ignore_text
from buildkit.image.own import CONTEXT
from buildkit.image.requirements import MYPYC, read_project
from buildkit.image.routes import DOCKER, OCI
from buildkit.image.secrets import Given, of_project, of_suite
from buildkit.image.serving import AUTO, health_test, last_lines, variables
from buildkit.migrate.postgres import unknown_revision
from buildkit.migrate.scripts import graph
from buildkit.release.labels import DATA
from buildkit.runtime.settings import RuntimeSettings
from buildkit.store.place import private_number

_APPLICATION = re.compile(r"[\w.]+:[\w.]+(\(.*\))?")
"""How servers are told of an application: `module:attribute`."""

PROJECT = Path("/app")
"""Where the project lies in the container."""

HOME = "/home/service"
"""The HOME of a service that names none; the Dockerfile says it too."""


def staged_of(config: Config, name: str, packages: Packages, rooms: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the files that the build of one image reads beside the project.

    Args:
        config: the project.
        name: the image.
        packages: what it installs.
        rooms: the files and rooms of the suite that are handed in, where nothing else of it is needed; all if empty.

    Raises:
        ConfigurationError: the settings do not fit.
    """
    settings = config.image[name]
    file = own_of(config, name)
    own = staging.Own(
        dockerfile=None if file is None else file.content,
        rules=ignore_text(config.root, config.root / staging.DOCKERFILE if file is None else file.place),
        data=os.path.relpath(config.root / config.data.path, config.root),
        include=settings.include,
    )
    if file is not None and not file.takes_suite:
        return staging.own_files(file.content, own)
    return staging.staged_files(_contents(config, settings, packages), _last_lines(config, name), own, rooms)


def cache_mount_prefix(config: Config, environment: Mapping[str, str], *, make: bool = False) -> str:
    """Return the prefix for the names of the project's cache mounts in the builder.

    A builder knows its caches by name alone, and whoever knows the name can read and write one. So there is a number in
    it that only this user knows, and the project's folder: other projects, also hostile ones, do not come upon it.

    Args:
        config: the project.
        environment: names the store, beside which the number is kept.
        make: generate the number if there is none yet.
    """
    repository = re.sub(r"[^a-z0-9]+", "-", str(read_project(config.service_folder)["name"]).lower())
    number = private_number(environment, make=make)
    return f"buildkit-{repository}-{digest_value([number, str(config.root)])[:20]}"


def request_of(config: Config, name: str, folder: Path, seen: Checkout, packages: Packages) -> Request:
    """Return the build request of one image.

    Args:
        config: the project.
        name: the image.
        folder: the folder with the files of `staged_of`.
        seen: the git revision of the sources.
        packages: what it installs.

    Raises:
        ConfigurationError: a file that the settings name is not there.
    """
    given = config.engine
    repository = repository_of(config, name)
    file = own_of(config, name)
    arguments = arguments_of(config)
    if file is None:
        made = (asset.base for asset in assets_of(config.image[name]) if asset.base)
        bases = (arguments["PYTHON_BUILD"], arguments["PYTHON_SLIM"], *made)
    else:
        bases = file.images
        arguments = {key: value for key, value in arguments.items() if key in file.given}
    return Request(
        context=config.root,
        dockerfile=folder / staging.DOCKERFILE,
        tags=tuple(f"{repository}:{tag}" for tag in (seen.tag, "latest") if tag),
        arguments=arguments,
        given=_given(config, file, arguments, packages),
        contexts={CONTEXT: folder} if file is None or file.takes_suite else {},
        labels={**seen.labels, **contract_of(config)},
        ca_bundle=file_of(config, "engine.ca-bundle", given.ca_bundle),
        time=seen.time,
        name=name,
        bases=bases,
        target=config.image[name].target,
        builder=_buildx_builder(config, name),
    )


def _buildx_builder(config: Config, name: str) -> str:
    """Return the buildx builder that the settings name; empty for the client's own."""
    named = config.image[name].builder or config.engine.builder
    return "" if named in {DOCKER, OCI} else named


def contract_of(config: Config) -> dict[str, str]:
    """Return the labels that say which database and which data an image expects.

    `invoke-buildkit.head` is the head of its migrations, of which `labels_of` says more, `invoke-buildkit.data` a key
    of its data's stages as they are declared. So what deploys it can tell without starting it whether both fit.
    """
    found = labels_of(config)
    if config.data.stage:
        found[DATA] = digest_value([repr(stage) for stage in config.data.stage])
    return found


def repository_of(config: Config, name: str) -> str:
    """Return the image's name without a tag."""
    distribution = str(read_project(config.service_folder)["name"])
    return config.image[name].repository or re.sub(r"[-_.]+", "-", f"{distribution}-{name}").lower()


def gates_of(config: Config) -> tuple[str, ...]:
    """Return the gates of `data` and `migrate` that the service has."""
    return (*(["data"] if config.data.stage else []), *([] if migration_settings(config) is None else ["migrate"]))


def compose_variables(config: Config, name: str, image: str) -> str:
    """Return the variables of compose.yaml for one image, as an `--env-file`."""
    return compose.variables(repository_of(config, name), image, config.image[name].port, config.data.mount)


def _given(config: Config, file: OwnFile | None, own: Mapping[str, str], packages: Packages) -> Given:
    """Return the build arguments and secrets of the project; refuse those without effect."""
    arguments = {key: str(value) for key, value in config.engine.build_args.items()}
    places = {
        key: value if value.startswith("env:") else str(config.root / Path(value).expanduser())
        for key, value in config.engine.secrets.items()
    }
    if file is None:
        return of_suite(arguments, places, own, packages.indexes)
    return of_project(arguments, places, file.parsed)


def _contents(config: Config, settings: ImageConfig, packages: Packages) -> staging.Contents:
    migrate = migration_settings(config)
    inputs = [name for stage in config.data.stage for name in (*stage.inputs, *([stage.each] if stage.each else []))]
    needed = [name for name in inputs if not name.startswith(("stage:", "env:", "package:"))]
    runs = [stage.run for stage in config.data.stage if not isinstance(stage.run, str)]
    needed += [relative(config, config.root / word) for run in runs if (word := code.script_of(run, config.root))]
    _require_outside(config, needed)
    if migrate is not None:
        places = (migrate.script_location, migrate.ini, migrate.toml, *migrate.versions)
        needed += [relative(config, place) for place in places if place and place.is_relative_to(config.root)]
    source_root = relative(config, config.source)
    pipeline = replace(
        pipeline_of(config), root=PROJECT, source_root=PROJECT / source_root, folder=Path(config.data.mount)
    )
    if migrate is not None:  # in a container there is no git to ask
        with contextlib.suppress(HeadsError):  # told elsewhere, where files are to be checked
            known = graph.read(migrate.versions, recursive=migrate.recursive)
            migrate = replace(migrate, gone=unknown_revision.gone(migrate, known))
    runtime = RuntimeSettings(
        PROJECT, pipeline if pipeline.stages else None, None if migrate is None else migrate.as_json(config.root)
    )
    names = config.packages or top_level_packages(config)
    made = assets_of(settings)
    return staging.Contents(
        project={**read_project(config.service_folder), "version": packages.version},
        source_root=source_root,
        packages=(*names, *_of_command(config, settings.command, names)),
        files=(*needed, *settings.include, *(place for asset in made for place in asset.outputs)),
        settings=runtime.as_text(),
        installed=packages.files,
        tools=MYPYC if any(each.backend == "mypyc" for each in find_modules(config).compiled.values()) else (),
        slim=settings.slim,
        system=settings.system_packages,
        build=settings.build_packages,
        writable=writable_of(settings),
        migrates=migrate is not None,
        assets=made,
    )


def assets_of(settings: ImageConfig) -> tuple[Asset, ...]:
    """Return the commands that make files of an image before its project is compiled."""
    return tuple(
        Asset(each["run"], each.get("from", ""), tuple(each.get("inputs", ())), tuple(each.get("outputs", ())))
        for each in settings.assets
    )


def writable_of(settings: ImageConfig) -> tuple[str, ...]:
    """Return the folders of an image that its service may write; a HOME is made by the suite's Dockerfile alone."""
    home = [] if settings.dockerfile else [settings.environment.get("HOME", HOME)]
    folders = [*home, *settings.writable]
    return tuple(dict.fromkeys(str(PROJECT / str(folder)) for folder in folders))


def _of_command(config: Config, command: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Yield the module that the command starts, where it lies beside the packages: `python -m start`, `wsgi:app`."""
    known = {name.partition(".")[0] for name in names}
    for before, word in zip(("", *command), command, strict=False):
        module = word if before == "-m" else word.partition(":")[0] if _APPLICATION.fullmatch(word) else ""
        top = module.partition(".")[0]
        if top.isidentifier() and top not in known and (config.source / f"{top}.py").is_file():
            known.add(top)
            yield top


def _require_outside(config: Config, inputs: Iterable[str]) -> None:
    """Raise for inputs in the data's folder: in a container that is a volume, and no image carries what lies there.

    Raises:
        ConfigurationError: there are some.
    """
    for name in inputs:
        if Path(os.path.normpath(config.root / name)).is_relative_to(config.root / config.data.path):
            raise ConfigurationError(
                f'data.stage: input "{name}" lies in the data\'s folder, which no image carries',
                hint="keep what a container makes data from elsewhere, or give the data a folder of its own: data.path",
            )


def _last_lines(config: Config, name: str) -> list[str]:
    settings = config.image[name]
    if settings.dockerfile:
        return []
    if not settings.command:
        raise ConfigurationError(
            f"image {name} has no command",
            hint=hint_for_none(config, name),
        )
    return [*variables(settings.environment), *last_lines(settings.command, settings.port, _health(settings))]


def _health(settings: ImageConfig) -> list[str]:
    return health_test(settings.health, settings.command, settings.port, settings.health_age)


def health_of(config: Config, name: str) -> tuple[str, ...]:
    """Return the command of an image's health check; empty for none."""
    return tuple(_health(config.image[name]))


def wants_health_check(settings: ImageConfig) -> bool | None:
    """Return whether an image is to have a health check; None if the settings do not say so, nor its command."""
    return None if settings.health == AUTO and not _health(settings) else bool(settings.health)
