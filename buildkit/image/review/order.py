"""Packages that are installed anew with every edit, as the sources were copied before them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from buildkit.image.review.build import Build, Step
from buildkit.image.review.finding import Remark
from buildkit.image.review.installs import SYSTEM, Install
from buildkit.image.review.remedies import whole, with_flag

_OF_PATHS = re.compile(r"^\s*(?:-e\s|--editable|\.{1,2}(?:/|\s|\[|$)|file:)", re.MULTILINE)
_LOCKS = {"uv": "uv.lock", "poetry": "poetry.lock", "pdm": "pdm.lock"}


def findings(build: Build) -> Iterator[Remark]:
    """Yield a remark for each copy of the sources that stands before an install of packages."""
    told: set[int] = set()
    for steps in build.stages.values():
        copied: Step | None = None
        late: list[tuple[Step, Install]] = []
        for step in steps:
            if step.instruction.name in {"COPY", "ADD"} and copied is None and not step.instruction.flag("from"):
                copied = step if any(map(build.takes_code, build.sources.get(step.line, ()))) else None
            found = step.installs if copied is not None else ()
            late += ((step, each) for each in found if _looks_elsewhere(build, each) and not build.is_again(step, each))
        if copied is not None and late and copied.line not in told:
            told.add(copied.line)
            yield _remark(build, copied, late)


def _looks_elsewhere(build: Build, each: Install) -> bool:
    """Whether an install takes packages from an index, and its list can stand before the sources."""
    if each.is_prebuilt or each.has("--no-deps", "--offline", "--only-root"):
        return False
    return not any(_OF_PATHS.search(build.text(PurePosixPath(name).as_posix())) for name in each.files)


def _remark(build: Build, copied: Step, late: Sequence[tuple[Step, Install]]) -> Remark:
    step, first = next(((step, each) for step, each in late if each.of_project), late[0])
    more = sorted({each.line for each, _ in late} - {step.line})
    also = f" (so does line {', '.join(map(str, more))})" if more else ""
    before = f"{copied.instruction.written} stands before, in line {copied.line}"
    says = f"each edit of a source installs all of it anew{also}: {before}"
    return Remark("layer-order", step.line, says, tuple(_lines(build, copied, step, first)))


def _lines(build: Build, copied: Step, step: Step, first: Install) -> Iterator[str]:
    run = step.instruction.written
    copy = copied.instruction.written
    if first.tool in SYSTEM or not first.of_project:
        yield from (*whole(step.instruction), copy)
    elif first.tool == "pipenv":
        yield from ("COPY Pipfile Pipfile.lock ./", *whole(step.instruction), copy)
    elif first.tool in _LOCKS and not first.files and not first.local:
        lock = _LOCKS[first.tool]
        names = f"pyproject.toml {lock}" if (build.root / lock).is_file() else "pyproject.toml"
        alone = {"uv": "--no-install-project", "poetry": "--no-root", "pdm": "--no-self"}[first.tool]
        early = run if alone in first.words else with_flag(run, first, alone)
        yield from (f"COPY {names} ./", early, copy)
        if alone not in first.words:
            yield run
    elif first.files:
        lists = " ".join(PurePosixPath(name).name if name.startswith("/") else name for name in first.files)
        yield from (f"COPY {lists} ./", *whole(step.instruction), copy)
    else:
        yield "# requirements.txt: the dependencies alone, as `uv export` or `pip-compile` writes them"
        yield "COPY requirements.txt ./"
        yield f"RUN {' '.join(first.words[: first.words.index('install')])} install -r requirements.txt"
        yield copy
        yield with_flag(run, first, "--no-deps")
