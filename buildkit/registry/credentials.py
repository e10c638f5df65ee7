"""The user and password for a registry, from variables or from the settings of `docker login`."""

from __future__ import annotations

import base64
import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildkit.core import untrusted
from buildkit.doors import process, reading

LOCAL = frozenset({"localhost", "127.0.0.1"})
"""The hosts that are reached by plain HTTP, and to which a password may go without TLS: this machine."""

_DOCKER_HUB = "registry-1.docker.io"
_LOGGED_IN_AS = "https://index.docker.io/v1/"
"""How `docker login` calls the registry of Docker in its settings."""

_MOST = 4 << 20
_SECONDS = 60.0
_HELPER = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")


def credentials(host: str, environment: Mapping[str, str]) -> str:
    """Return the value of the `Authorization` header for a registry; empty if no credentials are known.

    Variables hold for the registry that `PYBUILDKIT_REGISTRY_HOST` names, for any where it names none.
    """
    user, password = environment.get("PYBUILDKIT_REGISTRY_USER"), environment.get("PYBUILDKIT_REGISTRY_PASSWORD")
    if user and password and environment.get("PYBUILDKIT_REGISTRY_HOST") in {None, "", host}:
        return _basic(f"{user}:{password}".encode(errors="surrogateescape"))
    host = _LOGGED_IN_AS if host == _DOCKER_HUB else host
    folder = environment.get("DOCKER_CONFIG") or os.path.join(environment.get("HOME", "/"), ".docker")  # noqa: PTH118
    settings: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        settings = untrusted.table(untrusted.json_of(reading.read(Path(folder, "config.json"), most=_MOST)))
    with contextlib.suppress(OSError, ValueError):
        helper = untrusted.table(settings.get("credHelpers", {})).get(host) or settings.get("credsStore")
        if helper:
            return _from_helper(untrusted.text(helper), host, environment)
    with contextlib.suppress(ValueError):
        entry = untrusted.table(untrusted.table(settings.get("auths", {})).get(host, {}))
        known = base64.b64decode(untrusted.text(entry.get("auth", "")), validate=True)
        return _basic(known.rstrip(b"\0")) if b":" in known else ""
    return ""


def _from_helper(helper: str, host: str, environment: Mapping[str, str]) -> str:
    """Return the header's value from the answer of one of Docker's credential helpers.

    Raises:
        Odd: the helper's name or its answer is malformed.
        OSError: it is not there, or takes too long.
    """
    if not _HELPER.fullmatch(helper):
        raise untrusted.Odd(helper)
    command = [f"docker-credential-{helper}", "get"]
    answer = process.run(command, environment=environment, stdin=host, timeout=_SECONDS)
    found = untrusted.table(untrusted.json_of(answer.stdout, _MOST)) if answer.ok else {}
    user, secret = (untrusted.text(found.get(name, "")) for name in ("Username", "Secret"))
    return _basic(f"{user}:{secret}".encode()) if user and secret else ""


def _basic(known: bytes) -> str:
    return f"Basic {base64.b64encode(known).decode()}"
