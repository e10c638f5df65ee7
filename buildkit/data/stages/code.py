"""The code that a callable or a command can reach: the sources in the source root that it imports, transitively.

The data must not be stale when the code that makes it changes, and an edit of a module that the pipeline never imports
must not cost a regeneration. So the imports are followed as they are written, also inside functions. Not followed: what
lies outside of the source root (installed packages), and modules imported by a computed name; a stage that depends on
such a thing names it among its inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from buildkit.core import commands
from buildkit.data.stages.digests import Digests, Import
from buildkit.data.stages.pipeline import Pipeline
from buildkit.doors import reading
from buildkit.model import Digest

_SOURCES = (".py", ".pyx", ".pxd")
_CYTHON = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<module>[\w.]*)[ \t]+c?import[ \t]+(?P<names>\([^)]*\)|[^\n#]+)"
    r"|c?import[ \t]+(?P<plain>[^\n#]+)"
    r"|include[ \t]+[\"'](?P<include>[^\"'\n]+)[\"'])",
    re.MULTILINE,
)


def digests_of(module: str, source_root: Path, cache: Digests) -> dict[str, Digest]:
    """Return the digest of every source that `module` can reach, by path relative to `source_root`.

    Empty if there is no source of that module. Sources are `.py`, `.pyx` and `.pxd`; a compiled module beside its
    source counts by its source, so that host and container agree.
    """
    found: dict[str, Digest] = {}
    waiting = _files_of(module, source_root)
    if (
        not any(PurePosixPath(path).with_suffix("") == PurePosixPath(*module.split(".")) for path in waiting)
        and not (source_root.joinpath(*module.split(".")) / "__init__.py").is_file()
    ):
        return found
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        file = source_root / path
        found[path] = cache.of(file)
        package = _package_of(path)
        for level, name, names in _imports_of(file, found[path], cache):
            if level < 0:
                waiting += [(PurePosixPath(path).parent / name).as_posix()]
                continue
            start = package[: len(package) - level + 1] if level else []
            target = ".".join([*start, *([name] if name else [])])
            waiting += [file for each in _candidates(target, names) for file in _files_of(each, source_root)]
    return found


def of_command(command: Sequence[str], pipeline: Pipeline, cache: Digests) -> dict[str, Digest]:
    """Return the digest of every source of the project that a command runs: `python -m MODULE`, or a script.

    A script of Python counts with what it imports from its own folder and from the source root.

    Args:
        command: its arguments, the program first.
        pipeline: gives the project's folder and source root.
        cache: the digest cache.
    """
    found: dict[str, Digest] = {}
    if module := commands.main_module(command):
        for name in (module, f"{module}.__main__"):
            found |= digests_of(name, pipeline.source_root, cache)
    if found:
        return found
    word = script_of(command, pipeline.root)
    if not word:
        return {}
    script = pipeline.root / word
    found = {word: cache.of(script)}
    if script.suffix == ".py":
        for name, digest in digests_of(script.stem, script.parent, cache).items():
            found[f"{word}: {name}"] = digest
            for _, target, names in _imports_of(script.parent / name, digest, cache):
                for each in _candidates(target, names):
                    found |= digests_of(each, pipeline.source_root, cache)
    return found


def script_of(command: Sequence[str], root: Path) -> str:
    """Return the file of the project `root` that a command runs, as the command names it; empty if there is none."""
    top = root.resolve()
    files = (word for word in commands.scripts(command) if word and reading.is_file(root / word))
    return next((word for word in files if (root / word).resolve().is_relative_to(top)), "")


def _candidates(target: str, names: tuple[str, ...]) -> Iterator[str]:
    """Yield the modules that `from target import names` may mean: a name can be a module or a thing inside one."""
    if target:
        yield target
    yield from (f"{target}.{name}" if target else name for name in names)


def _files_of(module: str, source_root: Path) -> list[str]:
    """Return the sources that importing `module` runs: those of the packages above it, and its own."""
    parts = module.split(".")
    found = []
    for depth in range(1, len(parts) + 1):
        place = PurePosixPath(*parts[:depth])
        files = [place / "__init__.py", place / "__init__.pyx", place / "__init__.pxd"]
        if depth == len(parts):
            files += [place.with_suffix(suffix) for suffix in _SOURCES]
        found += [str(file) for file in files if (source_root / file).is_file()]
    return found


def _package_of(path: str) -> list[str]:
    """Return the package that relative imports of the file `path` start from."""
    return list(PurePosixPath(path).parent.parts)


def _imports_of(file: Path, digest: Digest, cache: Digests) -> list[Import]:
    known = cache.imports(digest)
    if known is None:
        try:
            text = file.read_text("utf-8", errors="replace")
        except OSError:
            text = ""
        known = list(_python_imports(text) if file.suffix == ".py" else _cython_imports(text))
        cache.keep_imports(digest, known)
    return known


def _python_imports(text: str) -> Iterator[Import]:
    import ast  # noqa: PLC0415 - only for a source that is not in the cache

    from buildkit.core.syntax import tree_of  # noqa: PLC0415

    try:
        tree = tree_of(text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names if alias.name != "*")


def _cython_imports(text: str) -> Iterator[Import]:
    """Yield the imports of a Cython source; an `include` has level -1."""
    for match in _CYTHON.finditer(text):
        if match["include"]:
            yield -1, match["include"], ()
        elif match["plain"]:
            yield from ((0, name, ()) for name in _names(match["plain"]))
        else:
            yield len(match["dots"]), match["module"], tuple(_names(match["names"]))


def _names(text: str) -> Iterator[str]:
    for part in text.strip("() \t\n").split(","):
        words = part.split()
        if words and words[0] != "*":
            yield words[0]
