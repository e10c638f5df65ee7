"""Compares a project's files before and after, and decides what the changes require, from a reload to a restart.

Events of a watcher only say where to look. What happened follows from the contents before and after: a file that was
deleted and made again was modified, one that was saved with the same content did not change at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache

from buildkit.model import ABSENT, WORK, Reason


class Need(Enum):
    """What a change requires. The members are in the order of the work."""

    RELOAD = "reload the settings"
    INSTALL = "install the dependencies"
    REBUILD = "rebuild"
    MIGRATE = "migrate"
    REFRESH = "refresh the data"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a project which kind of file lies. All paths are relative to the project, with forward slashes.

    Args:
        settings: the pyproject.toml files that count.
        source_root: the folder of the packages; empty for the project itself.
        packages: folders or modules (without ending) of the service's code.
        compiles: whether plain Python is compiled at all.
        exclude: globs relative to the source root; these modules stay Python although the others are compiled.
        versions: folders of revision files.
        inputs: globs of the data pipeline's input files; a folder means every file under it.
        stages: the modules (without ending) that hold a stage's callable.
        outputs: folders that the suite writes; nothing in them counts.
        locks: the files that lock what is installed.
        migrations: the files that say how is migrated: Alembic's settings, and its env.py.
        watched: globs of further files, each of which concerns the services that name it.
        claimed: those of these globs that name code which concerns no other service.
        native: files, and folders of files, in C and C++ and of declarations, which modules are compiled with.
    """

    settings: tuple[str, ...] = ("pyproject.toml",)
    source_root: str = ""
    packages: tuple[str, ...] = ()
    compiles: bool = False
    exclude: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    outputs: tuple[str, ...] = (WORK,)
    locks: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    native: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reaction:
    """The answer to a set of changes.

    Args:
        needs: what to do, in order, each once; empty where nothing that counts has changed.
        reason: the first file, and how many more.
        files: every file that counts, as a path relative to the project.
    """

    needs: tuple[Need, ...]
    reason: Reason
    files: tuple[str, ...]


NO_REACTION = Reaction((), Reason("unchanged"), ())

IGNORED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "test", "tests"})
"""Folders without code of the service, beside all whose name starts with a dot."""

