"""`python -m benchmarks`: what it lists, what it keeps of a run, and how it compares two."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildkit.doors.process import Completed, run

ROOT = Path(__file__).parents[3]
PROGRAMS = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "argparse" in path.read_text("utf-8")}
SAMPLE = """
import sys, measure
print("words", sys.argv[1:])
measure.table([measure.row("made", [3.0, 1.0, 2.0], [4.0], "≤ 1")])
measure.table([("begun", "1,250 / 2"), ("ended", "none")], ("what", "files"))
"""
DRIVE = """
import sys
sys.path[:0] = sys.argv.pop(1), sys.argv.pop(1)
from pathlib import Path
import runner
from catalogue import Benchmark
made = (Benchmark("sample", "a sample", "another", "no time"), Benchmark("broken", "what fails", "none", "no time"))
sys.exit(runner.main(sys.argv[1:], made, Path(sys.path[1])))
"""


def benchmarks(*words: str) -> Completed:
    return run([sys.executable, "-m", "benchmarks", *words], folder=ROOT, timeout=60)


def driven(folder: Path, *words: str) -> Completed:
    """Run the runner on two programs of ours."""
    (folder / "sample.py").write_text(SAMPLE)
    (folder / "broken.py").write_text("raise SystemExit(3)")
    place = str(ROOT / "benchmarks")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([place, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", DRIVE, place, str(folder), *words]
    return run(command, folder=folder, environment=environment, timeout=60)


def results(figures: Mapping[str, str]) -> dict[str, Any]:
    table = {"heading": ["what", "seconds"], "rows": [[*pair] for pair in figures.items()], "figures": []}
    return {"schema": "buildkit.benchmarks/1", "results": [{"benchmark": "sample", "tables": [table]}]}


def test_each_benchmark_is_listed_in_a_line() -> None:
    listed = benchmarks().stdout.partition("\n\n")[0].splitlines()[2:]

    assert {line.split()[0] for line in listed} == PROGRAMS - {"runner"}


def test_a_run_prints_its_tables_and_keeps_them_with_what_they_were_measured_on(tmp_path: Path) -> None:
    ran = driven(tmp_path, "sample", "--quick", "--rounds", "3", "--json", "kept/found.json")
    found = json.loads((tmp_path / "kept/found.json").read_text("utf-8"))
    (sample,) = found["results"]

    assert ran.ok, ran.stderr
    assert "words ['--quick', '--rounds', '3']" in ran.stdout
    assert "made  2.000 (1.000 to 3.000)  4.00      0.50   ≤ 1" in ran.stdout
    assert found["quick"] is True
    assert {"cores", "memory_bytes", "system", "processor", "load"} == {*found["machine"]}
    assert found["versions"]["python"].startswith("3.")
    assert found["date"].startswith("20")
    assert [table["heading"][0] for table in sample["tables"]] == ["what", "what"]
    assert sample["tables"][0]["figures"] == [
        {"what": "made", "ours": 2.0, "peer": 4.0, "ratio": 0.5, "times": {"ours": [3.0, 1.0, 2.0], "peer": [4.0]}}
    ]


def test_one_that_fails_keeps_none_of_the_others_back(tmp_path: Path) -> None:
    ran = driven(tmp_path, "--quick", "--json", "found.json")
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))

    assert ran.exit_code == 1
    assert ran.stdout.endswith("failed: broken\n")
    assert [(each["benchmark"], each["exit_code"]) for each in found["results"]] == [("sample", 0), ("broken", 3)]


def test_two_runs_are_compared_figure_by_figure(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(results({"same": "2.0 (1.0 to 3.0)", "gone": "1", "words": "none"})))
    (tmp_path / "new.json").write_text(json.dumps(results({"same": "3.0", "fresh": "1", "words": "none"})))

    ran = benchmarks("--compare", str(tmp_path / "old.json"), str(tmp_path / "new.json"))

    assert ran.ok, ran.stderr
    assert [line.split() for line in ran.stdout.splitlines()[2:]] == [["sample", "same", "seconds", "2", "3", "1.50"]]


def test_what_is_no_result_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")

    ran = benchmarks("--compare", str(tmp_path / "other.json"), str(tmp_path / "gone.json"))

    assert ran.exit_code == 1
    assert ran.stderr == f"{tmp_path}/other.json: no results of buildkit.benchmarks/1\n"
