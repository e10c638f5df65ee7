"""Which modules there are, and how each is to be compiled."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

from buildkit.compile.module import INIT, Module, module_of, name_of, require_used
from buildkit.config import Config
from buildkit.core import alembic, commands
from buildkit.model import Reason

_KEPT = {
    "__main__": Reason("python -m needs its code object"),
    "conftest": Reason("pytest runs it"),
}
_AT_THE_TOP = {"tasks": Reason("Invoke runs it"), "noxfile": Reason("Nox runs it"), "setup": Reason("a build runs it")}
_IMPORTED_ALL_THE_SAME = frozenset(("excluded", "backend none"))
_OF_TESTS = frozenset({"tests", "test"})
_WILD = {*"*?["}
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class Modules:
    """All modules of the project.

    Args:
        compiled: those to compile, by name.
        kept: those that stay Python, by name, each with its reason; a package's `__init__` is not listed.
        looked: every folder and link that was examined; a file that appears or disappears there may be a module.
    """

    compiled: Mapping[str, Module]
    kept: Mapping[str, Reason]
    looked: frozenset[str]


def find_modules(config: Config) -> Modules:
    """Return the modules of the configured packages.

    Raises:
        ConfigurationError: settings of a module that do not fit it, or that are for none.
    """
    compiled: dict[str, Module] = {}
    kept: dict[str, Reason] = {}
    looked: set[str] = set()
    excluded = _matcher(config.exclude)
    odd: list[str] = []
    found = list(dict.fromkeys(_files(config, (".py", ".pyx"), looked, odd)))
    mains = _main_modules(config)
    of_alembic = _of_alembic(config.source, found, looked)
    for source in found:
        name = name_of(source)
        stem = source.rpartition("/")[2].partition(".")[0]
        if stem == INIT and source.endswith(".py"):
            continue
        by_name = _kept_for_its_name(source, stem)
        if by_name is not None:
            kept[name] = by_name
            continue
        if name in mains:
            kept[name] = Reason("python -m runs it")
            continue
        if of_alembic and alembic.is_below(source.rpartition("/")[0], of_alembic):
            kept[name] = Reason("Alembic runs it by its path")
            continue
        pattern = excluded(source)
        if pattern is not None:
            kept[name] = Reason("excluded", pattern)
            continue
        module = module_of(config, name, source)
        if module.backend == "none":
            kept[name] = Reason("backend none")
        else:
            compiled[name] = module  # of two sources the .pyx comes last and wins: the .py is what runs uncompiled
    for place in odd:
        kept[place.rpartition(".")[0].replace("/", ".")] = Reason("not a file", place)
    kept = {name: reason for name, reason in kept.items() if name not in compiled}
    require_used(config, {**compiled, **kept})
    return Modules(compiled, kept, frozenset(looked))


def find_importable(config: Config) -> dict[str, str]:
    """Return the sources of the modules and packages that a program may import, by name; of two sources the `.py`.

    Left out is what other tools run by its path, and what to import is to run: tests, Alembic's folder, `__main__`,
    programs of Invoke, Nox and `python -m`.

    Raises:
        ConfigurationError: settings of a module that do not fit it, or that are for none.
    """
    return {name: source for name, (source, importable) in _roles(config).items() if importable}


def find_unimportable(config: Config) -> frozenset[str]:
    """Return the modules and packages that `find_importable` leaves out."""
    return frozenset(name for name, (_, importable) in _roles(config).items() if not importable)


def _roles(config: Config) -> dict[str, tuple[str, bool]]:
    """Return the source of each module and package, and whether a program may import it."""
    modules = find_modules(config)
    sources = sorted(_files(config, (".py", ".pyx"), set(), []), key=lambda source: source.endswith(".py"))
    of_alembic = _of_alembic(config.source, sources, set())
    found = {}
    for source in sources:
        name = name_of(source)
        folder, _, file = source.rpartition("/")
        if file.startswith(f"{INIT}."):
            importable = _OF_TESTS.isdisjoint(folder.split("/")) and not alembic.is_below(folder, of_alembic)
        else:
            importable = name in modules.compiled or modules.kept[name].kind in _IMPORTED_ALL_THE_SAME
        found[name] = source, importable
    return dict(sorted(found.items()))


def _kept_for_its_name(source: str, stem: str) -> Reason | None:
    """Return why a source stays Python whatever is in it, None if nothing is against it."""
    folders = source.split("/")[:-1]
    if not folders and stem in _AT_THE_TOP:
        return _AT_THE_TOP[stem]
    if _OF_TESTS & {*folders} or stem.startswith("test_") or stem.endswith("_test"):
        return Reason("a test")
    return _KEPT.get(stem)


def _main_modules(config: Config) -> frozenset[str]:
    """Return the modules that commands of the project run as main ones: Python runs no extension that way."""
    stages = [each.run for each in config.data.stage if not isinstance(each.run, str)]
    images = [each.command for each in config.image.values()]
    services = [*config.dev.service.values()]
    ready = [words for words in (config.dev.ready, *(each.ready for each in services)) if not isinstance(words, str)]
    commands_of_dev = [config.dev.command, *(each.command for each in services)]
    found = (*stages, *images, *commands_of_dev, *ready, config.nox.tests)
    return frozenset().union(*map(commands.main_modules, found))


def _of_alembic(root: Path, sources: Iterable[str], looked: set[str]) -> frozenset[str]:
    """Return the folders among those of the sources that Alembic runs: env.py and the revisions."""
    found = set()
    for source in sources:
        folder, _, name = source.rpartition("/")
        if name == alembic.ENVIRONMENT and folder:
            file = root / source
            looked.add(str(file))
            with contextlib.suppress(OSError):
                if alembic.is_environment(file.read_bytes()):
                    found.add(folder)
    return frozenset(found)


def _matcher(patterns: Sequence[str]) -> Callable[[str], str | None]:
    """Return a function that returns the first pattern that a path matches.

    Patterns without a wildcard are looked up in a set, as there may be thousands.
    """
    names = {pattern for pattern in patterns if not _WILD & {*pattern}}
    globs = [(pattern, re.compile(translate(pattern))) for pattern in patterns if pattern not in names]

    def matched(path: str) -> str | None:
        return path if path in names else next((glob for glob, words in globs if words.match(path)), None)

    return matched


def find_extensions(config: Config, suffix: str) -> Iterator[tuple[str, str]]:
    """Yield each extension with the ending `suffix` in the packages, as pairs of module name and path.

    Raises:
        PermissionError: a folder cannot be read.
    """
    for path in _files(config, (suffix,), set(), []):
        yield name_of(path), path


def find_headers(config: Config) -> Iterator[tuple[str, str]]:
    """Yield each header in the packages that a module may have declared for others, with the name of that module.

    Raises:
        PermissionError: a folder cannot be read.
    """
    for path in _files(config, (".h",), set(), []):
        stem = path.removesuffix(".h").removesuffix("_api")
        folder, _, last = stem.rpartition("/")
        is_of_package = folder.rpartition("/")[2] == last and (config.source / folder / f"{INIT}.pyx").exists()
        yield name_of(f"{folder}/{INIT}" if is_of_package else stem), path


def _files(config: Config, endings: tuple[str, ...], looked: set[str], odd: list[str]) -> Iterator[str]:
    """Yield the files of modules in the packages relative to the source root, those of each package sorted.

    The extensions of a folder bear one name. So where two names lead to it, the first counts, and a real one before a
    link.

    Args:
        config: the project.
        endings: those of the files.
        looked: every folder and link that was visited is added.
        odd: paths with such a name that are no regular files are added.

    Raises:
        PermissionError: a folder cannot be read. To skip it would mean that its modules are gone.
    """
    root = config.source
    walk = _Walk(str(root), endings, looked, odd)
    for package in config.packages or _top_level(root, looked):
        place = package.replace(".", "/")
        looked.add(os.path.dirname(f"{root}/{place}"))  # noqa: PTH120 - a text in, a text out
        if (root / place).is_dir():
            yield from sorted(walk.files(place))
        else:
            yield from (f"{place}{ending}" for ending in endings if (root / f"{place}{ending}").is_file())
    for link in walk.links:  # the list grows under way
        yield from sorted(walk.files(link))


def top_level_packages(config: Config) -> tuple[str, ...]:
    """Return the packages under the source root, where the settings name none."""
    return tuple(_top_level(config.source, set()))


def _top_level(root: Path, looked: set[str]) -> Iterable[str]:
    folders = [entry for entry in root.iterdir() if entry.name.isidentifier()]
    inits = {folder: [f"{folder}/{INIT}{ending}" for ending in (".py", ".pyx")] for folder in folders}
    looked |= {str(root), *(init for each in inits.values() for init in each)}
    return sorted(folder.name for folder, each in inits.items() if any(map(os.path.exists, each)))


class _Walk:
    """A walk through folders, through each once at most.

    Args:
        root: the source root.
        endings: those of the files that are looked for.
        looked: is added to: every folder, and every link, since what it leads to can come and go without a trace in
            its own folder.
        odd: paths with such a name that are no regular files are added.

    `links` has the linked folders on the way, which are not followed.
    """

    def __init__(self, root: str, endings: tuple[str, ...], looked: set[str], odd: list[str]) -> None:
        self._root = root
        self._odd = odd
        self._endings = endings
        self._looked = looked
        self._seen: set[tuple[int, int]] = set()
        self.links: list[str] = []

    def files(self, place: str) -> Iterator[str]:
        """Yield the files below `place`, unsorted; files that vanish during the walk are left out."""
        waiting = [place]  # no recursion: a tree may be deeper than Python's stack
        while waiting:
            yield from self._in(waiting.pop(), waiting)

    def _in(self, place: str, below: list[str]) -> Iterator[str]:
        """Yield the files of one folder, and put the folders in it to those `below`."""
        folder = f"{self._root}/{place}"
        self._looked.add(folder)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
            about = os.stat(folder)  # noqa: PTH116 - the no-change path asks for each folder
            if (about.st_dev, about.st_ino) in self._seen:
                return
            self._seen.add((about.st_dev, about.st_ino))
            for entry in entries:
                name = entry.name
                linked = entry.is_symlink()
                if linked:
                    self._looked.add(entry.path)
                stem, _, ending = name.partition(".")
                if not stem.isidentifier():
                    continue
                if f".{ending}" in self._endings:
                    if _is(entry.is_file):
                        yield f"{place}/{name}"
                    elif os.path.exists(entry.path):  # noqa: PTH110 - no link that leads nowhere
                        self._odd.append(f"{place}/{name}")
                elif not ending and name not in _SKIPPED_FOLDERS and _is(entry.is_dir):
                    (self.links if linked else below).append(f"{place}/{name}")


def _is(kind: Callable[[], bool]) -> bool:
    """Return `kind()`, or False for a symbolic link that leads to itself."""
    try:
        return kind()
    except OSError:
        return False
