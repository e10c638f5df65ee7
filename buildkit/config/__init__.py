"""Reads [tool.buildkit], the environment and flags into a frozen `Config`."""

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
