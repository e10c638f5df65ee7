"""Validates settings that become names of files, images and variables.

Each form is a function that raises `ValueError` with what was expected; `settings.option` names the form of a setting,
and the reader asks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from buildkit.config.image_forms import (
    arguments,
    assets,
    broken,
    environment,
    health,
    mount,
    slimming,
    system_packages,
    writable,
)

_IMAGE = r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_STAGE = r"\w([\w. -]*\w)?"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_PATTERN = r"[\w.*?\[\]!-]+"
_IDENTITY = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_MACRO = r"[A-Za-z_][A-Za-z0-9_]*"
_EXTRA = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_LIBRARY = r"[\w:][\w.+:-]*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_ENVIRONMENT = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_NAME = rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*"
_REPOSITORY = _NAME
_REFERENCE = rf"{_NAME}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{{32,}})?"

NATIVE_SOURCES = (".c", ".cpp", ".cc", ".cxx", ".c++", ".C")
"""The endings of C and C++ files that can be sources of a module."""

_LONGEST = 100  # bytes: room for what is put behind it, below the 255 of a file's name
_PORTS = range(1, 65536)


def image(name: str) -> None:
    """Check an image's name, which becomes a folder's name and part of the default repository."""
    if not re.fullmatch(_IMAGE, name):
        raise ValueError("a name of ASCII letters, digits, - and _ (such as api), at most 63 of them")


def stage(name: str) -> None:
    """Check a stage's name, which becomes a file's name."""
    if name and not (re.fullmatch(_STAGE, name) and len(name.encode("utf-8", "replace")) <= _LONGEST):
        raise ValueError(f"a name of letters, digits, spaces, - _ and . inside, at most {_LONGEST} bytes")


def module_pattern(text: str) -> None:
    """Check a module's name, or a pattern of module names."""
    if not re.fullmatch(_PATTERN, text) or ".." in text or text.startswith("."):
        raise ValueError('a module\'s name or a pattern of names, such as "app.fast" or "app.core.*"')


def packages(names: tuple[str, ...]) -> None:
    """Check the names of packages."""
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError('names of packages, such as "app"')


def folder(path: str) -> None:
    """Check that a path is printable and does not begin with `~`, which only a shell expands."""
    if path.startswith("~"):
        raise ValueError('a path without "~", which is not expanded here')
    if not path or not path.isprintable():
        raise ValueError("a path")


def within(paths: tuple[str, ...]) -> None:
    """Check that all globs are relative and stay in the project."""
    for path in paths:
        if not path or path.startswith(("/", "~")) or ".." in path.split("/") or not path.isprintable():
            raise ValueError("files and folders of the project, as paths relative to it")


def lock(path: str) -> None:
    """Check the path of a lock file, which counts from the folder of the service's pyproject.toml."""
    if path.startswith(("/", "~")) or not path.isprintable():
        raise ValueError('a file of the project by its relative path, such as "uv.lock"')


def extras(names: tuple[str, ...]) -> None:
    """Check names of extras and dependency groups."""
    for name in names:
        if not re.fullmatch(_EXTRA, name):
            raise ValueError("names of ASCII letters, digits, - _ and . inside")


def sources(paths: tuple[str, ...]) -> None:
    """Check that further sources of a module are C or C++ files, by paths relative to the project's folder."""
    for path in paths:
        if not path or path.startswith(("/", "~")) or not path.isprintable():
            raise ValueError("C and C++ files as paths relative to the project's folder")
        if not path.endswith(NATIVE_SOURCES):
            raise ValueError(f'C and C++ files ({", ".join(NATIVE_SOURCES)}), not "{path}"')


def libraries(names: tuple[str, ...]) -> None:
    """Check names of libraries as the linker takes them after `-l`."""
    for name in names:
        if not re.fullmatch(_LIBRARY, name):
            raise ValueError('names of libraries such as "m" or "ssl", without -l; other words go into `flags`')


def macros(table: Mapping[str, Any]) -> None:
    """Check macros: names as C has them, and texts, numbers or `true`."""
    for name, value in table.items():
        if not re.fullmatch(_MACRO, name):
            raise ValueError(f"names of macros, not {name!r}")
        if value is not True and (not isinstance(value, (str, int, float)) or value is False or broken(str(value))):
            raise ValueError(f"a text, a number or true for {name}")


def port(number: int) -> None:
    """Check the number of a port."""
    if number not in _PORTS:
        raise ValueError("a port from 1 to 65535")


def port_or_none(number: int) -> None:
    """Check the number of a port, or 0."""
    if number and number not in _PORTS:
        raise ValueError("a port from 1 to 65535, or 0 for none")


