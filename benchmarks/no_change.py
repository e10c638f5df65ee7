"""P1, P2, P6, P7: what a build costs in which nothing changed.

    python -m benchmarks no_change [--rounds 30] [--modules 100,1000,10000] [--quick]

The peer of P1, P2 and P6 is an Invoke task that prints "hi", in the same environment, run in turns with ours.
P7 makes projects of tiny modules. To compile ten thousand takes about a quarter of an hour on two cores, so their store
is kept beside the corpus: a second run restores them in a minute. The rest takes two minutes. `--quick` has two rounds
and fifty modules.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure

SETTINGS = '\n[tool.buildkit]\npackages = ["docutils"]\n'
COMPILE = [*measure.INVOKE, "compile"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--modules", default="100,1000,10000", help="sizes of the projects of P7")
    parser.add_argument("--quick", action="store_true", help="two rounds, fifty modules")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.modules = 2, "25,50"
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        os.environ["PYBUILDKIT_CACHE_DIR"] = f"{place}/cache"
        os.environ["PYBUILDKIT_COMPILE_PROFILE"] = "dev"
        docutils(measure.archive("docutils", "0.23", options.corpus), Path(place), options.rounds)
        os.environ["PYBUILDKIT_CACHE_DIR"] = str(options.corpus.resolve() / "many-store")
        growth([int(number) for number in options.modules.split(",")], Path(place))


def docutils(source: Path, place: Path, rounds: int) -> None:
    root, empty = place / "docutils", place / "empty"
    project(source, root)
    empty.mkdir()
    (empty / "tasks.py").write_text(measure.EMPTY_TASKS)
    cold = measure.seconds(COMPILE, root)
    print(f"docutils from nothing, dev: {cold:.1f} s")
    time.sleep(2.5)  # what was just written may still change under the same stamp
    measure.seconds(COMPILE, root)
    clones = iter(range(10_000))

    def touched() -> float:
        for file in (root / "docutils").rglob("*.py"):
            file.touch()
        return measure.seconds(COMPILE, root)

    def cloned() -> float:
        clone = place / f"clone{next(clones)}"
        project(source, clone)
        taken = measure.seconds(COMPILE, clone)
        shutil.rmtree(clone)
        return taken

    times = measure.in_turns(
        rounds,
        empty=lambda: measure.seconds([*measure.INVOKE, "hi"], empty),
        same=lambda: measure.seconds(COMPILE, root),
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
    own = [_own(root)[0] for _ in range(rounds)]
    print(f"the tool's own work where nothing changed: {measure.spread(own)} s (target: ≤ 0.015)")


def project(source: Path, root: Path) -> None:
    shutil.copytree(source, root)
    with (root / "pyproject.toml").open("a") as file:
        file.write(SETTINGS)
    (root / "tasks.py").write_text(measure.OUR_TASKS)


def growth(sizes: list[int], place: Path) -> None:
    """P7: the tool's own seconds, and the memory, as the number of modules grows."""
    print("\nP7: nothing changed, the tool's own time (targets: linear, ≤ 10 µs a module above the floor; ≤ 200 MB)")
    found: list[tuple[int, float, float]] = []
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
        if sum(1 for _ in package.glob("part*.so")) != size:
            sys.exit(f"{root.name}: not every module has its extension")
        time.sleep(2.5)
        measure.seconds(COMPILE, root)
        looks = [_own(root) for _ in range(5)]
        own, peak = statistics.median(look[0] for look in looks), max(look[1] for look in looks)
        slope = ""
        if found:
            less, before, _ = found[-1]
            slope = f", {(own - before) / (size - less) * 1e6:5.1f} µs for each above {less}"
        print(f"{size:6} modules: {own * 1000:7.1f} ms, {peak:4.0f} MB{slope}", flush=True)
        found.append((size, own, peak))
        shutil.rmtree(root)


def _own(root: Path) -> tuple[float, float]:
    """Return the seconds that a build counts as its own work, and its largest memory in megabytes."""
    child = subprocess.Popen(
        [*COMPILE, "--json"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        seconds: float = json.loads(child.stdout.read())["seconds"]
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return seconds, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


if __name__ == "__main__":
    main()
