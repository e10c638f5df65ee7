"""P12: what it costs that compiled code means what plain Python means.

    python -m benchmarks sameness [--seconds 8] [--quick]

`programs/everyday.py` has what plain Python does all day, a function for each kind. It runs as Python, as Cython by
itself compiles it, and as this suite's `release` does, both C texts compiled with the same flags; all three in one
process, call by call in turns, so that what else happens on the machine meets all alike. Figures are medians of CPU
seconds. The peer is Cython by itself, which is quicker where it does something else than Python.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import measure
import peers
from race import in_turns

from buildkit.compile.profiles import COMMON, SHARED, compile_flags

HERE = Path(__file__).parent.resolve()
SOURCE = HERE / "programs" / "everyday.py"
HEADING = ("what", "Python (µs)", "Cython (µs)", "ours (µs)", "ours / Cython", "ours / Python")
TARGETS = "target: mean of ours / Cython ≤ 1.02, worst ≤ 1.08"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="of each program")
    parser.add_argument("--quick", action="store_true", help="a second each")
    parser.add_argument("names", nargs="*", metavar="PROGRAM")
    options = parser.parse_args()
    print(peers.machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="buildkit-bench-") as place:
        forms = {
            "Python": loaded(SOURCE),
            "Cython": loaded(by_cython(Path(place) / "cython")),
            "ours": loaded(by_us(Path(place) / "ours")),
        }
        report(forms, options.names, 1 if options.quick else options.seconds)


def by_cython(folder: Path) -> Path:
    """Return the extension that Cython and the C compiler make by themselves, with the flags of our `release`."""
    folder.mkdir()
    c, extension = folder / "everyday.c", folder / f"everyday{peers.SUFFIX}"
    cython = [str(measure.PYTHON), "-m", "cython", *peers.DIRECTIVES, str(SOURCE), "-o", str(c)]
    flags = [*COMMON, *SHARED, *compile_flags("release", SOURCE.name, "cc", tiny=False)]
    flags.append(f"-I{sysconfig.get_path('include')}")
    for command in (cython, ["cc", *flags, str(c), "-o", str(extension)]):
        subprocess.run(command, cwd=folder, check=True)
    return extension


def by_us(folder: Path) -> Path:
    """Return the extension that `invoke compile --profile release` makes."""
    package = folder / "everyday"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copy(SOURCE, package / "everyday.py")
    (folder / "pyproject.toml").write_text('[tool.buildkit]\nsource-root = "."\npackages = ["everyday"]\n')
    (folder / "tasks.py").write_text(measure.OUR_TASKS)
    measure.seconds(
        [*measure.INVOKE, "compile", "--profile", "release"], folder, {"PYBUILDKIT_CACHE_DIR": str(folder / "store")}
    )
    return package / f"everyday{peers.SUFFIX}"


def loaded(file: Path) -> ModuleType:
    """Return the module in a file."""
    spec = importlib.util.spec_from_file_location("everyday", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["everyday"] = module
    spec.loader.exec_module(module)
    return module


def report(forms: Mapping[str, ModuleType], names: list[str], seconds: float) -> None:
    """Time each program in all forms, and print the table."""
    rows, ratios, gains = [], [], []
    for name in names or forms["ours"].PROGRAMS:
        medians = raced([form.PROGRAMS[name] for form in forms.values()], seconds)
        python, cython, ours = (median * 1e6 for median in medians)
        ratios.append(ours / cython)
        gains.append(ours / python)
        rows.append((name, f"{python:.0f}", f"{cython:.0f}", f"{ours:.0f}", f"{ratios[-1]:.2f}", f"{gains[-1]:.2f}"))
    mean = (f"{statistics.geometric_mean(each):.3f}" for each in (ratios, gains))
    rows.append(("geometric mean", "", "", "", *mean))
    measure.table(rows, HEADING)
    print(TARGETS)


def raced(calls: list[Callable[[], object]], seconds: float) -> list[float]:
    """Return the median CPU seconds of each, called in turns; all must come to the same."""
    results = [call() for call in calls]
    if any(result != results[0] for result in results):
        sys.exit(f"{calls[0].__name__}: the forms come to different results: {results}")
    return [statistics.median(each) for each in in_turns(calls, seconds)]


if __name__ == "__main__":
    main()
