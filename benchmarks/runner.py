"""Lists and runs the benchmarks, each in a process of its own, and compares what two runs came to."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import measure
import results
from catalogue import BENCHMARKS, Benchmark

HERE = Path(__file__).parent
USAGE = """\
python -m benchmarks                                     list them
       python -m benchmarks NAME [--quick] [--json FILE] …      run one; what else is given is its own (NAME --help)
       python -m benchmarks --quick [--json FILE]               run all, a minute or two each
       python -m benchmarks --compare OLD.json NEW.json         the figures of two runs, side by side
"""


def main(arguments: Sequence[str], benchmarks: Sequence[Benchmark] = BENCHMARKS, folder: Path = HERE) -> int:
    """Do what the command line says; return the exit code.

    Args:
        arguments: the words behind `python -m benchmarks`.
        benchmarks: those that there are.
        folder: where their programs lie.
    """
    parser = argparse.ArgumentParser(usage=USAGE, add_help=False)
    parser.add_argument("name", nargs="?", choices=[each.name for each in benchmarks])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--compare", nargs=2, type=Path)
    options, own = parser.parse_known_args(arguments)
    if options.compare:
        rows = results.compared(results.read(options.compare[0]), results.read(options.compare[1]))
        measure.table(rows, results.COMPARED)
        return 0
    if options.name is None and not options.quick:
        if own:
            parser.error(f"unknown: {' '.join(own)}")
        heading = ("name", "measures", "peers", "two cores")
        measure.table([(each.name, each.measures, each.peers, each.length) for each in benchmarks], heading)
        print(f"\nusage: {USAGE}", end="")
        return 0
    if options.name is not None and {"-h", "--help"} & {*own}:
        return subprocess.run([sys.executable, str(folder / f"{options.name}.py"), "--help"], check=False).returncode
    chosen = [each for each in benchmarks if options.name in {None, each.name}]
    words = [*(["--quick"] if options.quick else []), *own]
    found = results.begun(options.quick)
    for each in chosen:
        print(f"\n{each.name}: {each.measures}; peers: {each.peers}\n", flush=True)
        found["results"].append(run(folder / f"{each.name}.py", words))
    file = options.json or HERE / "results" / f"{found['date'].replace(':', '')}-{options.name or 'all'}.json"
    results.write(file, found)
    print(f"\nresults: {file}")
    failed = [each["benchmark"] for each in found["results"] if each["exit_code"] != 0]
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def run(program: Path, words: Sequence[str]) -> results.Result:
    """Run one benchmark, print what it prints, and return what it found."""
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        tables = Path(place) / "tables"
        environment = {**os.environ, measure.RECORD: str(tables)}
        begun = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, str(program), *words], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        printed = []
        for line in child.stdout:
            print(line, end="", flush=True)
            printed.append(line.rstrip("\n"))
        return {
            "benchmark": program.stem,
            "arguments": list(words),
            "exit_code": child.wait(),
            "seconds": time.perf_counter() - begun,
            "tables": results.tables(tables),
            "printed": printed,
        }
