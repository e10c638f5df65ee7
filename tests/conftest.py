"""What every test shares, by idea: see `plugins/`."""

from __future__ import annotations

pytest_plugins = (
    "plugins.effort",
    "plugins.tools",
    "plugins.places",
    "plugins.loaded",
    "plugins.projects",
    "plugins.built",
    "plugins.databases",
    "plugins.services",
    "plugins.registries",
    "plugins.relays",
    "plugins.images",
    "plugins.released",
    "plugins.clouds",
    "plugins.schedule",
)
