"""What runs for a plan: what the records name is put back, each module of Cython is made, those of mypyc as a whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from buildkit.compile.cython.translator import Translator
from buildkit.compile.module import Module
from buildkit.doors.clock import Stopwatch
from buildkit.extensions import refused
from buildkit.extensions.cython.made import NoExtension
from buildkit.extensions.cython.translation import NotTranslated
from buildkit.extensions.output_folder import Foreign, OutputFolder
from buildkit.extensions.pool import Job, JobResult, WarmTranslators, in_parallel
from buildkit.extensions.public_headers import foreign, header_path
from buildkit.extensions.result import SubjectResult
from buildkit.extensions.sight import Sight
from buildkit.model import Action, Outcome, Record, Step

_AT_A_TIME = 100
"""How many modules are restored before their outcomes are shown."""


def results(
    sight: Sight, steps: Sequence[Step], folder: OutputFolder, warm: WarmTranslators | None
) -> Iterator[SubjectResult]:
    """Yield the result of each step as soon as it is known.

    Args:
        sight: what was seen.
        steps: the whole plan.
        folder: where the extensions go.
        warm: translators that are warm already; None for new ones.
    """
    work = [step for step in steps if step.action in {Action.MAKE, Action.RESTORE}]
    work.sort(key=lambda step: (step.action is Action.RESTORE, -_size(sight, step.subject)))
    recorded = {name: subject.recorded for name, subject in sight.subjects.items() if subject.recorded is not None}
    backends, config = sight.backends, sight.workspace.config
    typed = backends.libraries
    modules = _Modules(sight, folder, recorded)
    jobs: list[Job[SubjectResult]] = [
        partial(modules.make, step) for step in work if step.subject not in recorded and step.subject not in typed
    ]
    known = [step for step in work if step.subject in recorded]
    if known:
        jobs.append(partial(modules.put_back, known))
    if backends.mypyc is not None and len(jobs) < len(work):
        from buildkit.extensions.mypyc.assembly import Assembly  # noqa: PLC0415 - most projects have none

        planned = {step.subject: step for step in steps if step.subject in typed}
        jobs.insert(0, Assembly(backends.mypyc, folder, planned, sight.workspace.console.say).begin)
    translator = partial(Translator, backends.places, sight.workspace.environment)
    made_with = backends.places, backends.toolchain.parts["toolchain cython"]
    return in_parallel(jobs, config.compile.jobs, translator, warm, made_with)


def _size(sight: Sight, name: str) -> int:
    try:
        return (sight.workspace.config.source / sight.subjects[name].module.source).stat().st_size
    except OSError:
        return 0


class _Modules:
    """The jobs of single modules.

    Args:
        sight: what was seen.
        folder: where the extensions go.
        recorded: the records of which the store has all files.
    """

    def __init__(self, sight: Sight, folder: OutputFolder, recorded: Mapping[str, Record]) -> None:
        self._sight = sight
        self._folder = folder
        self._recorded = recorded

    def put_back(self, steps: Sequence[Step], _translator: Translator) -> JobResult[SubjectResult]:
        """Put what the records name in its place; what the store has not is made.

        One job after the other: two threads at this would wait for the interpreter's lock longer than for the disk.
        """
        done: list[SubjectResult] = []
        jobs: list[Job[SubjectResult]] = []
        for step in steps[:_AT_A_TIME]:
            watch = Stopwatch()
            try:
                whole = self._restored(step.subject)
            except OSError as error:
                done.append(SubjectResult(_failed(step, self._refused(step, error), watch)))
                continue
            if whole:
                outcome = Outcome(step.subject, "restored", step.reason, watch.seconds)
                done.append(SubjectResult(outcome, None, self._recorded[step.subject].outputs, as_recorded=True))
            else:
                jobs.append(partial(self.make, step))
        if steps[_AT_A_TIME:]:
            jobs.append(partial(self.put_back, steps[_AT_A_TIME:]))
        return JobResult(done, jobs)

    def _restored(self, name: str) -> bool:
        """Put what the record names in its place, from the store; return whether it was there."""
        outputs = self._recorded[name].outputs
        contents = {path: self._sight.workspace.store.get(digest) for path, digest in outputs.items()}
        whole = {path: content for path, content in contents.items() if content is not None}
        if len(whole) == len(contents):
            for path, content in whole.items():
                self._folder.put(name, path, outputs[path], content)
        return len(whole) == len(contents)

    def make(self, step: Step, translator: Translator) -> JobResult[SubjectResult]:
        """Make one module, from the store's actions or by the tools."""
        return JobResult([self._made(step, translator)])

    def _made(self, step: Step, translator: Translator) -> SubjectResult:
        watch = Stopwatch()
        module = self._sight.subjects[step.subject].module
        path = self._sight.extension_path(module)
        try:
            made = self._sight.backends.cython.make(module, translator)
            public = {header_path(module, name): each for name, each in made.public.items()}
            for place, (digest, content) in public.items():
                self._folder.put_header(module.name, place, digest, content)
            self._folder.put(module.name, path, made.output, made.content)
        except NotTranslated as error:
            words = str(error).strip()
            if error.translation is not None:  # else it was not the source: the next try may succeed
                words = self._marked(module, words)
            may_stay = self._sight.workspace.config.compile.lets_refused_stay
            row = refused.outcome(step.subject, step.reason, watch.seconds, words, may_stay=may_stay)
            return SubjectResult(row, error.translation, failure=words)
        except NoExtension as error:
            return SubjectResult(_failed(step, str(error), watch), error.translation, headers=error.headers)
        except Foreign as error:
            return SubjectResult(_failed(step, f"{module.source}: {foreign(str(error))}", watch))
        except OSError as error:
            return SubjectResult(_failed(step, self._refused(step, error), watch))
        beside = {place: digest for place, (digest, _) in public.items()} if self._sight.workspace.in_tree else {}
        outcome = Outcome(step.subject, "compiled" if made.ran else "restored", step.reason, watch.seconds)
        return SubjectResult(outcome, made.translation, {path: made.output, **beside}, made.headers)

    def _marked(self, module: Module, words: str) -> str:
        """Return Cython's words, with a mark where it refuses what Python takes."""
        with contextlib.suppress(OSError):
            return refused.marked(
                module.source, (self._sight.workspace.config.source / module.source).read_bytes(), words
            )
        return words

    def _refused(self, step: Step, error: OSError) -> str:
        return f"{self._sight.subjects[step.subject].module.source}: {self._folder.message(error)}"


def _failed(step: Step, words: str, watch: Stopwatch) -> Outcome:
    return Outcome(step.subject, "failed", step.reason, watch.seconds, words.strip())
