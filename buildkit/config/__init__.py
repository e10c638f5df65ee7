"""Reads [tool.buildkit], the environment and flags into a frozen `Config`."""

from buildkit.config.reader import in_ci, load, load_text
from buildkit.config.releasing import PRODUCTION, ReleaseConfig, ReleaseServiceConfig
from buildkit.config.running import MAIN_SERVICE, DevConfig, EngineConfig, ImageConfig, ServiceConfig
from buildkit.config.settings import (
    CompileConfig,
    Config,
    DataConfig,
    MigrateConfig,
    ModuleConfig,
    NoxConfig,
    StageConfig,
    StoreConfig,
)

__all__ = [
    "MAIN_SERVICE",
    "PRODUCTION",
    "CompileConfig",
    "Config",
    "DataConfig",
    "DevConfig",
    "EngineConfig",
    "ImageConfig",
    "MigrateConfig",
    "ModuleConfig",
    "NoxConfig",
    "ReleaseConfig",
    "ReleaseServiceConfig",
    "ServiceConfig",
    "StageConfig",
    "StoreConfig",
    "in_ci",
    "load",
    "load_text",
]
