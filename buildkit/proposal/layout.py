"""Where the packages of a project lie, and which of them are the service."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from buildkit.proposal.look import Look

_BESIDE = frozenset(
    [
        "alembic",
        "bench",
        "benchmark",
        "benchmarks",
        "bin",
        "ci",
        "configs",
        "data",
        "demo",
        "demos",
        "deploy",
        "deployment",
        "dev",
        "doc",
        "docs",
        "documentation",
        "example",
        "examples",
        "hooks",
        "infra",
        "migrations",
        "notebooks",
        "ops",
        "playground",
        "requirements",
        "script",
        "scripts",
        "static",
        "templates",
        "test",
        "tests",
        "testing",
        "tools",
        "venv",
    ]
)
"""Folders beside a service; they are of it where it imports them."""

_PROGRAMS = frozenset({"conftest", "fabfile", "manage", "noxfile", "setup", "tasks"})
"""Files beside the packages that tools run."""

_OF_TESTS = frozenset({"test", "tests", "testing"})


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the service's packages are.

    Args:
        source_root: their folder, `.` for the project's own.
        packages: the packages and top-level modules of the service, sorted.
        found_anyway: the packages that the suite would take where none are named.
        declared_in: the table that says where they are; empty where that was guessed.
        usual_root: whether the suite would take this source root by itself.
    """

    source_root: str
    packages: tuple[str, ...]
    found_anyway: tuple[str, ...]
    declared_in: str = ""
    usual_root: bool = True


def layout_of(look: Look, modules: Iterable[str] = ()) -> Layout:
    """Return where the service is.

    Args:
        look: the project.
        modules: modules that are known to belong to it, such as that of its application.
    """
    declared, table = _declared_root(look)
    roots = dict.fromkeys([*([declared] if declared else []), *_roots(look)])
    imported = Counter(name for _, names in _imports(look) for name in names)
    best, most = ".", -1
    for root in roots:
        names = set(_names(look, root))
        score = sum(count for name, count in imported.items() if name in names - _BESIDE)
        score = score * 2 + (root == declared) * 3 + bool(names - _BESIDE)
        if score > most:
            best, most = root, score
    return Layout(
        best,
        _service(look, best, modules),
        _found_anyway(look, best),
        table if best == declared else "",
        usual_root=best == ("src" if (look.root / "src").is_dir() else "."),
    )


def _roots(look: Look) -> Iterator[str]:
    """Yield the folders in which packages may lie, the usual one first."""
    if "src" in look.folders:
        yield "src"
        yield from sorted(each for each in look.folders if each.startswith("src/") and each.count("/") == 1)
    yield "."
    yield from (each for each in ("lib", "source", "python", "server", "backend") if each in look.folders)


def _declared_root(look: Look) -> tuple[str, str]:
    """Return the source root that the build backend is told, and the table that says so."""
    wheel = look.table("tool", "hatch", "build", "targets", "wheel")
    for package in _texts(wheel.get("packages")):
        return package.rstrip("/").rpartition("/")[0] or ".", "tool.hatch.build.targets.wheel"
    for folder in _texts(wheel.get("sources")):
        return folder.rstrip("/"), "tool.hatch.build.targets.wheel"
    rows = [
        *((folder, "tool.setuptools.packages.find") for folder in _texts(_find(look).get("where"))),
        (look.table("tool", "setuptools", "package-dir").get(""), "tool.setuptools.package-dir"),
        *((each.get("from", "."), "tool.poetry") for each in _tables(look.table("tool", "poetry").get("packages"))),
        (look.table("tool", "uv", "build-backend").get("module-root"), "tool.uv.build-backend"),
    ]
    said = ((folder.rstrip("/") or ".", table) for folder, table in rows if isinstance(folder, str))
    return next(said, ("", ""))


def _find(look: Look) -> Mapping[str, Any]:
    return look.table("tool", "setuptools", "packages", "find")


def _names(look: Look, root: str) -> Iterator[str]:
    """Yield the names that can be imported from a source root: folders with sources, and sources beside them."""
    prefix = "" if root == "." else f"{root}/"
    for name in look.names:
        if name.startswith(prefix) and name.endswith((".py", ".pyx")):
            first, slash, _ = name.removeprefix(prefix).partition("/")
            stem = first if slash else first.rpartition(".")[0]
            if stem.isidentifier() and stem not in _PROGRAMS and stem != "__init__":
                yield stem


def _found_anyway(look: Look, root: str) -> tuple[str, ...]:
    prefix = "" if root == "." else f"{root}/"
    inits = {f"{prefix}{name}/__init__{ending}" for name in {*_names(look, root)} for ending in (".py", ".pyx")}
    there = inits.intersection(look.names)
    return tuple(sorted({name.removeprefix(prefix).partition("/")[0] for name in there}))


def _service(look: Look, root: str, modules: Iterable[str]) -> tuple[str, ...]:
    """Return the packages and modules of the service: those that are none of tests or tools, and what they import."""
    names = {*_names(look, root)}
    usual = [name for name in _found_anyway(look, root) if name not in (_BESIDE if root == "." else _OF_TESTS)]
    chosen = {*usual, *({module.partition(".")[0] for module in modules} & names)}
    prefix = "" if root == "." else f"{root}/"
    if not chosen:
        with_sources = {name for name in names if f"{prefix}{name}" in look.folders}
        chosen = with_sources - _BESIDE or names - _BESIDE
    of_each: dict[str, set[str]] = {}
    for file, imported in _imports(look):
        if file.startswith(prefix) and not _OF_TESTS & {*file.split("/")[:-1]}:
            first = file.removeprefix(prefix).partition("/")[0].removesuffix(".py")
            of_each.setdefault(first, set()).update(imported)
    waiting = [*chosen]
    while waiting:
        for name in (of_each.get(waiting.pop(), set()) & names) - chosen - _OF_TESTS:
            chosen.add(name)
            waiting.append(name)
    return tuple(sorted(chosen))


def _imports(look: Look) -> Iterator[tuple[str, set[str]]]:
    """Yield each source with the first words of the modules that it imports by their whole names."""
    for file, tree in look.trees.items():
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
        yield file, found


def _tables(found: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - of a file of the user
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _texts(found: Any) -> list[str]:  # noqa: ANN401 - of a file of the user
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
