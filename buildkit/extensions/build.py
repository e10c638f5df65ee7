"""The extensions of one tree: look, decide, do, record."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from buildkit.compile.cython.translator import Translator
from buildkit.compile.modules import Module, find_extensions
from buildkit.compile.places import OWN
from buildkit.compile.probe import forbids_execution
from buildkit.compile.suffix import own_suffix
from buildkit.config import Config
from buildkit.core.fingerprint import digest_bytes, key_of
from buildkit.doors import files, locks
from buildkit.doors.clock import Stopwatch
from buildkit.errors import CompileError, ToolchainError
from buildkit.extensions.cython.modules import NoExtension
from buildkit.extensions.cython.translation import NotTranslated
from buildkit.extensions.look import Look
from buildkit.extensions.memory import Memory
from buildkit.extensions.outdated import outdated
from buildkit.extensions.scratch import clear_scratch
from buildkit.extensions.tree import Done, Tree
from buildkit.extensions.up_to_date import UpToDateCheck
from buildkit.model import LIBRARY, Action, Outcome, Reason, Record, Report, Step
from buildkit.report.console import Console
from buildkit.store.artifacts import of_machine

if TYPE_CHECKING:
    from buildkit.extensions.pool import Job, JobResult, WarmTranslators

_AT_A_TIME = 100
"""How many modules are put back before it is said."""


class Build:
    """One build of one tree; the steps share what was seen.

    Args:
        config: the project.
        console: is told what happens.
        environment: the variables that `compile_modules` names.
        python: the interpreter that the extensions are for; this one if None.
        output: the folder that they go to; the source root if None.
        reuse: use what earlier builds made.
        warm: translators that are warm already.

    `store` is the machine's.
    """

    def __init__(
        self,
        config: Config,
        console: Console,
        environment: Mapping[str, str],
        *,
        python: Path | None,
        output: Path | None,
        reuse: bool,
        warm: WarmTranslators | None = None,
    ) -> None:
        self._config = config
        self._console = console
        self._environment = environment
        self._python = python
        self._output = output or config.source
        self._in_tree = output is None
        self._reuse = reuse
        self._warm = warm
        self.store = of_machine(environment, console.warn, console.say)
        tree = own_suffix().rpartition(".")[0] if output is None else f"-{digest_bytes(str(output).encode())[:12]}"
        self._memory = Memory(config, tree, None if self.store.wrong else self.store.folder, console.warn)
        self._tree = Tree(self._output, self._memory)
        self._lock = config.work / "compile.lock"
        self._scratch = config.work / "scratch"

    # ------------------------------------------------------------------ look

    def look(self) -> None:
        """See what is there: the memory, the modules, the tools.

        Raises:
            ToolchainError: there are no tools, or nothing that is made could be loaded.
        """
        if self._in_tree and forbids_execution(self._output):
            raise ToolchainError(
                f"{self._output} is on a disk mounted noexec: no extension there can be imported",
                hint="mount it without noexec, or run uncompiled: PYBUILDKIT_COMPILE=off",
            )
        self._read()
        self._look = Look(
            self._config,
            self._environment,
            self._memory,
            self.store,
            self._tree,
            python=self._python,
            scratch=self._scratch,
            reuse=self._reuse,
        )

    def _read(self) -> None:
        self._memory.read()
        if self._memory.is_lost and self._in_tree:
            self._tree.recognize(find_extensions(self._config, own_suffix()), self.store)

    @property
    def up_to_date(self) -> bool:
        """Whether no other build has recorded anything since the look."""
        return self._memory.is_the_latest()

    def decide(self) -> list[Step]:
        """Return what to do with each module, and with each extension whose module is gone."""
        return self._look.decide()

    @property
    def untidy(self) -> bool:
        """Whether the memory is to be written though there is nothing else to do: what it has is not recorded here."""
        return bool(self._memory.unrecorded) or self._memory.adopted

    # ------------------------------------------------------------------ do

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only build on this tree. That the tree cannot be written is found out here.

        Raises:
            CompileError: the tree is read-only, the disk is full, or this process stood still for so long that another
                build took its place.
        """

        def waits() -> None:
            self._console.say(f"another build works on this tree: {locks.describe(self._lock)}; waiting for it")

        with contextlib.ExitStack() as stack:
            try:
                lock = stack.enter_context(locks.held(self._lock, on_wait=waits))
                files.keep_to_itself(self._config.work)
                if lock.instead_of:
                    self._console.warn(f"{lock.instead_of} stands still: going on without waiting for it")
                else:
                    self._clear_away()
            except OSError as error:
                raise CompileError(
                    f"{self._config.work}: {error.strerror}",
                    hint=f"extensions go beside their sources: the project's folder must be writable{self._owner()}",
                ) from None
            self._tree.lock = lock
            stack.callback(setattr, self._tree, "lock", None)
            try:
                yield
            except locks.Overtaken:
                raise CompileError(
                    "another build went on in this tree while this one stood still", hint="run again"
                ) from None

    def _owner(self) -> str:
        """Say whose the suite's folder is, where it is not this user's: root, say, has built here before."""
        try:
            owner = self._config.work.stat().st_uid
        except OSError:
            return ""
        return (
            ""
            if owner == os.geteuid()
            else f"\n{self._config.work} belongs to user {owner}: give it to this one, or delete it"
        )

    def _clear_away(self) -> None:
        """Delete the temporary files that killed builds left."""
        clear_scratch(self._scratch)
        begun = {path for made in self._memory.begun.read().values() for path, _ in made}
        for path in (self._memory.file, *(self._output / path for path in begun)):
            files.remove_staged(path)

    def leave(self, steps: list[Step]) -> list[Outcome]:
        """Return the outcomes of a plan that has nothing to do."""
        return [*map(self._left, steps), *self._kept()]

    def foretell(self, steps: list[Step]) -> list[Outcome]:
        """Return and say what the plan would do, without doing it."""
        words = {Action.MAKE: "would-compile", Action.RESTORE: "would-restore", Action.REMOVE: "would-remove"}
        outcomes = [
            self._left(step) if step.action is Action.LEAVE else Outcome(step.subject, words[step.action], step.reason)
            for step in steps
        ]
        for row in outcomes:
            if row.result != "fresh":
                self._console.outcome(row)
        return [*outcomes, *self._kept()]

    def do(self, steps: list[Step]) -> list[Outcome]:
        """Carry out the plan, longest first, on all cores; a module that fails does not stop the others."""
        done = {step.subject: self._left(step) for step in steps if step.action is Action.LEAVE}
        gone = [step for step in steps if step.action is Action.REMOVE]
        libraries = [step for step in gone if step.subject.endswith(LIBRARY)]  # what loads them goes before
        for step in gone:
            if step not in libraries:
                done[step.subject] = self._removed(step.subject, step.reason)
                self._console.outcome(done[step.subject])
        work = [step for step in steps if step.action in {Action.MAKE, Action.RESTORE}]
        work.sort(key=lambda step: (step.action is Action.RESTORE, -self._size(step.subject)))
        made = sum(step.action is Action.MAKE and not step.subject.endswith(LIBRARY) for step in work)
        if made:
            names = ", then ".join(compiler.name for compiler in self._look.toolchain.compilers)
            number = "one module" if made == 1 else f"{made} modules"
            self._console.say(f"compiling {number} for {self._config.compile.profile} with {names}")
        for result in self._in_parallel(work, steps):
            self._remember(result)
            if result.outcome.result != "fresh":
                self._console.outcome(result.outcome)
            done[result.outcome.subject] = result.outcome
        for step in libraries:
            done[step.subject] = self._removed(step.subject, step.reason)
        return [*(done[step.subject] for step in steps), *self._kept()]

    def remove_all(self, reason: Reason, *, dry_run: bool) -> list[Outcome]:
        """Delete every extension that the suite made in this tree and forget it."""
        self._read()
        if dry_run or not self._tree.subjects():
            return [Outcome(name, "would-remove", reason) for name in self._tree.subjects()]
        with self.alone():
            self._read()
            outcomes = [self._removed(name, reason) for name in self._tree.subjects()]
            for row in outcomes:
                self._console.outcome(row)
            self.record()
        return outcomes

    def set_aside(self) -> None:
        """Take away what no longer does what its source says: who runs the code before the next build runs Python.

        What was recorded stays, so that the next build still says what changed.

        Raises:
            CompileError: the tree is read-only.
        """
        self._read()
        if not self._outdated():
            return
        with self.alone():
            self._read()
            for name in self._outdated():
                self._console.say(f"{name} was edited since it was compiled: without its extension until it is again")
                self._warn_of(self._tree.take_away(name))

    def _outdated(self) -> list[str]:
        """Return the subjects that `set_aside` is about, as far as there is anything of theirs."""
        known, source = self._memory, self._config.source
        names = outdated(known.state.records, known.unrecorded, source, known.cache)
        return [name for name in names if self._tree.has(name)]

    def _in_parallel(self, work: list[Step], steps: list[Step]) -> Iterator[Done]:
        from buildkit.extensions.pool import in_parallel  # noqa: PLC0415 - only where there is work

        typed = self._look.program.subjects if self._look.program is not None else {}
        recorded = self._look.recorded.keys() - typed.keys()
        known = [step for step in work if step.subject in recorded]
        jobs: list[Job[Done]] = [
            partial(self._make, step) for step in work if step.subject not in recorded and step.subject not in typed
        ]
        if known:
            jobs.append(partial(self._put_back, known))
        if self._look.program is not None and len(jobs) < len(work):
            planned = {step.subject: step for step in steps if step.subject in typed}
            from buildkit.extensions.mypyc.assembly import Assembly  # noqa: PLC0415 - most projects have none

            jobs.insert(0, Assembly(self._look.program, self._tree, planned, self._console.say).begin)
        translator = partial(Translator, self._look.places, self._environment)
        like = self._look.places, self._look.toolchain.parts["toolchain cython"]
        return in_parallel(jobs, self._config.compile.jobs, translator, self._warm, like)

    def _put_back(self, steps: list[Step], _translator: Translator) -> JobResult[Done]:
        """Put what the records name in its place; what the store has not is made.

        One job after the other: two threads at this would wait for the interpreter's lock longer than for the disk.
        """
        from buildkit.extensions.pool import JobResult  # noqa: PLC0415

        done: list[Done] = []
        jobs: list[Job[Done]] = []
        for step in steps[:_AT_A_TIME]:
            watch = Stopwatch()
            try:
                whole = self._restored(step.subject)
            except OSError as error:
                done.append(Done(self._failed(step, self._refused(step, error), watch)))
                continue
            if whole:
                outcome = Outcome(step.subject, "restored", step.reason, watch.seconds)
                outputs = self._look.recorded[step.subject].outputs
                done.append(Done(outcome, None, outputs, as_recorded=True))
            else:
                jobs.append(partial(self._make, step))
        if steps[_AT_A_TIME:]:
            jobs.append(partial(self._put_back, steps[_AT_A_TIME:]))
        return JobResult(done, jobs)

    def _restored(self, name: str) -> bool:
        """Put what the record names in its place, from the store; return whether it was there."""
        record = self._look.recorded[name]
        contents = {path: self.store.get(digest) for path, digest in record.outputs.items()}
        whole = {path: content for path, content in contents.items() if content is not None}
        if len(whole) == len(contents):
            for path, content in whole.items():
                self._tree.put(name, path, record.outputs[path], content)
        return len(whole) == len(contents)

    def _make(self, step: Step, translator: Translator) -> JobResult[Done]:
        from buildkit.extensions.pool import JobResult  # noqa: PLC0415

        return JobResult([self._made_of(step, translator)])

    def _made_of(self, step: Step, translator: Translator) -> Done:
        watch = Stopwatch()
        module = self._look.modules.compiled[step.subject]
        path = self._extension(module)
        try:
            made = self._look.chain.make(module, translator)
            self._tree.put(module.name, path, made.output, made.content)
        except NotTranslated as error:
            return Done(self._failed(step, str(error), watch), error.link)
        except NoExtension as error:
            return Done(self._failed(step, str(error), watch), error.link, headers=error.headers)
        except OSError as error:
            return Done(self._failed(step, self._refused(step, error), watch))
        result = "compiled" if made.ran else "restored"
        outcome = Outcome(step.subject, result, step.reason, watch.seconds)
        return Done(outcome, made.link, {path: made.output}, made.headers)

    def _refused(self, step: Step, error: OSError) -> str:
        return f"{self._look.modules.compiled[step.subject].source}: {self._tree.worded(error)}"

    def _failed(self, step: Step, words: str, watch: Stopwatch) -> Outcome:
        return Outcome(step.subject, "failed", step.reason, watch.seconds, words.strip())

    def _removed(self, name: str, reason: Reason) -> Outcome:
        left = self._tree.take_away(name)
        self._forget(name)
        self._warn_of(left)
        return Outcome(name, "removed", reason)

    def _warn_of(self, left: str) -> None:
        if left:
            self._console.warn(f"{left}: changed since it was made; left as it is")

    def _left(self, step: Step) -> Outcome:
        words = self._memory.state.failures.get(step.subject)
        return Outcome(step.subject, "fresh" if words is None else "failed", step.reason, detail=words or "")

    def _kept(self) -> list[Outcome]:
        return [Outcome(name, "kept", reason) for name, reason in self._look.modules.kept.items()]

    def _extension(self, module: Module) -> str:
        return module.source.rpartition(".")[0] + self._look.toolchain.interpreter.suffix

    def _size(self, name: str) -> int:
        with contextlib.suppress(OSError):
            return (self._config.source / self._look.subjects[name].source).stat().st_size
        return 0

    # ------------------------------------------------------------------ record

    def _remember(self, done: Done) -> None:
        """Note what came of a subject. What it had before and has no more goes.

        Of a failed one goes also what lies in its place by somebody else's making or harm, which a success would have
        replaced: else an old extension would stand in for the source that was edited.
        """
        name = done.outcome.subject
        self._tree.take_away(name, but=done.outputs)
        if not done.outputs and name in self._look.modules.compiled:
            self._tree.clear(self._extension(self._look.modules.compiled[name]))
        if done.as_recorded:
            return
        self._forget(name)
        if done.basis is None:
            return
        module = self._look.subjects[name]
        parts = {**self._look.parts(module), **done.basis.read}
        if not done.outputs:
            self._memory.state.failures[name] = done.outcome.detail
        if done.outputs or done.headers:
            digests = self._look.chain.header_digests(done.headers)
            parts |= {header: digest for header, digest in digests.items() if header.startswith(OWN)}
            label = f"headers {key_of(digests)[:16]}"
            self._memory.state.headers[label] = digests
            parts[label] = self._look.chain.headers(done.headers, module.folder)
        self._memory.state.records[name] = Record(key_of(parts), parts, done.outputs)
        self._memory.state.probes[name] = done.basis.probes

    def _forget(self, name: str) -> None:
        for table in (self._memory.state.records, self._memory.state.probes, self._memory.state.failures):
            table.pop(name, None)

    def record(self) -> None:
        """Write down what was made from what."""
        used = {name for record in self._memory.state.records.values() for name in record.parts}
        self._memory.state.headers = {
            label: digests for label, digests in self._memory.state.headers.items() if label in used
        }
        for name, record in self._memory.state.records.items():
            if name in self._look.subjects:
                for path in record.outputs:
                    self._tree.keep(path)
        self._tree.require()
        self._memory.write()

    def record_look(self, check: UpToDateCheck | None, report: Report) -> None:
        """Write down what a look saw that left everything as it was, for the next up-to-date check."""
        places = self._look.rested_on() if check is not None else None
        if check is not None and places is not None:
            records = self._memory.state.records.values()
            of_machine = any(part.startswith("machine ") for record in records for part in record.parts)
            self._memory.write_look(check.found(report, of_machine=of_machine), places)
        elif self._memory.cache.changed:
            self._memory.write_look({}, {})
