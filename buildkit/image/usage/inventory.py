"""What is installed for an interpreter, and whose a module is: found by the module's file, as RECORD lists it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.core.untrusted import shown
from buildkit.dependencies.markers import BadMarker, condition
from buildkit.dependencies.names import normalized
from buildkit.dependencies.needs import BadNeed, Need, of_text
from buildkit.doors import process
from buildkit.errors import ConfigurationError

_SCRIPT = Path(__file__).with_name("installed_script.py")
_SOURCES = (".py", ".so", ".pyd", ".pyi")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed package.

    Args:
        name: its name, normalized.
        version: its version.
        requires: what it requires, with the extra of each in its marker.
        points: its entry points: group, name, value.
        files: its files with their bytes, relative to `folder`; bytecode that is there counts.
        folder: where it is installed.
        modules: the modules that it brings, dotted; packages without an `__init__` are none.
        tops: the modules by which it is imported, those of namespaces by their first part that is its own.
    """

    name: str
    version: str
    requires: tuple[Need, ...] = ()
    points: tuple[tuple[str, str, str], ...] = ()
    files: Mapping[str, int] = field(default_factory=dict)
    folder: str = ""
    modules: frozenset[str] = frozenset()
    tops: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(self.files.values())

    @property
    def commands(self) -> tuple[str, ...]:
        """The programs that it brings."""
        scripts = (name for group, name, _ in self.points if group in {"console_scripts", "gui_scripts"})
        placed = (posixpath.basename(path) for path in self.files if re.search(r"(^|/)\.\./bin/|(^|/)bin/[^/]+$", path))
        return tuple(dict.fromkeys((*scripts, *placed)))

    @property
    def is_stubs(self) -> bool:
        """Whether it brings nothing but declarations for type checkers."""
        code = [path for path in self.files if path.endswith((".py", ".so", ".pyi"))]
        return bool(code) and all(path.endswith(".pyi") for path in code)

    @property
    def runs_at_start(self) -> bool:
        """Whether a `.pth` file of it runs at every start of the interpreter."""
        return any(
            re.fullmatch(r"[^/]+\.pth", path)
            and "nspkg" not in path
            and "editable" not in path
            and not self._leads(path)
            for path in self.files
        )

    def _leads(self, path: str) -> bool:
        return path.startswith(("_", "__editable__")) and self.name.replace("-", "_") in path


