"""Jobs on all cores, each with a warm translator to itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from buildkit.compile.translator import Translator
from buildkit.doors import process

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Yield(Generic[Result]):
    """What a job came to.

    Args:
        results: what it has to say.
        jobs: what is to be done next, now that it is done.
    """

    results: Sequence[Result] = ()
    jobs: Sequence[Callable[[Translator], Yield[Result]]] = field(default=())


Job = Callable[[Translator], Yield[Result]]


def in_parallel(jobs: Sequence[Job[Result]], most: int, translator: Callable[[], Translator]) -> Iterator[Result]:
    """Yield the results of the jobs as they come.

    Where one raises, or the whole is interrupted, no other is begun and every child process is ended.

    Args:
        jobs: in the order in which they are begun.
        most: how many run at once; 0 for as many as this process may use cores.
        translator: makes a translator, which starts its process at its first job.
    """
    if not jobs:
        return
    translators = [translator() for _ in range(most or _cores())]
    idle = list(translators)

    def run(job: Job[Result]) -> Yield[Result]:
        own = idle.pop()
        try:
            return job(own)
        finally:
            idle.append(own)

    pool = ThreadPoolExecutor(len(translators))
    waiting: set[Future[Yield[Result]]] = {pool.submit(run, job) for job in jobs}
    try:
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                came = future.result()
                waiting |= {pool.submit(run, job) for job in came.jobs}
                yield from came.results
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        process.end_all()
        raise
    finally:
        for each in translators:
            each.close()
    pool.shutdown()


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
