"""A project of eight stages, of which a change of its input makes some and leaves others, and what its volume has."""

from __future__ import annotations

import os
from pathlib import Path

from buildkit.data.refresh.refresh import refresh
from buildkit.data.stages.pipeline import Pipeline, Stage
from buildkit.data.volume import generations

FIRST, SECOND = "one\ntwo\nthree\n", "one\nfour\ntwo\nthree\n"

_SOURCE = """
def read(source, out):
    lines = open("in.txt").read().split()
    for number, line in enumerate(lines):
        (out / "read" / f"{number}.txt").write_text(line)

def cut(item, out):
    (out / "cut" / item.name).write_text(item.read_text().upper())
    if item.read_text() == "four":
        (out / "cut/deep").mkdir()
        (out / "cut/deep/four").write_text("4")
"""

_SHELL = (
    (
        "sort",
        "read",
        "cat read/* /dev/null | tr -d '\\n' > sort/bytes; for f in read/*; do cat $f; echo; done > sort/all",
    ),
    ("split", "sort", "cp sort/all split/0; cat sort/all sort/all > split/1"),
    ("three", "split", "grep -h three split/0 > three/found"),  # equal for both inputs: the rest need not run
    ("number", "three", "cat three/found three/found > number/0; echo 4 > number/1"),
    ("publish", "number", "cat number/* > publish/all; echo done > publish/note"),
)

STAGES = (
    Stage("read", "app.pipeline:read", ("in.txt",), ("read/",)),
    *(
        Stage(name, ("sh", "-ec", f'cd "$PYBUILDKIT_DATA_OUT"; {script}'), (f"stage:{before}",), (f"{name}/",))
        for name, before, script in _SHELL
    ),
    Stage("cut", "app.pipeline:cut", outputs=("cut/",), each="stage:read/*.txt"),
    Stage(
        "join",
        ("sh", "-ec", 'cd "$PYBUILDKIT_DATA_OUT"; cat cut/*.txt > join/all'),
        outputs=("join/",),
        combine=("cut",),
    ),
)
"""Six stages in a row; one in pieces, of which a change of the input keeps one and makes three; one over all pieces."""


def pipeline_in(root: Path, text: str = FIRST) -> Pipeline:
    """Make the project of eight stages under `root`, and return its pipeline."""
    (root / "src/app").mkdir(parents=True)
    (root / "src/app/__init__.py").touch()
    (root / "src/app/pipeline.py").write_text(_SOURCE)
    (root / "in.txt").write_text(text)
    return Pipeline(root, root / "src", root / "data", STAGES)


def content(pipeline: Pipeline) -> dict[str, str]:
    """Return every file of the current generation, read through `current` as a service does."""
    folder = (pipeline.folder / "current").resolve()
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def quiet(_: object) -> None:
    """Say nothing."""


def renew(pipeline: Pipeline) -> dict[str, str]:
    """Refresh here; return what became of each stage."""
    return {row.subject: row.result for row in refresh(pipeline, os.environ, quiet).outcomes}


def leftovers(pipeline: Pipeline) -> list[str]:
    """Return what lies in the volume beside two whole generations and the files that belong there."""
    found = [path.name for path in pipeline.folder.glob(".current*")]
    found += [path.name for path in pipeline.folder.rglob("*") if path.name.endswith((".tmp", ".partial"))]
    names = [place.name for place in generations.all_of(pipeline.folder)]
    return found + names[2:]
