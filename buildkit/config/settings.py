"""`[tool.buildkit]` as a whole, and its sections of what makes a service: compile, store, data, migrate and nox.

The sections of what runs it are in `running`, those of its release in `releasing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.config.option import option
from buildkit.config.releasing import ReleaseConfig
from buildkit.config.running import DevConfig, EngineConfig, ImageConfig
from buildkit.model import WORK


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
    release: ReleaseConfig = field(default_factory=ReleaseConfig, metadata={"section": ReleaseConfig})

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
