"""Every setting, declared once: its key, type, default and what it means.

`option()` is the single declaration of a setting. The reader takes key, type and choices from it, the reference page
in docs/ takes the text. Underscores become hyphens in the file: `source_root` is `source-root`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from buildkit.model import WORK

Kind = Literal["text", "texts", "table", "integer", "switch", "jobs", "seconds", "bytes", "command", "assets"]


def option(
    kind: Kind,
    default: Any,  # noqa: ANN401 - as `field`
    says: str,
    *,
    choices: tuple[str, ...] = (),
    form: str = "",
) -> Any:  # noqa: ANN401
    """Declare one setting.

    Args:
        kind: how its value is written: `seconds` as "7d", `bytes` as "1GB", `jobs` as "auto" or a number,
            `command` as a list of arguments, `switch` as true or false, `assets` as a list of texts and tables.
        default: its value where neither file, environment nor flag names it.
        says: one sentence for the reference page.
        choices: the only values allowed.
        form: the name of the check in `forms.FORMS` that the value must pass.
    """
    metadata = {"kind": kind, "says": says, "choices": choices, "form": form}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class ModuleConfig:
    """`[tool.buildkit.compile.module."app.fast"]`: the settings that differ for the modules that a pattern names."""

    backend: str = option("text", "", "The backend of these modules.", choices=("", "cython", "mypyc", "none"))
    directives: Mapping[str, Any] = option("table", {}, "Cython directives on top of the project's.")
    flags: tuple[str, ...] = option("texts", (), "Flags of the C compiler; `-l…`, `-L…`, `-Wl,…` for the linker.")
    include: tuple[str, ...] = option(
        "texts",
        (),
        "Folders of headers and of `.pxd` files: relative to the project's, or `package:NAME/FOLDER` of an installed "
        "package.",
    )
    semantics: str = option(
        "text",
        "",
        "What these `.py` modules mean; as `compile.semantics` where empty.",
        choices=("", "python", "cython"),
    )
    language: str = option(
        "text",
        "",
        "What Cython writes; wins over the source's own line. Where empty, that line, else C.",
        choices=("", "c", "c++"),
    )
    sources: tuple[str, ...] = option(
        "texts", (), "Further C and C++ files of the module, relative to the project's folder.", form="sources"
    )
    libraries: tuple[str, ...] = option(
        "texts", (), 'Libraries for the linker by name, such as `"m"`.', form="libraries"
    )
    define_macros: Mapping[str, Any] = option(
        "table", {}, 'Macros of the C compiler: a text or a number, or `true` or `""` for a name alone.', form="macros"
    )


@dataclass(frozen=True, slots=True)
class CompileConfig:
    """`[tool.buildkit.compile]`."""

    profile: str = option(
        "text", "dev", "`dev` is fastest to import, `release` fastest to run.", choices=("dev", "release")
    )
    jobs: int = option("jobs", 0, "Compilers at once; `auto` takes as many as this process may use cores.")
    launcher: tuple[str, ...] = option(
        "command", (), 'What starts the C compiler, such as `["ccache"]`.', form="command"
    )
    directives: Mapping[str, Any] = option("table", {}, "Cython directives.")
    refused: str = option(
        "text",
        "",
        "Modules that Python takes and Cython refuses: `python` lets them stay Python, `fail` ends the build; "
        "where empty, `python` for the profile `dev` and `fail` for `release`.",
        choices=("", "python", "fail"),
    )
    semantics: str = option(
        "text",
        "python",
        "What a `.py` means when Cython compiles it: what it means to Python, or what Cython makes of it.",
        choices=("python", "cython"),
    )
    flags: tuple[str, ...] = option("texts", (), "Flags of the C compiler; `-l…`, `-L…`, `-Wl,…` for the linker.")
    include: tuple[str, ...] = option(
        "texts",
        (),
        "Folders of headers and of `.pxd` files: relative to the project's, or `package:NAME/FOLDER` of an installed "
        "package.",
    )
    module: Mapping[str, ModuleConfig] = field(
        default_factory=dict, metadata={"tables": ModuleConfig, "named": "pattern"}
    )

    @property
    def lets_refused_stay(self) -> bool:
        """Whether a module that Python takes and Cython refuses stays Python."""
        return (self.refused or ("python" if self.profile == "dev" else "fail")) == "python"


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """`[tool.buildkit.store]`."""

    size: int = option("bytes", 5 * 10**9, "Most bytes that the store keeps when it is pruned; 0 for no limit.")
    age: float = option("seconds", 30 * 86400.0, "Age of the last use after which an entry goes; 0 for never.")
    remote: str = option("text", "", "Must stay empty: remote stores are not part of this version.")


@dataclass(frozen=True, slots=True)
class StageConfig:
    """`[[tool.buildkit.data.stage]]`: one stage of the data pipeline."""

    name: str = option("text", "", "Its name.", form="stage")
    run: str | tuple[str, ...] = option("command", (), "A callable as `module:function`, or a command as a list.")
    inputs: tuple[str, ...] = option(
        "texts", (), "Globs relative to the project, `stage:NAME`, `env:NAME`, or `package:NAME/GLOB`."
    )
    outputs: tuple[str, ...] = option("texts", (), "Files or `folders/`, relative to the generation.")
    params: Mapping[str, Any] = option(
        "table",
        {},
        "Parameters of the stage; dates and times are texts. A callable has no `source`, `out` or `item` among them.",
    )
    ttl: float | None = option(
        "seconds", None, "Age after which this stage is due, 0 for never; as `data.ttl` where left out."
    )
    each: str = option(
        "text",
        "",
        "Run in pieces, one for each match: a glob, `stage:NAME/GLOB` or `package:NAME/GLOB`; with `/` at its end, one"
        " for each folder.",
    )
    combine: tuple[str, ...] = option("texts", (), "Names of stages in pieces whose outputs this stage sees whole.")
    jobs: int | None = option("jobs", None, 'Pieces at once: "auto" or a number; as `data.jobs` where left out.')
    memory: int | None = option(
        "bytes", None, "What a piece may take for its data, 0 for no limit; as `data.memory` where left out."
    )


@dataclass(frozen=True, slots=True)
class DataConfig:
    """`[tool.buildkit.data]`."""

    path: str = option(
        "text", "data", "The data's folder on the host; `<path>/current/` is what the service reads.", form="folder"
    )
    mount: str = option("text", "/app/data", "The data's folder in the container.", form="mount")
    ttl: float = option("seconds", 7 * 86400.0, "Age after which the data is renewed; 0 for never.")
    verify: float = option(
        "seconds", 30 * 86400.0, "Age after which a start reads all data again beside the service; 0 for never."
    )
    policy: str = option(
        "text", "serve-stale", "What a start does with data that is due.", choices=("block", "serve-stale", "fail")
    )
    on_failure: str = option(
        "text",
        "stop",
        "What a start does without whole data that cannot be made: `start` lets the service run degraded.",
        choices=("stop", "start"),
    )
    signal: str = option(
        "text",
        "",
        "The signal that tells a running service of newer data.",
        choices=("", "HUP", "USR1", "USR2"),
    )
    artifact: str = option("text", "", "Where `data.push` publishes a generation, as `registry/name:tag`.")
    jobs: int = option("jobs", 0, "Pieces of a stage that run at once; as many as there are cores where `auto`.")
    memory: int = option("bytes", 0, "What a piece of a stage may take for its data, such as `2GB`; 0 for no limit.")
    stage: tuple[StageConfig, ...] = field(default=(), metadata={"list": StageConfig})


@dataclass(frozen=True, slots=True)
class MigrateConfig:
    """`[tool.buildkit.migrate]`."""

    config: str = option("text", "alembic.ini", "Alembic's ini file; where it is missing, [tool.alembic] is read.")
    url_env: str = option("text", "DATABASE_URL", "The variable that names the database.")
    app: str = option(
        "text",
        "",
        "The application whose context env.py wants (Flask-Migrate), or what configures Alembic in code "
        "(advanced-alchemy), as `module:attribute`.",
    )
    metadata: str = option("text", "", "The models' metadata as `module:attribute`, for `migrate.check`.")
    wait: float = option("seconds", 60.0, "How long to wait for a database that is starting.")
    lock_wait: float = option("seconds", 600.0, "How long to wait for another migration.")
    lock_timeout: float = option("seconds", 5.0, "How long one statement may wait for a table.")
    statement_timeout: float = option("seconds", 0.0, "How long one statement may take; 0 for any time.")
    ahead: str = option(
        "text",
        "fail",
        "What to do with a database that is ahead of the code: stop, or leave it and start the service all the same.",
        choices=("fail", "serve"),
    )


_READY = (
    "What says that it is ready: an address of HTTP that answers with 2xx or 3xx, `tcp`, `log:TEXT` for a line of its "
    "log, a command that succeeds, or `alive`; where empty, that it listens, or lives for a second."
)


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """`[tool.buildkit.dev.service.NAME]`: a further process of `invoke dev`."""

    command: tuple[str, ...] = option("command", (), "The process; `{port}` and `{fd}` are replaced.")
    port: int = option("integer", 0, "The port that others reach it at; 0 for none.", form="port_or_none")
    ready: str | tuple[str, ...] = option("command", "", _READY)
    overlap: bool = option("switch", True, "Whether a new process may run beside the old one for a moment.")
    watch: tuple[str, ...] = option(
        "texts", (), "Globs of the files whose changes concern it; all that count where empty."
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
        "texts", (), "Globs of further files whose changes concern it, such as templates; its code does all the same."
    )
    service: Mapping[str, ServiceConfig] = field(
        default_factory=dict, metadata={"tables": ServiceConfig, "named": "service"}
    )


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """`[tool.buildkit.engine]`: what every image build of the project gets."""

    python_build: str = option("text", "", "Base of the build stage; `python:3.x` where empty.", form="reference")
    python_slim: str = option("text", "", "Base of the runtime stage; `python:3.x-slim` where empty.", form="reference")
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
    context_budget: int = option("bytes", 10**9, "Most bytes that the build context may have.")
    size_budget: int = option("bytes", 500 * 10**6, "Most bytes that the image may have.")
    memory_budget: int = option("bytes", 0, "Most bytes of memory at rest; 0 for no limit.")


@dataclass(frozen=True, slots=True)
class NoxConfig:
    """`[tool.buildkit.nox]`."""

    pythons: tuple[str, ...] = option("texts", (), "The matrix, such as `3.11`; from the classifiers where empty.")
    tests: tuple[str, ...] = option(
        "command", (), "What tests the installed wheel, such as `pytest tests`.", form="command"
    )
    requires: tuple[str, ...] = option("texts", (), "What the tests need beside the wheel, such as `pytest`.")


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one project; `[tool.buildkit]` is its first table.

    Args:
        root: the folder of pyproject.toml.
        file: pyproject.toml itself.
        origins: where each value that is not a default came from: `compile.profile` → `--profile`.
    """

    root: Path
    file: Path
    origins: Mapping[str, str]
    project: str = option(
        "text", ".", "The folder whose pyproject.toml has the service's [project] table.", form="folder"
    )
    source_root: str = option("text", "", "`src` where it exists, else the project's folder.")
    packages: tuple[str, ...] = option(
        "texts", (), "Every top-level package under the source root where empty.", form="packages"
    )
    exclude: tuple[str, ...] = option("texts", (), "Globs relative to the source root; these modules stay Python.")
    backend: str = option(
        "text",
        "cython",
        "The compiler of the modules; `mypyc` needs the extra of that name.",
        choices=("cython", "mypyc", "none"),
    )
    compile: CompileConfig = field(default_factory=CompileConfig, metadata={"section": CompileConfig})
    store: StoreConfig = field(default_factory=StoreConfig, metadata={"section": StoreConfig})
    data: DataConfig = field(default_factory=DataConfig, metadata={"section": DataConfig})
    migrate: MigrateConfig = field(default_factory=MigrateConfig, metadata={"section": MigrateConfig})
    dev: DevConfig = field(default_factory=DevConfig, metadata={"section": DevConfig})
    engine: EngineConfig = field(default_factory=EngineConfig, metadata={"section": EngineConfig})
    image: Mapping[str, ImageConfig] = field(default_factory=dict, metadata={"tables": ImageConfig, "named": "image"})
    nox: NoxConfig = field(default_factory=NoxConfig, metadata={"section": NoxConfig})

    @property
    def source(self) -> Path:
        """The source root as an absolute path."""
        return self.root / self.source_root

    @property
    def service_folder(self) -> Path:
        """The folder whose pyproject.toml describes the service, as an absolute path."""
        return self.root / self.project

    @property
    def work(self) -> Path:
        """Where the suite keeps what belongs to this checkout; safe to delete at any time."""
        return self.root / WORK

    @property
    def flags(self) -> dict[str, str]:
        """The values that flags gave, by key, so that they hold when the file is read again."""
        given = {}
        for name, origin in self.origins.items():
            if origin.startswith("--"):
                value: object = self
                for part in name.split("."):
                    value = getattr(value, part.replace("-", "_"))
                given[name] = ",".join(value) if isinstance(value, tuple) else str(value)
        return given


def keys(section: type) -> tuple[str, ...]:
    """Return the keys of a section as they are written in the file."""
    return tuple(item.name.replace("_", "-") for item in fields(section) if item.metadata)
