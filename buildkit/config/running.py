"""The settings of what runs the service: the development loop, the engine of images and the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buildkit.config.option import option

_READY = (
    "What says that it is ready: an address of HTTP that answers with 2xx or 3xx, `tcp`, `log:TEXT` for a line of its "
    "log, a command that succeeds, or `alive`; where empty, that it listens, or where its command does not say on "
    "which port, lives for a second."
)


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """`[tool.buildkit.dev.service.NAME]`: a further process of `invoke dev`."""

    command: tuple[str, ...] = option("command", (), "The process; `{port}` and `{fd}` are replaced.")
    port: int = option("integer", 0, "The port that others reach it at; 0 for none.", form="port_or_none")
    ready: str | tuple[str, ...] = option("command", "", _READY)
    overlap: bool = option("switch", True, "Whether a new process may run beside the old one for a moment.")
    watch: tuple[str, ...] = option(
        "texts",
        (),
        "Globs of the files whose changes concern it; code that it alone names concerns no other; where empty, all.",
    )
    after: tuple[str, ...] = option("texts", (), "Names of the services that are ready before it starts.")


MAIN_SERVICE = "service"
"""What the process of `dev.command` is called beside others."""


@dataclass(frozen=True, slots=True)
class DevConfig:
    """`[tool.buildkit.dev]`."""

    command: tuple[str, ...] = option(
        "command",
        (),
        "The service. `{port}` becomes the port that it listens on, `{fd}` the number of a socket that it gets.",
    )
    port: int = option(
        "integer", 8000, "The port that you reach it at, held by the loop; 0 for none.", form="port_or_none"
    )
    ready: str | tuple[str, ...] = option("command", "", _READY)
    first: str = option(
        "text",
        "interpreted",
        "How an edited compiled `.py` comes back: as Python at once, and compiled beside the service; or compiled.",
        choices=("interpreted", "compiled"),
    )
    hold: float = option("seconds", 30.0, "How long a connection waits while no process is ready.")
    drain: float = option("seconds", 10.0, "How long the old process may finish what it has begun.")
    overlap: bool = option(
        "switch", True, "Whether the new process starts beside the old one, which ends when it is ready."
    )
    watch: tuple[str, ...] = option(
        "texts",
        (),
        "Globs of further files whose changes concern it, such as templates; its code does where no other names it.",
    )
    service: Mapping[str, ServiceConfig] = field(
        default_factory=dict, metadata={"tables": ServiceConfig, "named": "service"}
    )


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """`[tool.buildkit.engine]`: what every image build of the project gets."""

    builder: str = option(
        "text",
        "docker",
        "What builds the images: `docker`, `oci` (no engine), or the name of a buildx builder.",
        form="builder",
    )
    python_build: str = option("text", "", "Base of the build stage; `python:3.x` where empty.", form="reference")
    python_slim: str = option(
        "text",
        "",
        "Base of the runtime stage; `python:3.x-slim` where empty. For `oci` also `oci:FOLDER`, a folder with an OCI "
        "layout, and `oci:FOLDER:NAME`, one of the images in it.",
        form="base",
    )
    ca_bundle: str = option("text", "", "A CA bundle that the package installs inside a build trust.")
    build_args: Mapping[str, Any] = option(
        "table", {}, "Build arguments; `PIP_INDEX_URL` and its kin go into the build as a secret.", form="arguments"
    )
    secrets: Mapping[str, Any] = option(
        "table",
        {},
        "Secrets of the build, each a file or `env:VARIABLE`: `pip.conf` and `netrc` for the suite's Dockerfile.",
        form="secrets",
    )


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """`[tool.buildkit.image.NAME]`: one image."""

    command: tuple[str, ...] = option("command", (), "What the container runs.", form="command")
    dockerfile: str = option("text", "", "The project's own Dockerfile; the suite's where empty.")
    builder: str = option("text", "", "What builds this image; `engine.builder` where empty.", form="builder")
    platforms: tuple[str, ...] = option(
        "texts",
        (),
        "What the image is for, such as `linux/arm64`, by the builder `oci`; several make an index; this machine's "
        "where empty.",
        form="platforms",
    )
    target: str = option("text", "", "The stage of `dockerfile` that is built; the last one if empty.")
    repository: str = option("text", "", "Name of the image; `<distribution>-<image>` where empty.", form="repository")
    port: int = option("integer", 8000, "The port that the service listens on.", form="port")
    health: str | tuple[str, ...] = option(
        "command",
        "auto",
        'The health check: a path asked by HTTP, `"file:/tmp/alive"` that the service touches, a command as a list, or '
        '`""` for none. `auto` asks `/health` where the command is a known HTTP server, and is none elsewhere.',
        form="health",
    )
    health_age: float = option("seconds", 60.0, "The age at which the file of `health` no longer shows life.")
    include: tuple[str, ...] = option(
        "texts", (), "Further files and folders of the project that the image needs.", form="within"
    )
    lock: str = option(
        "text",
        "",
        "The lock file whose versions are installed, relative to the folder of the service's pyproject.toml; the one "
        "that is there if empty.",
        form="lock",
    )
    extras: tuple[str, ...] = option("texts", (), "Extras of the service that the image gets.", form="extras")
    groups: tuple[str, ...] = option("texts", (), "Dependency groups that the image gets.", form="extras")
    system_packages: tuple[str, ...] = option(
        "texts",
        (),
        "Packages of the system that the service needs when it runs, as apt or apk of its base names them.",
        form="system_packages",
    )
    build_packages: tuple[str, ...] = option(
        "texts", (), "Packages of the system that installing and compiling need.", form="system_packages"
    )
    environment: Mapping[str, Any] = option(
        "table", {}, "Variables of the service; secrets are given at run time and refused here.", form="environment"
    )
    writable: tuple[str, ...] = option(
        "texts",
        (),
        "Folders that the service may write: relative to the project's folder, or absolute ones of the image.",
        form="writable",
    )
    assets: tuple[Mapping[str, Any], ...] = option(
        "assets",
        (),
        "Commands that run before the project is compiled, each in its own stage: a text for the shell, or a table "
        "with `run`, `from` (an image), `inputs` and `outputs`.",
        form="assets",
    )
    slim: tuple[str, ...] = option(
        "texts",
        (),
        "Rules by which something is taken from the installed packages: `symbols`, `tests`, `static`, `bytecode`. What "
        "then cannot be imported gets its files back.",
        form="slimming",
    )
    context_budget: int = option("bytes", 10**9, "Most bytes that the build context may have.")
    size_budget: int = option("bytes", 500 * 10**6, "Most bytes that the image may have.")
    memory_budget: int = option("bytes", 0, "Most bytes of memory at rest; 0 for no limit.")
    ready_within: float = option(
        "seconds", 60.0, "How long `image.memory` and `image.variants` wait until the health check passes."
    )
