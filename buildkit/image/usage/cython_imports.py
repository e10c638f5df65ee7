"""Finds what a source of Cython imports: line by line, since Python's own parser does not take it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from buildkit.image.usage import texts
from buildkit.image.usage.use import Kind, Use

_FROM = re.compile(r"from\s+([\w.]+)\s+(c?import)\s*\(?\s*(.*)", re.DOTALL)
_IMPORT = re.compile(r"(c?import)\s+(.+)", re.DOTALL)
_CALL = re.compile(r"\b(?:import_module|__import__)\s*\(\s*(?:[rbuRBU]?[\"']([\w.]+)[\"'])?")
_EXTERN = re.compile(r"extern\s+from\s+[\"']<?(\w+)/")
_QUOTED = re.compile(r"[\"']([^\"'\n]{1,200})[\"']")
_COMMENT = re.compile(r"#[^\n\"']*$", re.MULTILINE)
_ITS_OWN = frozenset({"libc", "libcpp", "cpython", "cython", "posix", "openmp"})
"""Declarations that come with Cython."""


def uses_in_cython(text: str, file: str) -> list[Use]:
    """Return what a `.pyx`, `.pxd` or `.pxi` names.

    Args:
        text: its source.
        file: its path, for the uses.
    """
    found: list[Use] = []
    for line, statement in _statements(text):
        found += [Use(name, kind, file, line, members) for name, kind, members in _imports(statement)]
        found += [Use(name, "cimport", file, line) for name in _EXTERN.findall(statement)]
        for call in _CALL.finditer(statement):
            found.append(Use(call[1] or "", "import" if call[1] else "dynamic", file, line))
        found += [Use(driver, how, file, line) for driver, how in texts.drivers(statement)]
        for quoted in _QUOTED.findall(statement):
            if (word := texts.word(quoted)) is not None:
                found.append(Use(word, "path" if "." in word else "word", file, line))
    return found


def _imports(statement: str) -> Iterator[tuple[str, Kind, tuple[str, ...]]]:
    if (found := _FROM.match(statement)) is not None:
        module, how, names = found.groups()
        members = tuple(re.split(r"\s+as\s+", each.strip(" ()\\\n"))[0] for each in names.split(","))
        if not module.startswith("."):
            yield from _of(how, module, tuple(each for each in members if each))
    elif (found := _IMPORT.match(statement)) is not None:
        for each in found[2].split(","):
            name = each.split()[0] if each.split() else ""
            if re.fullmatch(r"[\w.]+", name):
                yield from _of(found[1], name, ())


def _of(how: str, module: str, members: tuple[str, ...]) -> Iterator[tuple[str, Kind, tuple[str, ...]]]:
    if how == "import":
        yield module, "import", members
    elif module.partition(".")[0] not in _ITS_OWN:
        yield module, "cimport", members


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the logical lines, each with its number: brackets and backslashes join; `;` and a colon part."""
    waiting, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = _COMMENT.sub("", line).rstrip()
        start = start or number
        waiting += bare.removesuffix("\\").strip() + " "
        if bare.endswith("\\") or (waiting.count("(") > waiting.count(")") and re.match(r"from\s", waiting)):
            continue
        for part in re.split(r";|(?<=:)\s(?=(?:from|import|cimport)\s)", waiting):
            if part.strip():
                yield start, part.strip()
        waiting, start = "", 0
