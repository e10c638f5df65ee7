"""Reads the `# distutils:` settings from the comments at the head of a source and of the `.pxd` files that it uses.

The keys and how a value is written are Cython's. The settings of a module are those of its own lines and, for most
keys, of every `.pxd` that its translation read.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from buildkit.compile.asked import NOTHING_ASKED, Asked
from buildkit.compile.flags import Flags
from buildkit.compile.places import OWN, Places
from buildkit.core.fingerprint import digest_bytes
from buildkit.doors import reading

NUMPY = "numpy"
"""Stands for the include folder of the target interpreter's numpy."""

_LISTS = {"define_macros", "undef_macros", "sources", "extra_objects"}
_INHERITED = {
    "include_dirs",
    "libraries",
    "library_dirs",
    "runtime_library_dirs",
    "extra_compile_args",
    "extra_link_args",
}
_ITEM = r"""(?:"[^"]*"|'[^']*'|[^%s"'])+"""
_EXTERN = re.compile(r"""^[ \t]*cdef\s+extern\s+from\s+["']([^"'<>]+)["']""", re.MULTILINE)
_NUMPY = re.compile(r"^[^#\n]*\b(?:from[ \t]+numpy\b[\w.]*[ \t]+cimport|cimport[^#\n]*\bnumpy)\b", re.MULTILINE)
_MACHINE = re.compile(r"\bUNAME_(?:SYSNAME|NODENAME|RELEASE|VERSION|MACHINE)\b")
_PLUS_PLUS = (".cpp", ".cc", ".cxx", ".c++", ".C")
_SOURCES = (".pyx", ".py", ".pxd", ".pxi")