_COMPILED_ALWAYS = (
    *(".pyx", ".pxd", ".pxi"),
    *(".c", ".C", ".cc", ".cpp", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp", ".tcc"),
)
_NEVER_COMPILED = ("__init__.py", "__main__.py")
_WILD = {"**/": "(?:.+/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_TESTS = ("test_*.py", "*_test.py", "conftest.py")


def needs_of(path: str, layout: Layout) -> tuple[Need, ...]:
    """Return what a change of the file `path` requires: nothing for docs, tests, assets and whatever the suite writes.

    A plain module in doubt counts as compiled: the compilation decides by content and leaves it alone if it is not.
    """
    needs = needs_of_all(path, layout)
    if needs and Need.REFRESH not in needs:
        return needs
    if any(_within(path, folder) for folder in layout.outputs):
        return needs
    return (*needs, Need.RESTART) if any(glob_pattern(glob).fullmatch(path) for glob in layout.watched) else needs


def needs_of_all(path: str, layout: Layout) -> tuple[Need, ...]:
    """Return the same without the files that count for single services alone, which name them."""
    if path in layout.settings or path in layout.locks:
        return (Need.RELOAD if path in layout.settings else Need.INSTALL,)
    if any(_within(path, folder) for folder in layout.outputs):
        return ()
    if path in layout.migrations or (path.endswith(".py") and any(_within(path, folder) for folder in layout.versions)):
        return (Need.MIGRATE,)
    if any(glob_pattern(glob).fullmatch(path) for glob in layout.inputs):
        return (Need.REFRESH,)
    if not _is_code(path, layout):
        return (Need.REBUILD,) if _is_native(path, layout) else ()
    compiled = path.endswith(_COMPILED_ALWAYS) or (layout.compiles and not _stays_python(path, layout))
    code = Need.REBUILD if compiled else Need.RESTART
    return (code, Need.REFRESH) if path.rpartition(".")[0] in layout.stages else (code,)


def concerns_all(path: str, layout: Layout) -> bool:
    """Return whether a change of the file `path` concerns all services that name no files, whoever else names it."""
    needs = {*needs_of_all(path, layout)}
    claimed = needs <= {Need.REBUILD, Need.RESTART} and any(
        glob_pattern(glob).fullmatch(path) for glob in layout.claimed
    )
    return bool(needs) and not claimed


def react(before: Mapping[str, str], after: Mapping[str, str], layout: Layout) -> Reaction:
    """Return the reaction to the changes between two scans of the same files.

    Args:
        before: the digest of each file as it was; a file that is not named was not there.
        after: the digest of each file as it is now.
        layout: what the paths mean.
    """
    order = list(Need)
    found: list[tuple[int, str]] = []
    wanted: set[Need] = set()
    for path in {*before, *after}:
        if before.get(path, ABSENT) == after.get(path, ABSENT):
            continue
        needs = needs_of(path, layout)
        if needs:
            found.append((order.index(needs[0]), path))
            wanted.update(needs)
    if not found:
        return NO_REACTION
    files = tuple(path for _, path in sorted(found))
    verb = _verb(before.get(files[0], ABSENT), after.get(files[0], ABSENT))
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return Reaction(with_consequences(wanted), Reason(verb, files[0] + more), files)


def with_consequences(needs: Iterable[Need]) -> tuple[Need, ...]:
    """Return the needs and those that they imply, each once, in the order of the work."""
    wanted = set(needs)
    if wanted & {Need.REBUILD, Need.MIGRATE}:
        wanted.add(Need.RESTART)
    return tuple(need for need in Need if need in wanted)


@lru_cache(maxsize=256)
def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern of an input's glob: `**/` spans folders, and whatever matches a folder means all below it."""
    pattern = ""
    for part in re.findall(r"\*\*/|\*\*|\*|\?|\[[^]]+]|.", glob.removeprefix("./").rstrip("/"), re.DOTALL):
        if part in _WILD:
            pattern += _WILD[part]
        elif len(part) > 1:
            pattern += part.replace("[!", "[^")
        else:
            pattern += re.escape(part)
    return re.compile(pattern + "(?:/.*)?", re.DOTALL)


def glob_place(glob: str) -> str:
    """Return the file or folder in or below which all matches of `glob` lie."""
    parts = glob.removeprefix("./").rstrip("/").split("/")
    fixed = next((at for at, part in enumerate(parts) if set(part) & set("*?[")), len(parts))
    return "/".join(parts[:fixed])


def _is_code(path: str, layout: Layout) -> bool:
    if not path.endswith((".py", *_COMPILED_ALWAYS)):
        return False
    if not any(_within(path, place) or path.rpartition(".")[0] == place for place in layout.packages):
        return False
    *folders, name = path.removeprefix(f"{layout.source_root}/").split("/")
    if any(folder in IGNORED_FOLDERS or folder.startswith(".") for folder in folders):
        return False
    return not any(fnmatchcase(name, glob) for glob in _TESTS)


def _is_native(path: str, layout: Layout) -> bool:
    return path.endswith(_COMPILED_ALWAYS) and any(path == place or _within(path, place) for place in layout.native)


def _stays_python(path: str, layout: Layout) -> bool:
    inside = path.removeprefix(f"{layout.source_root}/")
    return inside.endswith(_NEVER_COMPILED) or any(fnmatchcase(inside, glob) for glob in layout.exclude)


def _within(path: str, folder: str) -> bool:
    return folder == "" or path.startswith(f"{folder}/")


def _verb(before: str, after: str) -> str:
    return "new" if before == ABSENT else "deleted" if after == ABSENT else "changed"
