"""How far the builder is: its steps as they begin and end, and what each took the last time.

.buildkit/image/NAME.seconds.json    the seconds of each step
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from buildkit.doors import durations
from buildkit.image.progress import Vertex, shown_lines
from buildkit.report.console import Console
from buildkit.report.progress import Progress

_PLACE = re.compile(r"\[[^]]*\]")
"""Of a step's name, which one of its stage it is: `[build 4/9]`."""


@contextlib.contextmanager
def shown(console: Console, name: str, folder: Path) -> Iterator[Callable[[Vertex], None]]:
    """Show the steps of a build for the time of a block.

    Args:
        console: where they are shown.
        name: the image's name in the settings.
        folder: has the seconds of the last time.

    Yields:
        What hears of each step when it begins and when it ends.
    """
    place = folder / f"{name}.seconds.json"
    known, took = durations.read(place), dict[str, float]()
    with Progress(console, f"building image {name}", known, pace=1.0, counted=False).shown() as progress:

        def hear(step: Vertex) -> None:
            if not step.result:
                for other in [each for each in known if each != step.name and _place(each) == _place(step.name)]:
                    progress.skips(other)  # what stood there before
                progress.begins(step.name)
            elif step.result == "done":
                took[step.name] = step.seconds
                progress.done(step.name)
            else:
                progress.skips(step.name)
            for line in shown_lines(step):
                console.say(line)

        yield hear
    kept = {step: seconds for step, seconds in known.items() if not {_place(step)} & {*map(_place, took)}}
    durations.replace(place, {**kept, **took})


def _place(step: str) -> str:
    found = _PLACE.match(step)
    return found[0] if found else step
