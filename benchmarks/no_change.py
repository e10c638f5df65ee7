"""P1, P2, P6, P7: what a build costs in which nothing changed.

    python benchmarks/no_change.py [--rounds 10] [--modules 100,1000]

The peer of P1, P2 and P6 is an Invoke task that prints "hi", in the same environment, run in turns with ours.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import measure

SETTINGS = '\n[tool.buildkit]\npackages = ["docutils"]\n'
COMPILE = [*measure.INVOKE, "compile"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--modules", default="100,1000", help="sizes of the projects of P7")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        os.environ["PYBUILDKIT_CACHE_DIR"] = f"{place}/cache"
        os.environ["PYBUILDKIT_COMPILE_PROFILE"] = "dev"
        docutils(measure.archive("docutils", "0.23", options.corpus), Path(place), options.rounds)
        growth([int(number) for number in options.modules.split(",")], Path(place))


def docutils(source: Path, place: Path, rounds: int) -> None:
    root, empty = place / "docutils", place / "empty"
    project(source, root)
    empty.mkdir()
    (empty / "tasks.py").write_text(measure.EMPTY_TASKS)
    cold = measure.seconds(COMPILE, root, codes=(10,))
    print(f"docutils from nothing, dev: {cold:.1f} s")
    time.sleep(2.5)  # what was just written may still change under the same stamp
    measure.seconds(COMPILE, root, codes=(10,))
    clones = iter(range(10_000))

    def touched() -> float:
        for file in (root / "docutils").rglob("*.py"):
            file.touch()
        return measure.seconds(COMPILE, root, codes=(10,))

    def cloned() -> float:
        clone = place / f"clone{next(clones)}"
        project(source, clone)
        taken = measure.seconds(COMPILE, clone, codes=(10,))
        shutil.rmtree(clone)
        return taken

    times = measure.in_turns(
        rounds,
        empty=lambda: measure.seconds([*measure.INVOKE, "hi"], empty),
        same=lambda: measure.seconds(COMPILE, root, codes=(10,)),
        touched=touched,
        cloned=cloned,
    )
    measure.table(
        [
            measure.row("P1 nothing changed", times["same"], times["empty"], "≤ 1.2"),
            measure.row("P2 every file touched", times["touched"], times["empty"], "≤ 1.2"),
            measure.row("P6 fresh clone, warm store", times["cloned"], times["same"], "≤ 2"),
        ]
    )


def project(source: Path, root: Path) -> None:
    shutil.copytree(source, root)
    with (root / "pyproject.toml").open("a") as file:
        file.write(SETTINGS)
    (root / "tasks.py").write_text(measure.OUR_TASKS)


def growth(sizes: list[int], place: Path) -> None:
    """P7: the tool's own seconds, and the memory, as the number of modules grows."""
    print("\nP7: nothing changed, the tool's own time (target: linear, ≤ 10 µs a module; ≤ 200 MB)")
    for size in sizes:
        root = place / f"many{size}"
        package = root / "src" / "many"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (root / "pyproject.toml").write_text('[project]\nname = "many"\n[tool.buildkit]\n')
        (root / "tasks.py").write_text(measure.OUR_TASKS)
        for at in range(size):
            (package / f"part{at}.py").write_text(f"NUMBER = {at}\n")
        measure.seconds(COMPILE, root)
        time.sleep(2.5)
        measure.seconds(COMPILE, root)
        own = []
        for _ in range(5):
            done = subprocess.run([*COMPILE, "--json"], cwd=root, capture_output=True, text=True, check=True)
            own.append(json.loads(done.stdout)["seconds"])
        per_module = statistics.median(own) / size * 1e6
        print(f"{size:6} modules: {statistics.median(own) * 1000:7.1f} ms, {per_module:5.1f} µs a module")
    print(f"largest process: {measure.children_peak():.0f} MB")


main()
