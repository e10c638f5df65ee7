"""Jobs on all cores, each with a warm translator to itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from buildkit.compile.cython.translator import Translator
from buildkit.doors import cancellation, process

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class JobResult(Generic[Result]):
    """The result of a job.

    Args:
        results: the results to yield.
        jobs: what is to be done next, now that it is done.
    """

    results: Sequence[Result] = ()
    jobs: Sequence[Callable[[Translator], JobResult[Result]]] = field(default=())


Job = Callable[[Translator], JobResult[Result]]


class WarmTranslators:
    """Translators that stay warm from build to build, until `close`. One build at a time uses them.

    To load Cython and translate for the first time takes a process a second, which is most of what a small edit costs.
    """

    MOST = 2
    """How many are kept: a save rarely touches more modules, and each holds a quarter of a gigabyte."""

    def __init__(self) -> None:
        self._idle: list[Translator] = []
        self._made_with: object = None

    def take(self, made_with: object, number: int, translator: Callable[[], Translator]) -> list[Translator]:
        """Return so many translators, the warm ones last.

        Args:
            made_with: what the translators are made with; kept ones that were made with anything else are ended.
            number: how many.
            translator: makes a new one.
        """
        if made_with != self._made_with:
            self.close()
            self._made_with = made_with
        warm, self._idle = self._idle[:number], self._idle[number:]
        return [*(translator() for _ in range(number - len(warm))), *warm]

    def give_back(self, translators: Sequence[Translator]) -> None:
        """Keep those that are warm, as far as there is room, and end the others."""
        for each in translators:
            if each.is_warm and len(self._idle) < self.MOST:
                self._idle.append(each)
            else:
                each.close()

    def close(self) -> None:
        """End them all."""
        while self._idle:
            self._idle.pop().close()


def in_parallel(
    jobs: Sequence[Job[Result]],
    at_once: int,
    translator: Callable[[], Translator],
    warm: WarmTranslators | None = None,
    made_with: object = None,
) -> Iterator[Result]:
    """Yield the results of the jobs as they come.

    Where one raises, or the iterator is closed, no further job starts and every child process is ended.

    Args:
        jobs: in the order in which they are begun.
        at_once: how many run at once; 0 for as many as this process may use cores.
        translator: makes a translator, which starts its process at its first job.
        warm: lends translators that are warm and takes them back; without it all translators end with the jobs.
        made_with: what the translators are made with; see `WarmTranslators.take`.
    """
    if not jobs:
        return
    number = at_once or cores()
    translators = warm.take(made_with, number, translator) if warm else [translator() for _ in range(number)]
    idle = list(translators)

    def run(job: Job[Result]) -> JobResult[Result]:
        own = idle.pop()
        try:
            return job(own)
        finally:
            idle.append(own)

    pool = ThreadPoolExecutor(len(translators))
    waiting: set[Future[JobResult[Result]]] = {pool.submit(run, job) for job in jobs}
    try:
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                came = future.result()
                waiting |= {pool.submit(run, job) for job in came.jobs}
                yield from came.results
    except BaseException:
        with cancellation.threads_cancelled():
            process.end_all()
            for each in translators:
                each.close()
            pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    if warm:
        warm.give_back(translators)
    else:
        for each in translators:
            each.close()


def cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
