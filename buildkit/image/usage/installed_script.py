"""Prints what is installed for the interpreter that runs it, as JSON.

A program of its own: the standard library alone. Nothing that is installed is imported.
"""

# ruff: noqa: PTH112, PTH116, PTH117, PTH118, PTH119, PTH123 - pathlib doubles its time

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import platform
import re
import site
import sys
import sysconfig
from typing import Any

_CACHED = f".{sys.implementation.cache_tag}"


def main() -> None:
    """Print the answer."""
    found: dict[str, dict[str, Any]] = {}
    for each in importlib.metadata.distributions():
        name = each.metadata["Name"]
        if name and re.sub(r"[-_.]+", "-", name).lower() not in found:  # the first on the path is what is imported
            found[re.sub(r"[-_.]+", "-", name).lower()] = _described(each, name)
    print(  # noqa: T201 - its answer
        json.dumps(
            {
                "version": platform.python_version(),
                "prefix": sys.prefix,
                "base": getattr(sys, "_base_executable", None) or sys.executable,
                "markers": _markers(),
                "standard": sorted({*sys.stdlib_module_names, *sys.builtin_module_names}),
                "folders": _folders(),
                "distributions": list(found.values()),
            }
        )
    )


def _folders() -> list[str]:
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        places.append(site.getusersitepackages())
    return [*dict.fromkeys(os.path.realpath(place) for place in places if os.path.isdir(place))]


def _described(each: importlib.metadata.Distribution, name: str) -> dict[str, Any]:
    files = {}
    editable: list[str] = []
    for file in each.files or ():
        place = str(file.locate())
        files[str(file)] = _size(place)
        if place.endswith(".pth"):
            editable += _led_to(place)
        elif re.fullmatch(r"__editable__\w*_finder\.py|_editable_impl_\w+\.py", os.path.basename(place)):
            editable += _mapped(place)
        if place.endswith(".py"):
            folder, base = os.path.split(str(file))
            for suffix in ("", ".opt-1", ".opt-2"):
                cached = os.path.join(folder, "__pycache__", f"{base[:-3]}{_CACHED}{suffix}.pyc")
                if cached not in files and (size := _size(os.path.join(str(each.locate_file("")), cached))):
                    files[cached] = size
    metadata = each.metadata
    return {
        "name": name,
        "version": metadata["Version"] or "",
        "requires": metadata.get_all("Requires-Dist") or [],
        "points": [[point.group, point.name, point.value] for point in each.entry_points],
        "top": (each.read_text("top_level.txt") or "").split(),
        "files": files,
        "folder": str(each.locate_file("")),
        "editable": editable,
    }


def _size(place: str) -> int:
    try:
        return os.stat(place).st_size
    except OSError:
        return 0


def _led_to(place: str) -> list[str]:
    """Return the folders that a `.pth` file puts on the path."""
    try:
        with open(place, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, ValueError):
        return []
    return [f"{line}/" for line in lines if os.path.isabs(line) and os.path.isdir(line)]


def _mapped(place: str) -> list[str]:
    """Return the places of modules to which the finder of an editable install leads."""
    try:
        with open(place, encoding="utf-8") as file:
            found = re.search(r"^MAPPING[^=]*=\s*(\{.*\})\s*$", file.read(), re.MULTILINE)
        mapping = ast.literal_eval(found[1]) if found else {}
    except (OSError, ValueError, SyntaxError):
        return []
    return [str(each) for each in mapping.values()]


def _markers() -> dict[str, str]:
    version = sys.implementation.version
    number = f"{version.major}.{version.minor}.{version.micro}"
    if version.releaselevel != "final":
        number += version.releaselevel[0] + str(version.serial)
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": number,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


if __name__ == "__main__":
    sys.path[:] = sys.path[1:]  # not the folder of this program
    main()
