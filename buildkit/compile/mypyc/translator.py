"""The parent's side of mypyc's worker: one process for each translation of all mypyc modules."""

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
    """One translation job.

    Args:
        modules: the file of each module by its name, relative to the source root.
        groups: for each library, by its name without `__mypyc`, the modules that it holds.
        separate: whether each library is translated separately, with mypy's cache of the last run.
        python: major and minor version of the Python that the extensions are for.
        basis: the digest of the tools and settings; a cache that was written with another basis is ignored.
    """

    modules: Mapping[str, str]
    groups: Mapping[str, Sequence[str]]
    separate: bool
    python: tuple[int, int]
    basis: str


def translate(
    job: Job,
    places: Places,
    toolchain_folders: Sequence[str],
    cache_folder: Path,
    output: Path,
    environment: Mapping[str, str],
) -> Translation:
    """Translate a program; the C files and headers of all libraries and shims go to `output`, as JSON.

    Args:
        job: the modules and the settings of the translation.
        places: where inputs lie.
        toolchain_folders: further folders whose files are not recorded as inputs: mypy's own, which a toolchain digest
            covers, and the suite's.
        cache_folder: the folder of mypy's cache; the worker clears it if its basis or a file in it has changed since
            its last run.
        output: where the result goes.
        environment: all variables of the worker.

    Raises:
        ChildProcessError: the worker died (killed, out of memory).
    """
    question = {
        "source": places.source,
        "project": places.project,
        "site": places.site,
        "toolchain_folders": [*places.toolchain_folders, *toolchain_folders],
        "modules": sorted(job.modules.items()),
        "groups": {name: list(modules) for name, modules in job.groups.items()},
        "separate": job.separate,
        "python": job.python,
        "basis": job.basis,
        "folder": str(cache_folder),
        "output": str(output),
    }
    done = process.run(
        python.module_command("buildkit.compile.mypyc.worker"),
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
