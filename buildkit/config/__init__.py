"""[tool.buildkit] + environment + flags → `Config`: parsed once at the door, frozen inside."""

from buildkit.config.reader import in_ci, load
from buildkit.config.settings import (
    CompileConfig,
    Config,
    DataConfig,
    DevConfig,
    EngineConfig,
    ImageConfig,
    MigrateConfig,
    ModuleConfig,
    NoxConfig,
    StageConfig,
    StoreConfig,
)

__all__ = [
    "CompileConfig",
    "Config",
    "DataConfig",
    "DevConfig",
    "EngineConfig",
    "ImageConfig",
    "MigrateConfig",
    "ModuleConfig",
    "NoxConfig",
    "StageConfig",
    "StoreConfig",
    "in_ci",
    "load",
]
