"""Takes from a virtual environment what a service does not need: `python slimming_script.py /opt/venv RULE...`.

A program of its own: the standard library alone. Each rule is held against an import of everything: what could be
imported before and cannot afterwards gets its files back. What was taken and what was spared stands in `slimmed.json`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess  # noqa: TID251 - it finds nothing of the suite
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

REPORT = "slimmed.json"

_MAGIC = b"\x7fELF"
_TESTS = frozenset({"test", "tests"})
_STATIC = (".a", ".la", ".lib")
_NAMES_TESTS = (
    r"\bNAME\.(?:tests?)\b|from\s+\.+(?:tests?)\b|from\s+\.+\s+import\s+[^\n]*\b(?:tests?)\b|[\"'](?:tests?)[/\"']"
)
_PATIENCE = 600.0
_IMPORT = """
import importlib, json, os, signal, sys
for group in json.loads(sys.stdin.read()):
    child = os.fork()
    if not child:
        signal.alarm(60)  # one that waits for something
        quiet = os.open(os.devnull, os.O_WRONLY)
        answer = os.dup(1)
        os.dup2(quiet, 1), os.dup2(quiet, 2)
        for name in group:
            try:
                importlib.import_module(name)
            except BaseException:
                continue
            os.write(answer, (name + "\\n").encode())
        os._exit(0)
    os.waitpid(child, 0)