class Inventory:
    """All that is installed.

    Args:
        distributions: by normalized name.
        markers: the variables of markers, as the interpreter has them.
        standard: the modules of its standard library.
        about: its version, prefix and base program.
    """

    def __init__(
        self,
        distributions: Mapping[str, Distribution],
        markers: Mapping[str, str],
        standard: Iterable[str],
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.distributions = distributions
        self.markers = markers
        self.standard = frozenset(standard)
        self.about = about or {}
        self._owners: dict[str, set[str]] = {}
        self._spaces: dict[str, set[str]] = {}
        self._required: dict[tuple[str, str], tuple[Need, ...]] = {}
        for each in distributions.values():
            for module in each.modules:
                self._owners.setdefault(module, set()).add(each.name)
                while (module := module.rpartition(".")[0]) != "":
                    self._spaces.setdefault(module, set()).add(each.name)

    def owners(self, module: str, members: Sequence[str] = ()) -> frozenset[str]:
        """Return the packages that bring a module, found by its own file or that of what it is in.

        Args:
            module: its dotted name.
            members: what is imported from it.
        """
        found: set[str] = set()
        for member in members:
            found |= self._owners.get(f"{module}.{member}", set())
        if found:
            return frozenset(found | self._owners.get(module, set()))
        name = module
        while name:
            if name in self._owners:
                return frozenset(self._owners[name])
            name = name.rpartition(".")[0]
        parts = module.split(".")  # a namespace, whose parts may be anybody's
        for count in range(len(parts), 0, -1):
            if spaces := self._spaces.get(".".join(parts[:count])):
                return frozenset(spaces) if count == len(parts) else frozenset()
        return frozenset()

    def is_module(self, name: str) -> bool:
        """Return whether there is a file of exactly this module."""
        return name in self._owners

    def is_standard(self, module: str) -> bool:
        """Return whether a module is of the standard library."""
        return module.partition(".")[0] in self.standard

    def requires(self, name: str, extra: str = "") -> tuple[Need, ...]:
        """Return what an installed package requires here, beside that for one of its extras.

        Args:
            name: the package.
            extra: the extra; without it, what it always requires.
        """
        key = (name, extra)
        if key not in self._required:
            package = self.distributions.get(name)
            self._required[key] = tuple(
                need for need in (package.requires if package else ()) if self._holds(need, extra)
            )
        return self._required[key]

    def optional(self, name: str) -> Iterable[tuple[str, str]]:
        """Yield what a package takes where it is installed, each with the extra of its that asks for it."""
        package = self.distributions.get(name)
        for need in package.requires if package else ():
            for extra in _EXTRA.findall(need.marker):
                yield need.name, extra

    def holds(self, marker: str) -> bool:
        """Return whether a requirement with this marker is one here."""
        return self._holds(Need("", marker=marker), "")

    def _holds(self, need: Need, extra: str) -> bool:
        if not need.marker:
            return not extra
        named = _EXTRA.findall(need.marker)
        if extra and extra not in map(normalized, named):
            return False
        if named and not extra:
            return False
        try:
            found = condition(need.marker, self.markers, extras=lambda each: normalized(each) == extra)
        except BadMarker:
            return True
        return not found.never


def ask(python: Path, environment: Mapping[str, str]) -> Inventory:
    """Return what is installed for an interpreter.

    Args:
        python: its program.
        environment: its variables.

    Raises:
        ConfigurationError: it does not answer.
    """
    try:
        answer = process.run([str(python), str(_SCRIPT)], environment=environment)
    except OSError as error:
        why = error.strerror or str(error)
    else:
        try:
            return of_answer(json.loads(answer.stdout))
        except (ValueError, KeyError, TypeError):
            words = answer.stderr.strip().splitlines()
            why = words[-1] if words else f"it ended with {answer.exit_code}"
    raise ConfigurationError(
        f"{python}: it does not say what is installed: {shown(why)}",
        hint="the packages of the service are to be installed where this Python finds them",
    )


def of_answer(answer: Mapping[str, Any]) -> Inventory:
    """Return what the answer of `installed_script` says.

    Raises:
        ValueError, KeyError, TypeError: it has another form.
    """
    folders = [str(each) for each in answer["folders"]]
    found = {}
    for row in answer["distributions"]:
        each = _of_row(row, folders)
        found[each.name] = each
    about = {key: answer[key] for key in ("version", "prefix", "base", "folders")}
    return Inventory(found, dict(answer["markers"]), answer["standard"], about)


def _of_row(row: Mapping[str, Any], folders: Sequence[str]) -> Distribution:
    files = {posixpath.normpath(path): int(size) for path, size in row["files"].items()}
    modules = {module for path in files if (module := module_of(path))}
    for place in row["editable"]:
        if not any(place.rstrip("/") == folder for folder in folders):
            modules |= _below(Path(place))
    modules |= {top for top in row["top"] if not modules}
    requires = []
    for text in row["requires"]:
        try:
            requires.append(of_text(text))
        except BadNeed:  # noqa: PERF203 - metadata of others
            continue
    return Distribution(
        normalized(row["name"]),
        str(row["version"]),
        tuple(requires),
        tuple((str(group), str(name), str(value)) for group, name, value in row["points"]),
        files,
        str(row["folder"]),
        frozenset(modules),
        _tops(modules),
    )


def module_of(path: str) -> str:
    """Return the dotted name of the module that a file of an installed package is; empty for none."""
    folder, _, name = path.rpartition("/")
    if path.startswith(("..", "/")) or ".dist-info" in folder or not name.endswith(_SOURCES):
        return ""
    base = name.partition(".")[0]
    parts = [*(folder.split("/") if folder else []), base]
    parts[0] = parts[0].removesuffix("-stubs")
    if not all(part.isidentifier() for part in parts):
        return ""
    return ".".join(parts[:-1] if base == "__init__" and len(parts) > 1 else parts)


def _below(place: Path) -> set[str]:
    """Return the modules in a folder that an editable install puts on the path, or of a package that it maps."""
    if place.suffix == ".py" or (place / "__init__.py").exists():
        return {place.stem}
    try:
        inner = [*place.iterdir()]
    except OSError:
        return set()
    return {
        each.stem
        for each in inner
        if (each.suffix == ".py" or (each / "__init__.py").exists()) and each.stem.isidentifier()
    }


def _tops(modules: Iterable[str]) -> tuple[str, ...]:
    known = set(modules)
    first = [
        name
        for name in known
        if not any(".".join(name.split(".")[:count]) in known for count in range(1, name.count(".") + 1))
    ]
    return tuple(sorted(first, key=lambda name: (name.startswith("_"), name.count("."), name)))
