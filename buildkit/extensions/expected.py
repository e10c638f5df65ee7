"""What modules took to compile the last time, and with it how long a build will take.

.buildkit/seconds.json    the seconds of each module; where it is lost, the sizes of sources stand for them
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from buildkit.doors import durations
from buildkit.extensions import pool
from buildkit.extensions.sight import Sight
from buildkit.model import LIBRARY, Action, Outcome, Step
from buildkit.report.progress import Progress

_FILE = "seconds.json"
_EACH, _BY_SIZE = 0.23, 5.3e-5
"""Seconds for a module and for each byte of its source, where nothing is known of this machine: fitted to 57 modules of
a service, with the fast compiler; their relation to each other is what counts."""


@contextlib.contextmanager
def shown(sight: Sight, steps: Iterable[Step]) -> Iterator[Callable[[Outcome], None]]:
    """Show the progress of the modules that are to be made, where there are several, for the time of a block.

    Args:
        sight: what was seen.
        steps: what is to be done.

    Yields:
        What notes the outcome of one. At the end it is kept what each has taken.
    """
    made = [step.subject for step in steps if step.action is Action.MAKE and not step.subject.endswith(LIBRARY)]
    took: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(_progress(sight, made).shown()) if len(made) > 1 else None

        def note(outcome: Outcome) -> None:
            if progress is not None:
                progress.done(outcome.subject)
            if outcome.result == "compiled":
                took[outcome.subject] = outcome.seconds

        yield note
    durations.keep(sight.workspace.config.work / _FILE, took)


def _progress(sight: Sight, made: Sequence[str]) -> Progress:
    known = durations.read(sight.workspace.config.work / _FILE)
    weights = estimated(made, known, {name: _size(sight, name) for name in made})
    compilers = min(sight.workspace.config.compile.jobs or pool.cores(), len(made))
    pace = 1 / compilers if {*made} <= {*known} else 0.0
    return Progress(sight.workspace.console, "compiling", weights, pace=pace)


def estimated(names: Iterable[str], known: Mapping[str, float], sizes: Mapping[str, int]) -> dict[str, float]:
    """Return the seconds that each module is thought to take: those of the last time, else by its source.

    Args:
        names: the modules.
        known: the seconds of the last time.
        sizes: the bytes of each source.
    """
    usual = {name: _EACH + _BY_SIZE * size for name, size in sizes.items()}
    both = [name for name in usual if name in known]
    speed = sum(known[name] for name in both) / sum(usual[name] for name in both) if both else 1.0
    return {name: known.get(name) or usual.get(name, _EACH) * speed for name in names}


def _size(sight: Sight, name: str) -> int:
    module = sight.modules.compiled.get(name)
    if module is None:
        return 0
    try:
        return (sight.workspace.config.source / module.source).stat().st_size
    except OSError:
        return 0
