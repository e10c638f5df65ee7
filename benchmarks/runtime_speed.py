"""P5, its second half: is the compiled code as fast as cythonize's? Programs of different kind, in turns.

    python -m benchmarks runtime_speed [--rounds 20] [--output FOLDER] [--keep FOLDER] [--small] [--quick]

Peer: `cythonize -i` with Python's own flags (mostly -O3 -g). Compiled once by each tool, then every round runs every
program in a new process for each tool, in changing order; pyperf gives the statistics, and with `--output` the files
that `python -m pyperf compare_to` reads. Half an hour on two cores: fifteen minutes to build docutils three times,
the rest to run; with `--keep` what was built is kept there and used again. `--small` has the seven small programs
alone, in five minutes; `--quick` two rounds of them.

Times are CPU seconds. Ratios stand for medians and for the fastest runs; where the two differ, the machine was not
quiet, and the fastest are nearer to the truth. A second table has the programs of one module with all tools in one
process, call by call in turns, where the medians hold on any machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import corpora
import measure
import peers
import program
import pyperf
from corpora import Corpus
from peers import Peer

HERE = Path(__file__).parent.resolve()
PEER, RELEASE, DEV = peers.PEERS["cythonize"], peers.ours("release"), peers.ours("dev")
TOOLS = (PEER, RELEASE, DEV)
COPIED = ("difflib", "tokenize", "pickle", "fractions")
RUNS = 9
SECONDS = 8

Benchmarks = Mapping[str, Mapping[str, pyperf.Benchmark]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--output", type=Path, help="a folder for pyperf's files, one a tool")
    parser.add_argument("--keep", type=Path, help="a folder for what is built, which is used again if it is there")
    parser.add_argument("--small", action="store_true", help="the small programs alone")
    parser.add_argument("--quick", action="store_true", help="the small programs alone, two rounds")
    parser.add_argument("--corpus", type=Path, default=Path(tempfile.gettempdir()) / "buildkit-corpus")
    options = parser.parse_args()
    print(peers.machine(), flush=True)
    small = options.small or options.quick
    left_out = ("docutils", "import", *COPIED) if small else ()
    names = [name for name in (*program.PROGRAMS, "import") if name.partition(":")[0] not in left_out]
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as new:
        place = (options.keep or Path(new)).resolve()
        shutil.rmtree(place / "suite", ignore_errors=True)
        sources = [suite(place / "suite", () if small else COPIED)]
        if not small:
            sources.append(corpora.docutils(options.corpus))
        roots = {tool.name: built(tool, sources, place) for tool in TOOLS}
        found = in_turns(names, roots, 2 if options.quick else options.rounds)
        if options.output:
            write(found, options.output)
        report(found)
        race([name for name in names if name in program.PROGRAMS and "docutils" not in name], roots)


def suite(root: Path, copied: Sequence[str]) -> Corpus:
    """Return the programs of this folder with the modules of the standard library that are timed."""
    shutil.copytree(HERE / "programs", root / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    for name in copied:
        shutil.copy(import_module(name).__file__ or "", root / "suite" / f"{name}.py")
    return Corpus("suite", root)


def built(tool: Peer, sources: list[Corpus], place: Path) -> list[Path]:
    """Return the folders where the tool compiled each of the corpora."""
    roots = []
    for source in sources:
        root = place / f"{tool.name} {source.package}".replace(" ", "-")
        if (root / "built").exists():
            roots.append(root)
            continue
        shutil.rmtree(root, ignore_errors=True)
        tree = source.copy(root)
        tool.prepare(tree)
        print(f"{source.package} by {tool.name}: {tool.build(tree):.1f} s", flush=True)
        failed, plain = corpora.imported(tree.root, tree.modules)
        if plain or (failed and source.package == "suite"):
            raise SystemExit(f"{tool.name}: not compiled: {plain}; not imported: {failed}")
        if source.package == "docutils":
            shutil.copy(source.root / "docs/ref/rst/restructuredtext.rst", tree.root / "manual.txt")
        (root / "built").touch()
        roots.append(root)
    return roots


def in_turns(names: list[str], roots: Mapping[str, list[Path]], rounds: int) -> Benchmarks:
    """Run every program by every tool, `rounds` times, and return the benchmarks by program and tool."""
    loops = {name: _run(name, roots[PEER.name], 0)[0] for name in names}
    runs: dict[str, dict[str, list[pyperf.Run]]] = {name: {tool: [] for tool in roots} for name in names}
    order = list(roots)
    for _ in range(rounds):
        order.append(order.pop(0))
        for name in names:
            for tool in order:
                values = _run(name, roots[tool], int(loops[name]))
                metadata = {"name": name, "unit": "second", "loops": int(loops[name])}
                runs[name][tool].append(pyperf.Run(values, metadata=metadata, collect_metadata=False))
    return {name: {tool: pyperf.Benchmark(found) for tool, found in tools.items()} for name, tools in runs.items()}


def _run(name: str, roots: list[Path], loops: int) -> list[float]:
    path = os.pathsep.join(map(str, roots))
    command = [str(measure.PYTHON), "-W", "ignore", str(HERE / "program.py"), name, str(RUNS), str(loops)]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} in {path}:\n{done.stderr[-2000:]}")
    answer = json.loads(done.stdout)
    return answer if isinstance(answer, list) else [answer]


def report(found: Benchmarks) -> None:
    """Print each program's times and ratios to cythonize's, and what they come to."""
    rows = []
    ratios: dict[tuple[str, str], dict[str, float]] = {
        (tool.name, what): {} for tool in (RELEASE, DEV) for what in ("medians", "fastest runs")
    }
    for name, by_tool in found.items():
        peer = by_tool[PEER.name]
        for (tool, what), of_tool in ratios.items():
            own = by_tool[tool]
            of_tool[name] = (
                own.median() / peer.median() if what == "medians" else min(own.get_values()) / min(peer.get_values())
            )
        rows.append(
            (name, *(_time(by_tool[tool.name]) for tool in TOOLS), *(f"{ratio[name]:.3f}" for ratio in ratios.values()))
        )
    print()
    headings = ("program", *(f"{tool.name} (ms)" for tool in TOOLS))
    measure.table(rows, (*headings, "release: medians", "fastest", "dev: medians", "fastest"))
    print("\nratios to cythonize (targets for release: mean ≤ 1.05, worst ≤ 1.10)")
    for (tool, what), of_tool in ratios.items():
        print(f"{tool}, by {what}: {_summary(of_tool)}")


def race(names: Sequence[str], roots: Mapping[str, list[Path]]) -> None:
    """Print the ratios of programs whose extensions of all tools run in one process, call by call in turns."""
    rows = []
    ratios: dict[str, dict[str, float]] = {RELEASE.name: {}, DEV.name: {}}
    for name in names:
        folders = [str(roots[tool.name][0]) for tool in TOOLS]
        command = [str(measure.PYTHON), "-W", "ignore", str(HERE / "race.py"), name, str(SECONDS), *folders]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times = dict(zip((tool.name for tool in TOOLS), json.loads(done.stdout), strict=True))
        peer = statistics.median(times[PEER.name])
        for tool, of_tool in ratios.items():
            of_tool[name] = statistics.median(times[tool]) / peer
        rows.append((name, str(len(times[PEER.name])), *(f"{of_tool[name]:.3f}" for of_tool in ratios.values())))
    print("\nin one process, call by call in turns; ratios of medians to cythonize")
    measure.table(rows, ("program", "rounds", *ratios))
    for tool, of_tool in ratios.items():
        print(f"{tool}: {_summary(of_tool)}")


def _summary(ratios: Mapping[str, float]) -> str:
    worst = max(ratios, key=ratios.__getitem__)
    return f"geometric mean {statistics.geometric_mean(ratios.values()):.3f}, worst {ratios[worst]:.3f} ({worst})"


def _time(benchmark: pyperf.Benchmark) -> str:
    spread = benchmark.median_abs_dev() if benchmark.get_nvalue() > 1 else 0.0
    return f"{benchmark.median() * 1000:.2f} ± {spread * 1000:.2f}"


def write(found: Benchmarks, folder: Path) -> None:
    """Write a file a tool, as pyperf reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    for tool in TOOLS:
        whole = pyperf.BenchmarkSuite([by_tool[tool.name] for by_tool in found.values()])
        whole.dump(str(folder / f"{tool.name.replace(' ', '-')}.json"), replace=True)


if __name__ == "__main__":
    main()
