"""P9: what a start on a warm volume costs, and what a change of the data costs.

    python -m benchmarks data [--size 2.3GB] [--files 10000] [--rounds 5] [--quick]

Makes a service with six stages whose data has that many files and bytes, in the system's folder for temporary files
(`--place` names another; it needs three times the size) and deletes it at the end. The gate is the entrypoint of the
container, `python -m buildkit.runtime -- true`. Its peers: `python -c ''`, a `stat` of the same files by one loop, and
`sha256sum` and `b3sum` (where there is one) of the same bytes. Five minutes on two cores; `--quick` has 30 MB in 300
files: half a minute, and ratios that mean nothing.
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

from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.runtime import state
from buildkit.runtime.settings import VARIABLE, RuntimeSettings

STAGES = ("read", "select", "propagate", "passes", "aggregate", "publish")
SOURCE = '''
import json, os, random
from pathlib import Path

def read(source, out):
    """The element sets without their remarks."""
    lines = [line for line in Path("sets.tle").read_text().splitlines() if line and not line.startswith("#")]
    (out / "read/sets.json").write_text(json.dumps(lines))

def select(source, out):
    """Each set in a file of its own."""
    for number, line in enumerate(json.loads((source / "read/sets.json").read_text())):
        (out / f"select/{number:05}.txt").write_text(line)

def propagate(source, out, size):
    """The bulk: positions of each set, many bytes that follow from its text."""
    for file in sorted((source / "select").iterdir()):
        block = random.Random(file.read_text()).randbytes(min(size, 1 << 16))
        with (out / "propagate" / file.name).open("wb") as positions:
            for start in range(0, size, len(block)):
                positions.write(block[: size - start])

def passes(source, out):
    total = sum(file.stat().st_size for file in (source / "propagate").iterdir())
    (out / "passes/total.json").write_text(json.dumps(total))

def aggregate(source, out):
    (out / "aggregate/mean.json").write_text((source / "passes/total.json").read_text())

def publish(source, out):
    (out / "publish/index.json").write_text((source / "aggregate/mean.json").read_text())
'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=2.3, help="of the data, in GB")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="30 MB in 300 files, two rounds")
    parser.add_argument("--place", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    if options.quick:
        options.size, options.files, options.rounds = 0.03, 300, 2
    with tempfile.TemporaryDirectory(prefix="buildkit-data-", dir=options.place) as place:
        service = Service(Path(place), int(options.size * 1e9), options.files)
        changes(service)
        gate(service, options.rounds)


class Service:
    """A service with six stages; `files` counts those of `select` and `propagate` together."""

    def __init__(self, root: Path, size: int, files: int) -> None:
        self.root = root
        self.count = files // 2
        (root / "src/app").mkdir(parents=True)
        (root / "src/app/__init__.py").touch()
        (root / "src/app/pipeline.py").write_text(SOURCE)
        self.sets = [f"set {number}" for number in range(self.count)]
        self.write()
        self.pipeline = Pipeline(
            root,
            root / "src",
            root / "data",
            tuple(
                Stage(
                    name,
                    f"app.pipeline:{name}",
                    ("sets.tle",) if not at else (f"stage:{STAGES[at - 1]}",),
                    (f"{name}/",),
                    {"size": size // self.count} if name == "propagate" else {},
                )
                for at, name in enumerate(STAGES)
            ),
        )
        self.environment = {VARIABLE: str(root / "buildkit.json"), state.VARIABLE: str(root / "state.json")}
        (root / "buildkit.json").write_text(RuntimeSettings(root, self.pipeline).as_text())

    @property
    def current(self) -> Path:
        return (self.pipeline.folder / "current").resolve()

    def write(self, *remarks: str) -> None:
        (self.root / "sets.tle").write_text("\n".join([*remarks, *self.sets]) + "\n")

    def start(self, **variables: str) -> tuple[float, str]:
        """Start the service; return the seconds until it runs, and the log."""
        done = subprocess.run(
            [*GATE, "true"],
            cwd=self.root,
            env={**os.environ, **self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        return float(json.loads((self.root / "took").read_text())), done.stderr


NOTE = """
import json, os, sys, time
begun = time.time()
from buildkit.runtime.entrypoint import main
real = os.execvp
def note(*service):
    with open("took", "w") as file:
        file.write(json.dumps(time.time() - begun))
    real(*service)
