"""What mypyc's C is made of: which files one library or shim needs, and what a source imports. Pure but for reading."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from buildkit.compile.places import Places
from buildkit.doors import reading

_INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
_IMPORT = re.compile(
    rb"\bfrom\s+([\w.]+)\s+import\b|\bimport[ \t]+([\w.]+(?:[ \t]+as[ \t]+\w+)?(?:[ \t\\\n]*,[ \t\\\n]*[\w. \t]+)*)"
)
_TABLE = re.compile(r"^\s*\[+\s*tool\s*\.\s*[\"']?mypy\b.*?(?=^\s*\[|\Z)", re.MULTILINE | re.DOTALL)


def included(sources: Sequence[str], text: Callable[[str], str | None]) -> dict[str, str]:
    """Return the texts of all files that the C files `sources` include, and those of theirs, by their names.

    Args:
        sources: names of C files; none of them is among the result.
        text: gives the text of the file of a name, None if there is none. `<…>` names it as it is; `"…"` is looked for
            beside the file that says it before.
    """
    found: dict[str, str] = {}
    waiting = [*sources]
    while waiting:
        at = waiting.pop()
        for quoted, angled in _INCLUDE.findall(found.get(at) or text(at) or ""):
            beside = [os.path.normpath(os.path.join(os.path.dirname(at), quoted))] if quoted else []  # noqa: PTH118, PTH120
            for name in (*beside, quoted or angled):
                content = text(name)
                if content is not None:
                    if name not in found and name not in sources:
                        found[name] = content
                        waiting.append(name)
                    break
    return dict(sorted(found.items()))


def imported(paths: Iterable[str]) -> list[str]:
    """Return the first part of every name that the sources at `paths` may import; rather one too many."""
    tops: set[bytes] = set()
    for path in paths:
        if path.endswith((".py", ".pyi")):
            with contextlib.suppress(OSError):
                for start, several in _IMPORT.findall(reading.read(path, most=reading.TEXT)):
                    tops |= {name.partition(b".")[0] for name in ([start] if start else _names(several))}
    texts = (top.decode("utf-8", "replace") for top in tops)
    return sorted(text for text in texts if text.isidentifier())


def _names(several: bytes) -> list[bytes]:
    return [part.split()[0] for part in several.replace(b"\\", b" ").split(b",") if part.split()]


def settings_file(places: Places) -> str:
    """Return mypy's settings for the project: as mypy finds them, but never those of the machine's user; or nothing."""
    folder = Path(places.source)
    while True:
        for name in ("mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg"):
            path = folder / name
            if path.is_file() and _speaks_of_mypy(path):
                return str(path)
        if str(folder) == places.project or folder == folder.parent:
            return ""
        folder = folder.parent


def settings_text(path: str) -> str:
    """Return what a file says to mypy; of a pyproject.toml the tables of mypy alone."""
    text = reading.read_text(path, errors="replace") if path else ""
    return "".join(_TABLE.findall(text)) if path.endswith(".toml") else text


def _speaks_of_mypy(path: Path) -> bool:
    if path.name in {"mypy.ini", ".mypy.ini"}:
        return True
    text = reading.read_text(path, errors="replace")
    if path.suffix == ".toml":
        return _TABLE.search(text) is not None
    parser = configparser.RawConfigParser()
    with contextlib.suppress(configparser.Error):
        parser.read_string(text)
    return parser.has_section("mypy")