"""
"""The program that imports modules, those of each package in a process of its own, and names those that could be."""


class Environment:
    """The environment that is slimmed.

    Args:
        folder: the virtual environment.
        aside: where files lie that were taken, until it is known that nothing needs them.
    """

    def __init__(self, folder: Path, aside: Path) -> None:
        self.folder = folder
        self.site = next(iter(sorted(folder.glob("lib/python*/site-packages"))))
        self._aside = aside
        self._known = self.imported()

    def imported(self) -> set[str]:
        """Return the modules that can be imported."""
        done = subprocess.run(  # noqa: S603 - the environment's own
            [str(self.folder / "bin" / "python"), "-c", _IMPORT],
            input=json.dumps([*self._groups()]),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
        return set(done.stdout.split())

    def _groups(self) -> Iterator[list[str]]:
        """Yield the modules of each package: itself, and its extensions, which nothing else may load."""
        for entry in sorted(self.site.iterdir()):
            if entry.suffix == ".py" or (entry.suffix == ".so" and entry.is_file()):
                yield [entry.name.partition(".")[0]]
            elif entry.is_dir() and entry.name.isidentifier():
                inner = [] if (entry / "__init__.py").exists() else self._parts(entry)
                yield [entry.name, *inner, *sorted(self._extensions(entry))]

    def _parts(self, space: Path) -> list[str]:
        """Return the packages in a folder that several share."""
        return [f"{space.name}.{each.name}" for each in sorted(space.iterdir()) if (each / "__init__.py").exists()]

    def _extensions(self, folder: Path) -> Iterator[str]:
        for file in folder.rglob("*.so"):
            parts = [*file.parent.relative_to(self.site).parts, file.name.partition(".")[0]]
            if all(part.isidentifier() for part in parts) and not _TESTS & {*parts}:
                yield ".".join(parts)

    def files(self) -> list[Path]:
        """Return all files of packages."""
        return sorted(file for file in self.site.rglob("*") if file.is_file() and not file.is_symlink())

    def owner(self, file: Path) -> str:
        """Return the package that a file is part of; libraries beside one are its own."""
        return file.relative_to(self.site).parts[0].partition(".")[0]

    def applied(self, change: Callable[[], dict[Path, Path]]) -> tuple[int, list[str]]:
        """Make a change, and take it back for each package that cannot be imported any more.

        Args:
            change: makes it; returns by file where what it was lies.

        Returns:
            The bytes that were taken, and the packages that were spared.
        """
        before = _size(self.files())
        kept = change()
        spared: set[str] = set()
        lost = self._known - self.imported()
        for everything in (False, True):  # first for the packages themselves; then for all, as one may need another
            if lost:
                owners = (
                    {self.owner(file) for file in kept} if everything else {each.partition(".")[0] for each in lost}
                )
                spared |= owners
                for file, former in kept.items():
                    if self.owner(file) in owners:
                        file.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy2(former, file)
                lost = self._known - self.imported()
        if lost:
            raise SystemExit(f"what was taken was put back, and these cannot be imported all the same: {sorted(lost)}")
        return before - _size(self.files()), sorted(spared)

    def keep(self, file: Path) -> Path:
        """Copy a file aside, and return where."""
        place = self._aside / file.relative_to(self.site)
        place.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(file, place))

    def taken(self, files: Iterable[Path]) -> dict[Path, Path]:
        """Take files away, and return where each lies now."""
        found = {}
        for file in files:
            found[file] = self.keep(file)
            file.unlink()
        above = {folder for file in found for folder in file.parents if self.site in folder.parents}
        for folder in sorted(above, key=lambda each: -len(each.parts)):
            if not any(folder.iterdir()):
                folder.rmdir()
        return found


def symbols(environment: Environment) -> dict[Path, Path]:
    """Strip what only debuggers and linkers read from compiled files."""
    strip = shutil.which("strip")
    if strip is None:
        raise SystemExit("the rule symbols needs strip, which the build's base lacks: package binutils")
    kept = {}
    for file in environment.files():
        with file.open("rb") as content:
            if content.read(4) != _MAGIC:
                continue
        former = environment.keep(file)
        done = subprocess.run([strip, "--strip-unneeded", str(file)], capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            shutil.copy2(former, file)
        else:
            kept[file] = former
    return kept


def tests(environment: Environment) -> dict[Path, Path]:
    """Take the tests of packages, but of those whose own code names them."""
    found: dict[str, list[Path]] = {}
    for file in environment.files():
        package, *inner = file.relative_to(environment.site).parts
        if _TESTS & {*inner[:-1]} and ".dist-info" not in package:
            found.setdefault(package, []).append(file)
    return environment.taken(
        file for name, files in found.items() if not _needs(environment, name, files) for file in files
    )


def _needs(environment: Environment, name: str, files: list[Path]) -> bool:
    """Return whether code that is no test names the tests of a package."""
    taken = {*files}
    named = re.compile(_NAMES_TESTS.replace("NAME", re.escape(name)))
    outside = re.compile(rf"\b{re.escape(name)}(?:\.\w+)*\.tests?\b")
    for file in environment.files():
        if file.suffix in {".py", ".pyi"} and file not in taken:
            text = file.read_text("utf-8", "replace")
            if (named if environment.owner(file) == name else outside).search(text):
                return True
    return False


def static(environment: Environment) -> dict[Path, Path]:
    """Take libraries that only a linker reads."""
    return environment.taken(file for file in environment.files() if file.suffix in _STATIC)


def bytecode(environment: Environment) -> dict[Path, Path]:
    """Take the bytecode: each start of the service compiles again what it imports."""
    return environment.taken(
        file for file in environment.files() if file.suffix == ".pyc" and file.parent.name == "__pycache__"
    )


RULES = {"symbols": symbols, "tests": tests, "static": static, "bytecode": bytecode}


def _size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def main(folder: str, names: list[str]) -> None:
    """Apply the rules, and write what came of them."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    report = []
    with tempfile.TemporaryDirectory() as aside:
        environment = Environment(Path(folder), Path(aside))
        for name in sorted(set(names), key=[*RULES].index):
            rule = RULES[name]
            size, spared = environment.applied(lambda rule=rule: rule(environment))  # type: ignore[misc]
            report.append({"rule": name, "bytes": size, "spared": spared})
            print(f"{name}: {size} bytes taken{f', spared: {spared}' if spared else ''}")  # noqa: T201
    Path(folder, REPORT).write_text(json.dumps(report) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