@dataclass(frozen=True, slots=True)
class DistutilsSettings:
    """The distutils settings of one extension: what it needs beyond its translated C. Paths are portable names.

    Args:
        language: `c` or `c++`.
        include: folders of headers, searched after those of every module.
        sources: further C and C++ files, compiled with it.
        libraries: folders that the linker searches.
        objects: compiled files that are linked as they are.
        compile: compiler flags.
        link: linker flags, placed after the objects.
        probes: where headers that are declared were looked for: `+NAME` was there, `-NAME` was not.
        machine: Cython's compile-time names of the machine that the sources use, such as `UNAME_MACHINE`.
        shared: those of `sources` that the settings name: they are compiled without the folder of any module.
    """

    language: str = "c"
    include: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    machine: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def is_plus_plus(self) -> bool:
        """Whether it is compiled and linked as C++."""
        return self.language == "c++" or any(source.endswith(_PLUS_PLUS) for source in self.sources)

    @property
    def flags(self) -> Flags:
        """The words for both calls."""
        return Flags(self.compile, self.link)

    def as_entry(self) -> dict[str, Any]:
        """Return the settings that differ from the defaults, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value != getattr(NO_SETTINGS, name)}


NO_SETTINGS = DistutilsSettings()


def from_entry(entry: Mapping[str, Any]) -> DistutilsSettings:
    """Return the settings that `DistutilsSettings.as_entry` wrote."""
    given: dict[str, Any] = {name: value if name == "language" else tuple(value) for name, value in entry.items()}
    return DistutilsSettings(**given)


def declared_language(path: str) -> str:
    """Return the language that a source declares in its own comments: `c` or `c++`; `c` where the file cannot be read.

    Raises:
        OSError: the file is larger than any source.
    """
    try:
        return _language(settings(reading.read_text(path, errors="replace")))
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise
        return "c"


def settings_of(
    source: str, read: Mapping[str, str], places: Places, asked: Asked = NOTHING_ASKED
) -> DistutilsSettings | None:
    """Return the settings of a module: those of its own lines and of each `.pxd` that its translation read.

    Where `cdef extern from` names a header that lies beside the file that says so, that folder is searched too.

    Args:
        source: the name of its source.
        read: what its translation read, in that order, with the digests.
        places: where inputs lie; paths are relative to the project's folder, as for a setup.py there.
        asked: what pyproject.toml asks for besides; its language wins.

    Returns:
        None if one of the files has changed since it was read.
    """
    texts: dict[str, str] = {}
    for name in sorted(read, key=lambda name: name != source):
        if name.endswith(_SOURCES):
            content = _content(places.path(name))
            if digest_bytes(content) != read[name]:
                return None
            texts[name] = content.decode("utf-8", "replace")
    values = settings(texts.get(source, ""))
    for name, text in texts.items():
        if name.endswith(".pxd"):
            _inherit(values, settings(text))
    beside, probes = _beside(texts, source, places)
    numpy = (NUMPY,) if any(map(_NUMPY.search, texts.values())) else ()
    include = dict.fromkeys((*_names(values.get("include_dirs", ()), places), *beside, *numpy))
    shared = _names(asked.sources, places)
    return DistutilsSettings(
        language=asked.language or _language(values),
        include=tuple(include),
        sources=tuple(dict.fromkeys((*_names(values.get("sources", ()), places), *shared))),
        libraries=_names(values.get("library_dirs", ()), places),
        objects=_names(values.get("extra_objects", ()), places),
        compile=(
            *(f"-D{macro}" for macro in values.get("define_macros", ())),
            *(f"-U{macro}" for macro in values.get("undef_macros", ())),
            *values.get("extra_compile_args", ()),
            *(f"-D{name}={value}" if value else f"-D{name}" for name, value in asked.macros),
        ),
        link=(
            *(f"-Wl,-rpath,{folder}" for folder in values.get("runtime_library_dirs", ())),
            *(f"-l{library}" for library in dict.fromkeys((*values.get("libraries", ()), *asked.libraries))),
            *values.get("extra_link_args", ()),
        ),
        probes=probes,
        machine=tuple(sorted({name for text in texts.values() for name in _MACHINE.findall(text)})),
        shared=shared,
    )


def _inherit(values: dict[str, Any], others: Mapping[str, Any]) -> None:
    """Add the settings that a module inherits from a `.pxd`."""
    for key, value in others.items():
        if key == "language":
            values.setdefault(key, value)
        elif key in _INHERITED:
            known = values.setdefault(key, [])
            values[key] = [*known, *(item for item in value if item not in known)]


def _beside(texts: Mapping[str, str], source: str, places: Places) -> tuple[list[str], tuple[str, ...]]:
    """Return the folders in which headers declared with `cdef extern from` lie, and a probe for each header."""
    searched = {source.rpartition("/")[0] if "/" in source else "source", "source"}
    folders, probes = [], set()
    for name, text in texts.items():
        folder = name.rpartition("/")[0] if "/" in name else name.partition(" ")[0]
        if name.startswith((*OWN, "sibling ")) and folder not in searched:
            for header in _EXTERN.findall(text):
                place = os.path.normpath(f"{os.path.dirname(places.path(name))}/{header}")  # noqa: PTH120
                there = os.path.isfile(place)  # noqa: PTH113
                declared = places.name(place)
                if declared is not None:
                    probes.add(f"{'+' if there else '-'}{declared}")
                    folders += [folder] if there else []
    return folders, tuple(sorted(probes))


def _content(path: str) -> bytes:
    try:
        return reading.read(path, most=reading.TEXT)
    except OSError:
        return b""


def _language(values: Mapping[str, Any]) -> str:
    return "c++" if values.get("language", "").lower() in {"c++", "cpp"} else "c"


def settings(text: str) -> dict[str, Any]:
    """Return the `# distutils:` settings in the comments before the first line of code; unknown keys are left out."""
    found: dict[str, Any] = {}
    for raw in text.splitlines():
        line = raw.strip()
        if line and not line.startswith("#"):
            break
        words = line[1:].lstrip()
        if words.startswith("distutils:"):
            key, _, value = (part.strip() for part in words[len("distutils:") :].partition("="))
            if key == "language":
                found[key] = value
            elif key in _LISTS or key in _INHERITED:
                found[key] = items(value)
    return found


def items(value: str) -> list[str]:
    """Return the items of a list: between blanks, or between commas within brackets; quotes keep both."""
    bare = value.startswith("[") and value.endswith("]")
    found = re.findall(_ITEM % ("," if bare else r"\s"), value[1:-1] if bare else value)
    return [_unquoted(item.strip()) for item in found if item.strip()]


def portable_name(path: str, places: Places) -> str:
    """Return the portable name of a path in the project, which need not be there.

    Args:
        path: absolute, or relative to the project's folder.
        places: where inputs lie.
    """
    place = os.path.normpath(os.path.join(places.project or places.source, path))  # noqa: PTH118 - a text in, a text out
    name = places.name(f"{place}/.")
    if name is None:
        return f"file {place}"
    return name if name.endswith(" .") else name.removesuffix("/.")


def portable_folder_name(folder: str, places: Places) -> str:
    """Return the portable name of a folder as settings write it: a path in the project, or `package:NAME/FOLDER`."""
    kind, _, inner = folder.partition(":")
    return f"site {inner}" if kind == "package" else portable_name(folder, places)


def _names(paths: Iterable[str], places: Places) -> tuple[str, ...]:
    return tuple(portable_name(path, places) for path in paths)


def _unquoted(item: str) -> str:
    quoted = len(item) > 1 and item[0] == item[-1] and item[0] in "\"'"
    return item[1:-1] if quoted else item
