"""Reads [tool.buildkit], the environment and flags into a frozen `Config`."""

from buildkit.config.reader import in_ci, load
from buildkit.config.settings import (
    MAIN_SERVICE,
    CompileConfig,
    Config,
    DataConfig,
    DevConfig,
    EngineConfig,
    ImageConfig,
    MigrateConfig,
    ModuleConfig,
    NoxConfig,
    ServiceConfig,
    StageConfig,
    StoreConfig,
)

__all__ = [
    "MAIN_SERVICE",
    "CompileConfig",
    "Config",
    "DataConfig",
    "DevConfig",
    "EngineConfig",
    "ImageConfig",
    "MigrateConfig",
    "ModuleConfig",
    "NoxConfig",
    "ServiceConfig",
    "StageConfig",
    "StoreConfig",
    "in_ci",
    "load",
]