os.execvp = note
sys.exit(main(["--", *sys.argv[1:]], os.environ))
"""
GATE = [sys.executable, "-c", NOTE]


def changes(service: Service) -> None:
    """What ran, what was written, and the seconds until the service runs."""
    rows = []

    def row(what: str) -> None:
        before = set(inodes(service))
        seconds, log = service.start(PYBUILDKIT_DATA_POLICY="block")
        ran = [stage for stage in STAGES if f"stage {stage}: made" in log]
        written = sum(size for inode, size in inodes(service).items() if inode not in before)
        rows.append((what, ", ".join(ran) or "nothing", f"{written / 1e6:,.1f}", f"{seconds:.2f}"))

    row("cold")
    row("warm")
    service.write("# a remark")
    row("an input changed, its stage's output did not")
    service.sets[7] = "another set"
    service.write()
    row("one set changed")
    (service.current / "passes/total.json").unlink()
    row("one file damaged")
    settings = service.root / "buildkit.json"
    text = settings.read_text()
    settings.write_text(text.replace('"ttl": 604800.0', '"ttl": 0.001'))
    row("older than its time to live")
    settings.write_text(text)
    size = sum(file.stat().st_size for file in service.current.rglob("*") if file.is_file())
    print(f"{size / 1e9:.2f} GB in {sum(1 for file in service.current.rglob('*') if file.is_file()):,} files")
    measure.table(rows, ("start on data that is", "what ran", "MB written", "seconds to the service"))
    generations = list((service.pipeline.folder / "generations").iterdir())
    used = sum(each for each in inodes(service).values())
    print(f"{len(generations)} generations take {used / 1e9:.2f} GB on the disk")


def inodes(service: Service) -> dict[int, int]:
    """Return the bytes on the disk of each file of all generations, by its inode: shared ones count once."""
    found = {}
    for folder, _, names in os.walk(service.pipeline.folder / "generations"):
        for name in names:
            status = Path(folder, name).lstat()
            found[status.st_ino] = status.st_blocks * 512
    return found


def gate(service: Service, rounds: int) -> None:
    """P9: the gate of a warm start, and the deep comparison."""
    time.sleep(2.5)  # what was just written may still change under the same stamp
    service.start()
    folder = service.current
    runtime = [sys.executable, "-m", "buildkit.runtime"]

    def seconds(*command: str) -> float:
        return measure.seconds(command, service.root, service.environment)

    stat = f"import os\nfor f, _, n in os.walk({str(folder)!r}):\n for each in n: os.stat(f + '/' + each)"
    found = measure.in_turns(
        rounds,
        gate=lambda: seconds(*runtime, "--", "true"),
        python=lambda: seconds(sys.executable, "-c", ""),
        stat=lambda: seconds(sys.executable, "-c", stat),
    )
    bare = statistics.median(found["python"])
    added, stats = ([each - bare for each in found[name]] for name in ("gate", "stat"))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print("\nP9: both less the start of Python")
    measure.table([measure.row("gate, by stat of the same files", added, stats, "gate ≤ 0.3 s")])
    hashers = {"sha256sum": "sha256sum", "b3sum": "b3sum"}
    for name in [name for name in hashers if shutil.which(name) is None]:
        del hashers[name]
    walk = f"find {folder} -type f -print0 | xargs -0 %s > /dev/null"
    deep = measure.in_turns(
        max(rounds // 2, 1),
        ours=lambda: seconds(*runtime, "--verify", "--deep"),
        **{name: lambda name=name: seconds("sh", "-c", walk % name) for name in hashers},  # type: ignore[misc]
    )
    speed = size / 1e9 / statistics.median(deep["ours"])
    print(f"\ndeep comparison: {speed:.2f} GB/s (target: 1, or the disk's own speed)")
    measure.table([measure.row(f"deep, by {name}", deep["ours"], deep[name], "≤ 1") for name in hashers])


if __name__ == "__main__":
    main()
