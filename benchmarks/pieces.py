"""P15: one of a thousand inputs changed, beside the same stage without `each` and beside DVC.

    python -m benchmarks pieces [--inputs 1000] [--work 0.003] [--dvc PROGRAM] [--patience 120] [--quick]

Every input takes `--work` seconds. `invoke data` is timed as a whole process, in turns for both forms of the stage. DVC
has a stage for each input by `foreach`; what it runs longer than `--patience` seconds is cut off there, and the table
says how far it came. The rest of its outputs is then written by hand and committed, so that a change is measured with
all there. Bytes are those of files that are new on the disk, DVC's cache among them. Ten minutes on two cores, nearly
all of it DVC's; `--quick` has twenty inputs: a minute, and ratios that mean nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure

_SOURCE = """
import time
from pathlib import Path

def piece(item, out):
    time.sleep({work})
    (out / "loud" / item.name).write_text(item.read_text().upper())

def whole(source, out):
    files = sorted(Path("in").iterdir())
    for file in files:
        piece(file, out)
    print("processed", len(files))
"""
_PROJECT = """
[project]
name = "service"
version = "1"
[tool.buildkit]
source-root = "."
packages = ["app"]
[[tool.buildkit.data.stage]]
name = "loud"
run = "app.stages:{0}"
{1} = {2}
outputs = ["loud/"]
"""
_DVC_CODE = """
import sys, time
from pathlib import Path
item = Path(sys.argv[1])
time.sleep({work})
Path("loud", item.name).write_text(item.read_text().upper())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--work", type=float, default=0.003, help="seconds for each input")
    parser.add_argument("--dvc", default=shutil.which("dvc", path=str(Path(sys.executable).parent)) or "")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds that one run of DVC may take")
    parser.add_argument("--place", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--quick", action="store_true", help="twenty inputs")
    options = parser.parse_args()
    options.inputs = 20 if options.quick else options.inputs
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, and DVC would be as deaf
    with tempfile.TemporaryDirectory(prefix="buildkit-pieces-", dir=options.place) as place:
        run(Path(place), options)


def run(place: Path, options: argparse.Namespace) -> None:
    """Measure all cases, and print the table."""
    subjects: list[Subject] = [
        Ours(place / "each", "piece", 'each = "in/*.txt"', options),
        Ours(place / "whole", "whole", 'inputs = ["in/*.txt"]', options),
    ]
    if options.dvc:
        subjects.append(Dvc(place / "dvc", options))
    rows = []
    for case in CASES:
        found = [subject.measure(case) for subject in subjects]
        ours = found[0][1]
        ratios = [f"{seconds / ours:.2f}{cut}" for _, seconds, _, cut in found[1:]]
        cells = [f"{ran} / {seconds:.2f}{cut} / {written / 1e6:.2f}" for ran, seconds, written, cut in found]
        rows.append((case, *cells, *ratios))
    names = [subject.name for subject in subjects]
    print(f"{options.inputs:,} inputs of {options.work:g} s: pieces run / seconds / MB written; > is cut off")
    measure.table(rows, ("case", *names, *(f"{name} : {names[0]}" for name in names[1:])))


CASES = ("all new", "none", "one changed", "ten changed", "one gone", "code changed", "all changed")

Found = tuple[str, float, int, str]
"""Pieces that ran, seconds, bytes written, `>` where it was cut off."""


class Subject:
    """A project with the inputs, and what brings it up to date."""

    name = ""

    def __init__(self, root: Path, options: argparse.Namespace) -> None:
        self.root = root
        self.work = options.work
        self.inputs = [f"{number:05}.txt" for number in range(options.inputs)]
        (root / "in").mkdir(parents=True)
        for name in self.inputs:
            (root / "in" / name).write_text(f"text of {name}\n")

    def measure(self, case: str) -> Found:
        """Change what the case says, and bring all up to date."""
        self.change(case)
        time.sleep(2.5)  # what was just written may still change under the same stamp
        before = self.written()
        start = time.perf_counter()
        ran, cut = self.update()
        seconds = time.perf_counter() - start
        written = sum(size for inode, size in self.written().items() if inode not in before)
        self.check(cut=bool(cut))
        return ran, seconds, written, cut

    def change(self, case: str) -> None:
        """Edit the inputs or the code."""
        changed = {"one changed": 1, "ten changed": 10, "all changed": len(self.inputs)}.get(case, 0)
        for name in self.inputs[7 : 7 + changed] if changed < len(self.inputs) else self.inputs:
            (self.root / "in" / name).write_text(f"{case} {name}\n")
        if case == "one gone":
            (self.root / "in" / self.inputs.pop()).unlink()
        if case == "code changed":
            self.change_code()

    def change_code(self) -> None:
        raise NotImplementedError

    def update(self) -> tuple[str, str]:
        """Return how many pieces ran, and `>` if it was cut off."""
        raise NotImplementedError

    def written(self) -> dict[int, int]:
        """Return the bytes on the disk of each file but the inputs, by inode."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in {"in", "__pycache__"}]
            for name in names:
                status = Path(folder, name).lstat()
                found[status.st_ino] = status.st_blocks * 512
        return found

    def results(self) -> Path:
        """Return the folder of the results."""
        raise NotImplementedError

    def check(self, *, cut: bool) -> None:
        """End where a result is not what it should be."""
        wanted = {name: (self.root / "in" / name).read_text().upper() for name in self.inputs}
        found = {file.name: file.read_text() for file in self.results().iterdir() if file.suffix == ".txt"}
        if not cut and wanted.items() - found.items():
            sys.exit(f"{self.name}: wrong results")


class Ours(Subject):
    """`invoke data`."""

    def __init__(self, root: Path, form: str, key: str, options: argparse.Namespace) -> None:
        super().__init__(root, options)
        self.name = "each" if form == "piece" else "whole stage"
        (root / "app").mkdir()
        (root / "app/__init__.py").touch()
        (root / "app/stages.py").write_text(_SOURCE.format(work=self.work))
        name, _, value = key.partition(" = ")
        (root / "pyproject.toml").write_text(_PROJECT.format(form, name, value))
        (root / "tasks.py").write_text(measure.OUR_TASKS)

    def change_code(self) -> None:
        with (self.root / "app/stages.py").open("a") as source:
            source.write("# another line\n")

    def update(self) -> tuple[str, str]:
        done = subprocess.run([*measure.INVOKE, "data"], cwd=self.root, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        for line in done.stderr.splitlines():
            if " of " in line and "pieces to make" in line:
                return line.split(" of ")[0].split()[-1], ""
            if "processed" in line:
                return f"{int(line.split()[-1]):,}", ""
        return "0", ""

    def results(self) -> Path:
        return self.root / "data/current/loud"


class Dvc(Subject):
    """`dvc repro` over a stage for each input."""

    name = "DVC"

    def __init__(self, root: Path, options: argparse.Namespace) -> None:
        super().__init__(root, options)
        self.patience = options.patience
        self.dvc = options.dvc
        (root / "loud").mkdir()
        (root / "loud.py").write_text(_DVC_CODE.format(work=self.work))
        self.declare()
        self.run("init", "--no-scm", "--quiet")
        self.run("config", "core.analytics", "false")
        self.run("config", "cache.type", "hardlink,symlink")

    def declare(self) -> None:
        items = "".join(f"      - {name}\n" for name in self.inputs)
        (self.root / "dvc.yaml").write_text(
            f"stages:\n  loud:\n    foreach:\n{items}    do:\n"
            f"      cmd: {sys.executable} loud.py in/${{item}}\n"
            "      deps: [loud.py, 'in/${item}']\n      outs: ['loud/${item}']\n"
        )

    def run(self, *arguments: str, seconds: float | None = None) -> str | None:
        """Run DVC; return its output, or None where it was cut off."""
        child = subprocess.Popen(
            [self.dvc, *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            text, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGINT)
            child.communicate()
            (self.root / ".dvc/tmp/rwlock").unlink(missing_ok=True)  # left empty, which it cannot read any more
            return None
        if child.returncode:
            sys.exit(f"dvc {' '.join(arguments)}:\n{text[-2000:]}")
        return text

    def change(self, case: str) -> None:
        super().change(case)
        if case == "one gone":
            self.declare()  # by hand, as it knows no glob

    def change_code(self) -> None:
        with (self.root / "loud.py").open("a") as source:
            source.write("# another line\n")

    def update(self) -> tuple[str, str]:
        begun = time.time()
        text = self.run("repro", "--quiet", seconds=self.patience)
        fresh = sum(file.stat().st_ctime > begun for file in (self.root / "loud").glob("*.txt"))
        if text is not None:
            return f"{fresh:,}", ""
        self.catch_up()
        return f"{fresh:,}", ">"

    def catch_up(self) -> None:
        """Write what it did not come to, and have it take that as its own."""
        for name in self.inputs:
            target = self.root / "loud" / name
            target.unlink(missing_ok=True)
            target.write_text((self.root / "in" / name).read_text().upper())
        (self.root / "dvc.lock").unlink(missing_ok=True)  # cut off, too, it may be half written
        self.run("commit", "--force")

    def results(self) -> Path:
        return self.root / "loud"


if __name__ == "__main__":
    main()
