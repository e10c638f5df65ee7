"""What is compiled: real projects from their source archives, each tool with a copy of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

import measure

_IMPORT = """
import importlib, json, sys
from importlib.machinery import EXTENSION_SUFFIXES
sys.path.insert(0, "")
sys.argv[1:], names = [], json.load(sys.stdin)
out, sys.stdout = sys.stdout, sys.stderr
failed, plain = {}, []
for name in names:
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"[:200]
        continue
    if not (module.__file__ or "").endswith(tuple(EXTENSION_SUFFIXES)):
        plain.append(name)
print(json.dumps([failed, plain]), file=out)
"""
_NEVER = ("*__init__.py", "*__main__.py")


@dataclass(frozen=True)
class Corpus:
    """A package and which of its modules are compiled.

    Args:
        package: its top-level folder.
        root: the folder that has it.
        left_out: globs of files that no tool compiles: Cython refuses them, or they are tests.
        only: the sources to take; all others if empty.
    """

    package: str
    root: Path
    left_out: tuple[str, ...] = ()
    only: tuple[str, ...] = field(default=())

    @property
    def sources(self) -> list[str]:
        """The files that are compiled, relative to the root."""
        return [file for file in self._files() if self._wanted(file)]

    @property
    def unwanted(self) -> list[str]:
        """The files of the package that are not."""
        return [file for file in self._files() if not self._wanted(file)]

    @property
    def globs(self) -> list[str]:
        """The same in few patterns whose star stands for slashes too: a folder that has nothing wanted is one."""
        if not self.only:
            return [*self.left_out]
        wanted = {str(parent) for file in self.sources for parent in Path(file).parents}
        tops = (next((p for p in [*Path(file).parents][::-1] if str(p) not in wanted), None) for file in self.unwanted)
        return [*dict.fromkeys(f"{top}/*" if top else file for top, file in zip(tops, self.unwanted, strict=True))]

    @property
    def modules(self) -> list[str]:
        return [source.rpartition(".")[0].replace("/", ".") for source in self.sources]

    def copy(self, root: Path) -> Corpus:
        """Return the same in a new folder."""
        root.mkdir(parents=True)
        shutil.copytree(self.root / self.package, root / self.package)
        for described in self.root.glob("*.egg-info"):
            shutil.copytree(described, root / described.name)  # what asks for its own version finds it
        return replace(self, root=root)

    def limited(self, number: int) -> Corpus:
        """Return the same with the `number` smallest modules; all of them if it is 0."""
        by_size = sorted(self.sources, key=lambda file: (self.root / file).stat().st_size)
        return replace(self, only=tuple(by_size[:number])) if number else self

    def size(self) -> str:
        """Return how much it is."""
        lines = sum((self.root / file).read_bytes().count(b"\n") for file in self.sources)
        return f"{len(self.sources)} modules, {lines / 1000:.0f} k lines"

    def _files(self) -> list[str]:
        files = (path.relative_to(self.root).as_posix() for path in (self.root / self.package).rglob("*"))
        return sorted(file for file in files if file.endswith((".py", ".pyx")))

    def _wanted(self, file: str) -> bool:
        if self.only:
            return file in self.only
        return not any(fnmatchcase(file, pattern) for pattern in (*_NEVER, *self.left_out))


def docutils(folder: Path) -> Corpus:
    """Plain Python; one module uses what Cython does not know."""
    return Corpus("docutils", measure.archive("docutils", "0.23", folder), ("docutils/frontend.py",))


def sympy(folder: Path) -> Corpus:
    """Scale. Cython refuses two parsers for their tabs and a name that IPython defines, and crashes at five others."""
    crashing = ("resolvent_lookup", "blockmatrix", "kronecker", "prufer", "ntheory/factor_")
    refused = ("*/_antlr/*parser.py", "*/interactive/printing.py", *(f"*/{name}.py" for name in crashing))
    left_out = ("*/tests/*", "*/benchmarks/*", "*_test.py", *refused)
    return Corpus("sympy", measure.archive("sympy", "1.14.0", folder), left_out)


def cytoolz(folder: Path) -> Corpus:
    """Cython's own language: `.pyx` and `.pxd` that cimport each other."""
    return Corpus("cytoolz", measure.archive("cytoolz", "1.1.0", folder), ("*.py",))


def cassandra(folder: Path) -> Corpus:
    """Both kinds together: `.pyx`, `.pxd`, `include`, and the plain modules that the project itself compiles.

    One module is compiled only where numpy, which it imports, is installed.
    """
    root = measure.archive("cassandra_driver", "3.30.1", folder)
    plain = ["cluster", "concurrent", "connection", "cqltypes", "metadata", "pool", "protocol", "query", "util"]
    files = {f"cassandra/{name}.py" for name in plain} | {
        f"cassandra/{file.name}" for file in root.glob("cassandra/*.pyx")
    }
    without = set() if find_spec("numpy") else {"cassandra/numpy_parser.pyx"}
    return Corpus("cassandra", root, only=tuple(sorted(files - without)))


def uncompiled(corpus: Corpus) -> dict[str, str]:
    """Return the plain modules that cannot be imported as they are, with the error: they want what is not installed.

    Where that is more than a few, a check of the compiled ones would be worth nothing, and the benchmark stops.
    """
    plain = [source for source in corpus.sources if source.endswith(".py")]
    failed, _ = imported(corpus.root, replace(corpus, only=tuple(plain)).modules if plain else [])
    if len(failed) * 4 > len(plain):
        name, error = next(iter(failed.items()))
        sys.exit(f"{len(failed)} of {len(plain)} modules do not import uncompiled ({name}: {error})")
    return failed


def imported(root: Path, names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return which modules cannot be imported from `root`, with the error, and which of the others are plain Python."""
    done = subprocess.run(
        [str(measure.PYTHON), "-W", "ignore", "-c", _IMPORT],
        cwd=root,
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return dict.fromkeys(names, f"the interpreter ended with {done.returncode}: {done.stderr[-300:]}"), []
    failed, plain = json.loads(done.stdout)
    return failed, plain


def verdict(corpus: Corpus, excused: Container[str]) -> str:
    """Return how many import, or what is wrong: a build counts only if what it made can be used.

    Args:
        corpus: what was built.
        excused: the modules that cannot be imported uncompiled either.
    """
    failed, plain = imported(corpus.root, corpus.modules)
    wrong = {name: error for name, error in failed.items() if name not in excused}
    bad = [f"{len(plain)} not compiled ({plain[0]})"] if plain else []
    bad += (
        [f"{len(wrong)} do not import ({next(f'{name}: {error}' for name, error in wrong.items())})"] if wrong else []
    )
    return "; ".join(bad) or f"{len(corpus.modules) - len(failed)} of {len(corpus.modules)} import"
