"""Builds one image: the command as a pure function of the request, and its run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from buildkit.doors import process
from buildkit.errors import ImageError
from buildkit.image import system_packages
from buildkit.image.progress import Progress, Vertex
from buildkit.image.secrets import Given, redacted

_QUIET = {"BUILDX_METADATA_PROVENANCE": "disabled"}
"""Without it, the metadata file would hold the build arguments."""


@dataclass(frozen=True, slots=True)
class Request:
    """The inputs of an image build, and the image's names.

    Args:
        context: the build context.
        dockerfile: the Dockerfile.
        tags: full names, such as `orbits-api:latest`.
        arguments: build arguments that the suite sets.
        given: the project's build arguments and secrets.
        contexts: named contexts.
        labels: labels of the image.
        ca_bundle: a file that package installs trust; it is a secret of the build, so it enters no layer.
        time: the image's time stamp in seconds since 1970.
        target: the stage to build; the last one if empty.
        name: the image's name in the settings.
        bases: further images that stages begin with.
        builder: the buildx builder; the client's own one if empty.
        pull: whether newer bases are looked for.
        fresh: whether all steps run anew.
        output: where the result goes, as buildx has it; the engine if empty.
    """

    context: Path
    dockerfile: Path
    tags: tuple[str, ...]
    arguments: Mapping[str, str] = field(default_factory=dict)
    given: Given = field(default_factory=Given)
    contexts: Mapping[str, Path] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ca_bundle: Path | None = None
    time: int = 0
    target: str = ""
    name: str = ""
    bases: tuple[str, ...] = ()
    builder: str = ""
    pull: bool = False
    fresh: bool = False
    output: str = ""


class Built(NamedTuple):
    """What the builder said of a build.

    Args:
        steps: its steps.
        sent: the bytes of the context that it was sent; None if it did not say.
    """

    steps: list[Vertex]
    sent: int | None


def command(request: Request, metadata: Path) -> list[str]:
    """Return the command that builds `request` and writes its result to `metadata`.

    Attestations are off: they would turn the image into an index, which some services refuse, and change its digest.
    """
    arguments = {**request.arguments, "SOURCE_DATE_EPOCH": str(request.time)}
    bundle = {"ca": str(request.ca_bundle)} if request.ca_bundle else {}
    given = replace(request.given, secrets={**request.given.secrets, **bundle})
    return [
        *("docker", "buildx", "build", "--progress=plain"),
        *(("--output", request.output) if request.output else ("--load",)),
        *("--provenance=false", "--sbom=false"),
        *("--file", str(request.dockerfile), "--metadata-file", str(metadata)),
        *(["--builder", request.builder] if request.builder else []),
        *(["--pull"] if request.pull else []),
        *(["--no-cache"] if request.fresh else []),
        *(["--target", request.target] if request.target else []),
        *_each("--tag", request.tags),
        *_each("--build-arg", _assigned(arguments)),
        *_each("--build-context", _assigned(request.contexts)),
        *_each("--label", _assigned(request.labels)),
        *given.flags(),
        str(request.context),
    ]


def build(
    request: Request,
    metadata: Path,
    hear: Callable[[Vertex], None],
    environment: Mapping[str, str] | None = None,
) -> Built:
    """Build `request`.

    Args:
        request: what to build.
        metadata: the file that the builder writes its result to.
        hear: called with each step when it begins, without a result, and when it ends.
        environment: the variables of the docker client; this process's own if None.

    Raises:
        ConfigurationError: a secret's variable is not set, or its file does not exist.
        ImageError: a step failed; gives its name and last output lines.
    """
    variables = {**(os.environ if environment is None else environment), **request.given.variables(), **_QUIET}
    request.given.require(variables)
    hidden = request.given.hidden(variables)
    progress = Progress(hear)
    with suppress(FileNotFoundError):
        metadata.unlink()

    def feed(line: str) -> None:
        progress.feed(redacted(line, hidden))

    exit_code = process.stream(command(request, metadata), feed, environment=variables)
    if exit_code != 0:
        step, words = progress.failure()
        setting, wrong = system_packages.fault(step, words)
        if setting:
            raise ImageError(
                f"image {request.tags[0]} did not build: image.{request.name}.{setting}: {wrong}",
                details=words,
                hint=f"correct {setting} in [tool.buildkit.image.{request.name}]: as the base's apt or apk names it",
            )
        raise ImageError(
            f"image {request.tags[0]} did not build: {step or 'the builder refused'}",
            details=words,
            hint="mend what the step says and build again; all steps before it are kept",
        )
    return Built(progress.vertices, progress.sent)


def image_id(metadata: Path) -> str:
    """Return the image's id from the builder's `metadata`."""
    found: dict[str, str] = json.loads(metadata.read_text("utf-8"))
    return found.get("containerimage.config.digest") or found["containerimage.digest"]


def _each(flag: str, values: Sequence[str]) -> list[str]:
    return [part for value in values for part in (flag, value)]


def _assigned(table: Mapping[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in sorted(table.items())]
