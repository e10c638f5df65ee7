"""Validates what becomes part of an image: folders, variables, packages of the system, the health check."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_MOUNT = r"(/[A-Za-z0-9._@+-]+)+"
_FILE = "file:"
_BASE = r"[A-Za-z0-9][\w./:@+-]*"
_HEALTH = r"/[!#-\[\]-~]*"
_SYSTEM_PACKAGE = r"[A-Za-z0-9][A-Za-z0-9+._:-]*([=~][A-Za-z0-9][A-Za-z0-9+._:~-]*)?"
_PROJECT = "/app"

SLIMMING = ("symbols", "tests", "static", "bytecode")
"""The rules by which packages are slimmed."""

_TAKEN = frozenset(
    [
        "/app",
        "/bin",
        "/boot",
        "/etc",
        "/home",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/media",
        "/mnt",
        "/opt",
        "/root",
        "/run",
        "/sbin",
        "/srv",
        "/tmp",  # noqa: S108 - a name in the image
        "/usr",
        "/usr/bin",
        "/usr/lib",
        "/usr/local",
        "/var",
        "/var/lib",
    ]
)
_CLOSED = ("/dev", "/proc", "/sys", "/opt/venv", "/opt/buildkit", "/usr/local/bin", "/usr/local/lib")
_OF_IMAGE = ("PATH", "PYTHONPATH", "PYBUILDKIT_DATA_PATH")
_SECRET = frozenset(
    [
        "APIKEY",
        "AUTH",
        "CREDENTIAL",
        "CREDENTIALS",
        "KEY",
        "PASS",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "PWD",
        "SECRET",
        "TOKEN",
    ]
)
"""Words by which the name of a variable says that its value is a secret."""
_ABOUT = frozenset(
    [
        "ALGORITHM",
        "BACKEND",
        "COOKIE",
        "DIR",
        "ENABLED",
        "EXPIRE",
        "EXPIRES",
        "FILE",
        "FORMAT",
        "HEADER",
        "HOST",
        "HOURS",
        "LENGTH",
        "LIFETIME",
        "LIMIT",
        "MAX",
        "MIN",
        "MINUTES",
        "MODE",
        "NAME",
        "PATH",
        "PORT",
        "PREFIX",
        "PUBLIC",
        "REQUIRED",
        "SCHEME",
        "SECONDS",
        "SIZE",
        "TTL",
        "TYPE",
        "URI",
        "URL",
    ]
)
"""Words at a name's end that say that its value is something about a secret."""
_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def mount(path: str) -> None:
    """Check the mount point of a volume in a container, where it must not hide files of the image."""
    if not re.fullmatch(_MOUNT, path) or posixpath.normpath(path) != path:
        raise ValueError('an absolute path in the container, such as "/app/data"')
    if path in _TAKEN or any(f"{path}/".startswith(f"{place}/") for place in _CLOSED):
        raise ValueError(f'a folder for the data alone, such as "/app/data": the image itself lies in {path}')


def health(check: Any) -> None:  # noqa: ANN401 - what `values` makes of a command
    """Check how a container is asked whether it is well: a path, a file, a command, or nothing."""
    if isinstance(check, str) and not check.startswith(_FILE):
        if check not in {"", "auto"} and not re.fullmatch(_HEALTH, check):
            raise ValueError('a path such as "/health", "file:/tmp/alive", a command as a list, or "" for no check')
    elif isinstance(check, str):
        place = check.removeprefix(_FILE)
        if not re.fullmatch(_MOUNT, place) or posixpath.normpath(place) != place:
            raise ValueError('a file of the container by its absolute path, such as "file:/tmp/alive"')
    elif not check or not check[0]:
        raise ValueError('a command such as ["celery", "inspect", "ping"]')


def arguments(table: Mapping[str, Any]) -> None:
    """Check build arguments: the builder takes names of variables, and texts."""
    for name, value in table.items():
        if not re.fullmatch(_VARIABLE, name):
            raise ValueError(f"names of variables, not {name!r}")
        if not isinstance(value, (str, int, float)) or isinstance(value, bool) or broken(str(value)):
            raise ValueError(f"a text or a number for {name}")


def is_secret(name: str) -> bool:
    """Return whether the name of a variable says that its value is a secret."""
    words = name.upper().split("_")
    return bool(_SECRET & {*words}) and "PUBLIC" not in words and words[-1] not in _ABOUT


def environment(table: Mapping[str, Any]) -> None:
    """Check the variables of an image, which everybody can read who has it: no secret is among them."""
    arguments(table)
    if "HOME" in table:
        writable((str(table["HOME"]),))
    for name, value in table.items():
        if name in _OF_IMAGE:
            raise ValueError(f"variables of the service: the image itself sets {name}")
        secret = is_secret(name)
        if str(value) and (secret or _PASSWORD.search(str(value))):
            why = "by its name" if secret else "as there is a password in its address"
            raise ValueError(
                f"what everybody may read who has the image: {name} is a secret {why}; leave it out and pass it when "
                f"the container starts, as in docker run --env {name}"
            )


def assets(commands: tuple[Mapping[str, Any], ...]) -> None:
    """Check commands that make files before the copy."""
    for asset in commands:
        run, base = asset.get("run"), asset.get("from", "")
        if unknown := sorted(asset.keys() - {"run", "from", "inputs", "outputs"}):
            raise ValueError(f"tables with `run`, `from`, `inputs` and `outputs`, not `{unknown[0]}`")
        if not isinstance(run, str) or not run.strip() or broken(run):
            raise ValueError("a command of one line in `run`")
        if not isinstance(base, str) or (base and not re.fullmatch(_BASE, base)):
            raise ValueError('the name of an image in `from`, such as "node:22-slim"')
        for key in ("inputs", "outputs"):
            places = asset.get(key, [])
            if not isinstance(places, list) or not all(isinstance(each, str) and _plain(each) for each in places):
                raise ValueError(
                    f"files and folders of the project in `{key}`, as paths relative to it, without patterns"
                )


def _plain(path: str) -> bool:
    """Return whether a path is relative, stays in the project and is no pattern."""
    inside = posixpath.normpath(path) == path and path not in {"", "."} and not path.startswith(("/", "~", "../", "-"))
    return inside and path != ".." and path.isprintable() and not {*'*?[]\\$"'} & {*path}


def system_packages(names: tuple[str, ...]) -> None:
    """Check names of packages of the system, which a shell gets to see."""
    for name in names:
        if not re.fullmatch(_SYSTEM_PACKAGE, name):
            raise ValueError(f'names of packages such as "libpq5" or "libpq5=15.3-0", not {name!r}')


def slimming(names: tuple[str, ...]) -> None:
    """Check names of rules by which packages are slimmed."""
    for name in names:
        if name not in SLIMMING:
            raise ValueError(f"rules: {', '.join(SLIMMING)}")


def writable(paths: tuple[str, ...]) -> None:
    """Check folders that a service may write; the image's own ones are not among them."""
    for path in paths:
        place = posixpath.join(_PROJECT, path)
        if not re.fullmatch(_MOUNT, place) or posixpath.normpath(place) != place:
            raise ValueError('folders such as "uploads" or "/var/lib/app"')
        if place in _TAKEN or any(f"{place}/".startswith(f"{closed}/") for closed in _CLOSED):
            raise ValueError(f'folders of the service alone, such as "uploads": the image itself lies in {place}')


def broken(text: str) -> bool:
    """Return whether a text contains characters that cannot stand in a command line or in one line of a file."""
    return bool({*"\0\r\n"} & {*text})
