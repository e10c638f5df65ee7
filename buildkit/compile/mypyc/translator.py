"""The near end of mypyc's worker: a process for each translation, which is one of all mypyc modules of the project."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.compile.cython.translator import Translation
from buildkit.compile.places import Places
from buildkit.doors import process, python


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be translated.

    Args:
        modules: the file of each module by its name, relative to the source root.
        groups: for each library, by its name without `__mypyc`, the modules that it holds.
        separate: whether the libraries are translated apart, with what is known from the last time.
        python: major and minor version of the Python that the extensions are for.
        basis: stands for the tools and settings; nothing is known from a time with others.
    """

    modules: Mapping[str, str]
    groups: Mapping[str, Sequence[str]]
    separate: bool
    python: tuple[int, int]
    basis: str


def translate(
    job: Job, places: Places, covered: Sequence[str], known: Path, output: Path, environment: Mapping[str, str]
) -> Translation:
    """Translate a program; the C files and headers of all libraries and shims go to `output`, as JSON.

    Args:
        job: what.
        places: where inputs lie.
        covered: further folders whose content enters the keys as a whole, as mypy's own, or not at all, as the suite's.
        known: the folder in which the worker keeps what it found out; deleted where it is not as the worker left it.
        output: where the result goes.
        environment: all variables of the worker.

    Raises:
        ChildProcessError: the worker died (killed, out of memory).
    """
    question = {
        "source": places.source,
        "project": places.project,
        "site": places.site,
        "covered": [*places.covered, *covered],
        "modules": sorted(job.modules.items()),
        "groups": {name: list(modules) for name, modules in job.groups.items()},
        "separate": job.separate,
        "python": job.python,
        "basis": job.basis,
        "folder": str(known),
        "output": str(output),
    }
    done = process.run(
        python.running("buildkit.compile.mypyc.worker"),
        folder=Path(places.source),
        environment={**environment, "PYTHONHASHSEED": "0"},
        stdin=json.dumps(question) + os.linesep,
        timeout=None,
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        words = done.stderr.strip().rpartition("\n")[2]
        raise ChildProcessError(f"mypyc ended with exit code {done.exit_code} before it answered: {words}") from None
    return Translation(answer["ok"], answer["read"], tuple(answer["probes"]), answer["steady"], answer["words"])
