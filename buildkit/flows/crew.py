"""Jobs on all cores, each with a warm translator to itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from buildkit.compile.translator import Translator
from buildkit.doors import process

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_parallel(
    jobs: Sequence[Job], most: int, translator: Callable[[], Translator], do: Callable[[Job, Translator], Result]
) -> Iterator[Result]:
    """Yield the results of the jobs as they come.

    Where one raises, or the whole is interrupted, no other is begun and every child process is ended.

    Args:
        jobs: in the order in which they are begun.
        most: how many run at once; 0 for as many as this process may use cores.
        translator: makes a translator, which starts its process at its first job.
        do: does one job.
    """
    if not jobs:
        return
    translators = [translator() for _ in range(min(most or _cores(), len(jobs)))]
    idle = list(translators)

    def run(job: Job) -> Result:
        own = idle.pop()
        try:
            return do(job, own)
        finally:
            idle.append(own)

    pool = ThreadPoolExecutor(len(translators))
    try:
        for future in as_completed([pool.submit(run, job) for job in jobs]):
            yield future.result()
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