def service(name: str) -> None:
    """Check the name of a service, which stands before the lines of its log."""
    if not re.fullmatch(_IMAGE, name):
        raise ValueError("a name of ASCII letters, digits, - and _ (such as worker), at most 63 of them")


def repository(name: str) -> None:
    """Check the name of an image without a tag; empty for the default."""
    if name and not re.fullmatch(_REPOSITORY, name):
        raise ValueError('the name of an image without a tag, in lower case, such as "registry.example.org/team/api"')


def registry(place: str) -> None:
    """Check the place of the images in a registry; empty where there is none."""
    if place and not re.fullmatch(rf"{_HOST}(?:/{_PART})*", place):
        raise ValueError('a registry, with what stands before the names of images, such as "ghcr.io/team"')


def environment_name(name: str) -> None:
    """Check the name of an environment, which becomes part of a tag."""
    if not re.fullmatch(_ENVIRONMENT, name):
        raise ValueError("a name of lower-case letters, digits and - inside (such as staging), at most 40 of them")


def reference(name: str) -> None:
    """Check the name of an image with or without tag and digest; empty for the default."""
    if name and not re.fullmatch(_REFERENCE, name):
        raise ValueError('the name of an image, such as "python:3.12-slim"')


def base(name: str) -> None:
    """Check the name of a base: that of an image, or a folder with an OCI layout; empty for the default."""
    if name.startswith("oci:"):
        if not name.removeprefix("oci:").partition(":")[0] or not name.isprintable():
            raise ValueError('a folder with an OCI layout, such as "oci:../base"')
        return
    reference(name)


def builder(name: str) -> None:
    """Check the name of a builder; empty for the default."""
    if name and not re.fullmatch(_IDENTITY, name):
        raise ValueError('"docker", "oci", or the name of a buildx builder')


def platforms(names: tuple[str, ...]) -> None:
    """Check what an image is for."""
    for name in names:
        if not re.fullmatch(r"linux/[a-z0-9]+", name):
            raise ValueError(f'a system and a processor such as "linux/amd64" and "linux/arm64", not {name!r}')
    if len(set(names)) != len(names):
        raise ValueError("each one once")


def secrets(table: Mapping[str, Any]) -> None:
    """Check the secrets of a build: a name, and where the secret is."""
    for name, value in table.items():
        if not re.fullmatch(_IDENTITY, name):
            raise ValueError(f"names of letters, digits, - _ and ., not {name!r}")
        if not isinstance(value, str) or not value or not value.isprintable():
            raise ValueError(f'"env:VARIABLE" or a file for {name}')
        if value.startswith("env:") and not re.fullmatch(_VARIABLE, value[4:]):
            raise ValueError(f'"env:VARIABLE" or a file for {name}')


def command(words: Any) -> None:  # noqa: ANN401 - what `values` makes of a command
    """Check that a command is a list. A text would need a shell to split it into arguments."""
    if isinstance(words, str):
        raise ValueError('a list such as ["uvicorn", "app.main:app"]')  # noqa: TRY004 - as all forms


def alike(names: Iterable[str], same: str = "") -> list[tuple[str, str]]:
    """Return pairs of names that would become the same file or image.

    Args:
        names: such as those of all images.
        same: characters that count as one, as `-_` do in the name of an image; letters always do in either case, as
            they do on some disks.
    """
    import unicodedata  # noqa: PLC0415 - most projects have one image

    seen: dict[str, str] = {}
    found = []
    for name in names:
        folded = unicodedata.normalize("NFC", name).casefold().translate(str.maketrans(same, "-" * len(same)))
        if folded in seen:
            found.append((seen[folded], name))
        seen.setdefault(folded, name)
    return found


FORMS: Mapping[str, Callable[[Any], None]] = {
    "image": image,
    "stage": stage,
    "pattern": module_pattern,
    "packages": packages,
    "folder": folder,
    "within": within,
    "lock": lock,
    "extras": extras,
    "sources": sources,
    "libraries": libraries,
    "macros": macros,
    "mount": mount,
    "health": health,
    "port": port,
    "port_or_none": port_or_none,
    "service": service,
    "repository": repository,
    "base": base,
    "builder": builder,
    "platforms": platforms,
    "registry": registry,
    "environment_name": environment_name,
    "reference": reference,
    "arguments": arguments,
    "secrets": secrets,
    "environment": environment,
    "assets": assets,
    "slimming": slimming,
    "system_packages": system_packages,
    "writable": writable,
    "command": command,
}
