"""Twenty modules of black with mypyc: this project's `dev` beside mypycify, apart and in one, in the same run.

    python -m benchmarks mypyc [--rounds 3] [--quick]

From nothing, with nothing changed, and after an edit of one line: a function more, then another body of it. mypycify
runs in a setup.py with `build_ext --inplace`, without optimization and debugging tables: the fastest that it has.
`--quick` leaves out its default of one library, whose builds take more than a minute each.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import measure

BLACK = ("brackets", "comments", "const", "linegen", "lines", "mode", "nodes", "numerics", "rusty", "strings", "trans")
TYPED = {"blib2to3/pgen2/pgen.py": (359,), "blib2to3/pgen2/parse.py": (102,), "black/trans.py": (388, 393)}
"""Lines that the mypy of today refuses."""

EDITED = "black/brackets.py"
OURS = '[project]\nname = "black"\nversion = "24.10.0"\n[tool.mypy]\nignore_missing_imports = true\n[tool.buildkit]\n'
SETUP = """\
from mypyc.build import mypycify
from setuptools import setup

modules = mypycify(["--ignore-missing-imports", *{sources!r}], separate={separate}, opt_level="0", debug_level="0")
setup(name="black", packages=[], ext_modules=modules)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="without mypycify's default")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    source = measure.archive("black", "24.10.0", options.corpus) / "src"
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
            for name, tree in trees(source, Path(place), quick=options.quick).items():
                for what, seconds in tree.all():
                    print(f"{name}: {what} {seconds:.2f} s", flush=True)
                    found.setdefault((what, name), []).append(seconds)
            (Path(place) / "tasks.py").write_text(measure.EMPTY_TASKS)
            empty = [measure.seconds([*measure.INVOKE, "hi"], Path(place)) for _ in range(3)]
            found.setdefault(("nothing changed", "an empty task"), []).append(min(empty))
    print()
    measure.table(
        [
            measure.row(f"{what} / {peer}", found[what, "ours"], times, "≤ 1.2" if peer == "an empty task" else "≤ 1")
            for (what, peer), times in found.items()
            if peer != "ours"
        ]
    )


class Tree:
    """One copy of the modules, and how they are compiled there."""

    def __init__(self, folder: Path, sources: Path, command: list[str], environment: dict[str, str]) -> None:
        self._folder = folder
        self._edited = sources / EDITED
        self._command = command
        self._environment = environment

    def all(self) -> list[tuple[str, float]]:
        """Return what each kind of build takes, in seconds."""
        text = self._edited.read_text()
        more = f"{text}\n\ndef added(value: int) -> int:\n    return value + 1\n"
        return [
            ("from nothing", self._run()),
            ("nothing changed", self._again()),
            ("a function more", self._run(more)),
            ("another body", self._run(more.replace("value + 1", "value + 2"))),
        ]

    def _again(self) -> float:
        """Return what a build takes that finds all as it was, for a while, so that a look may trust the stamps."""
        time.sleep(3)
        self._run()
        return min(self._run() for _ in range(3))

    def _run(self, text: str = "") -> float:
        if text:
            self._edited.write_text(text)
        return measure.seconds(self._command, self._folder, self._environment)


def trees(source: Path, place: Path, *, quick: bool) -> dict[str, Tree]:
    """Return a tree for each way to compile."""
    modules = chosen(source)
    found = {}
    for name, separate in {"ours": None, "separate": True, "default": False}.items():
        if quick and name == "default":
            continue
        folder = place / name
        sources = folder / "src" if separate is None else folder
        shutil.copytree(source, sources, ignore=shutil.ignore_patterns("blackd"))
        silence(sources)
        if separate is None:
            (folder / "tasks.py").write_text(measure.OUR_TASKS)
            (folder / "pyproject.toml").write_text(settings(modules))
            command, environment = [*measure.INVOKE, "compile"], {"PYBUILDKIT_CACHE_DIR": str(place / "store")}
        else:
            (folder / "setup.py").write_text(SETUP.format(sources=modules, separate=separate))
            command, environment = [str(measure.PYTHON), "setup.py", "-q", "build_ext", "--inplace"], {}
        found[name] = Tree(folder, sources, command, environment)
    return found


def settings(modules: list[str]) -> str:
    """Return the project's settings: these modules and no others."""
    names = (path.removesuffix(".py").replace("/", ".") for path in modules)
    tables = "".join(f'[tool.buildkit.compile.module."{name}"]\nbackend = "mypyc"\n' for name in names)
    return f'{OURS}packages = ["black", "blib2to3"]\nbackend = "none"\n{tables}'


def chosen(source: Path) -> list[str]:
    """Return the files of the modules, relative to the source root."""
    parser = sorted(path for path in (source / "blib2to3").rglob("*.py") if path.stem != "__init__")
    return [path.relative_to(source).as_posix() for path in parser] + [f"black/{name}.py" for name in BLACK]


def silence(sources: Path) -> None:
    """Let mypy pass over what it refuses."""
    for name, numbers in TYPED.items():
        lines = (sources / name).read_text().splitlines()
        for number in numbers:
            lines[number - 1] += "  # type: ignore"
        (sources / name).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
