"""Who one is to a registry: user and password, as variables or `docker login` name them."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from buildkit.doors import process


def credentials(host: str, environment: Mapping[str, str]) -> str:
    """Return the value of the header that shows user and password, as variables or `docker login` name them."""
    user, password = environment.get("PYBUILDKIT_REGISTRY_USER"), environment.get("PYBUILDKIT_REGISTRY_PASSWORD")
    if user and password:
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    folder = environment.get("DOCKER_CONFIG") or os.path.join(environment.get("HOME", "/"), ".docker")  # noqa: PTH118
    with contextlib.suppress(OSError, ValueError, AttributeError, LookupError, TypeError):
        settings = json.loads(Path(folder, "config.json").read_bytes())
        helper = settings.get("credHelpers", {}).get(host) or settings.get("credsStore")
        if helper:
            answer = process.run(
                [f"docker-credential-{helper}", "get"], environment=environment, stdin=host, timeout=60
            )
            if answer.ok:
                found = json.loads(answer.stdout)
                text = f"{found['Username']}:{found['Secret']}"
                return f"Basic {base64.b64encode(text.encode()).decode()}"
        entry = settings.get("auths", {}).get(host, {})
        return f"Basic {entry['auth']}" if entry.get("auth") else ""
    return ""
