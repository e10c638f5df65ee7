"""All stages of the pipeline, one after the other."""

from pathlib import Path
from typing import Any

from orbits.pipeline.aggregate import aggregate
from orbits.pipeline.passes import passes
from orbits.pipeline.propagate import propagate
from orbits.pipeline.publish import publish
from orbits.pipeline.read import read
from orbits.pipeline.select import select

STAGES = (read, select, propagate, passes, aggregate, publish)


def run_pipeline(folder: Path, **parameters: dict[str, Any]) -> None:
    for stage in STAGES:
        stage(folder, folder, **parameters.get(stage.__name__, {}))
