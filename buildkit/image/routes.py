"""What can build an image; any other name is that of a builder of buildx, which is an engine's too."""

from __future__ import annotations

DOCKER = "docker"
"""The engine."""

OCI = "oci"
"""The builder that needs no engine."""
