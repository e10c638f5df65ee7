"""The extensions of one tree: look, decide, do, record."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from buildkit.compile import toolchain as tools
from buildkit.compile.compilers import environment_flags
from buildkit.compile.modules import Module, Modules, find_extensions, find_modules
from buildkit.compile.places import OWN
from buildkit.compile.suffix import own_suffix
from buildkit.compile.translator import Translator
from buildkit.config import Config
from buildkit.core.fingerprint import digest_bytes, fingerprint, key_of
from buildkit.core.plan import decide
from buildkit.doors import clock, files, locks
from buildkit.doors.clock import Stopwatch
from buildkit.doors.statcache import Row, unchanged_folder
from buildkit.errors import CompileError
from buildkit.flows.chain import Chain, NotTranslated
from buildkit.flows.glance import Glance
from buildkit.flows.memory import Memory
from buildkit.flows.native import NotCompiled, clear_scratch
from buildkit.flows.trees import Done, Tree
from buildkit.model import ABSENT, LIBRARY, Action, Digest, Fingerprint, Outcome, Reason, Record, Report, Step
from buildkit.report.console import Console
from buildkit.store.artifacts import Store, default_folder

if TYPE_CHECKING:
    from buildkit.flows.crew import Job, Yield
    from buildkit.flows.program import Program

_PRESENT = Digest("present")


class Extensions:
    """One build of one tree; the steps share what was seen.

    Args:
        config: the project.
        console: is told what happens.
        environment: the variables that `compile_modules` names.
        python: the interpreter that the extensions are for; this one if None.
        output: the folder that they go to; the source root if None.
        reuse: use what earlier builds made.
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
    ) -> None:
        self._config = config
        self._console = console
        self._environment = environment
        self._python = python
        self._output = output or config.source
        self._program: Program | None = None
        self._in_tree = output is None
        self._reuse = reuse
        self._store = Store(default_folder(environment), console.warn)
        tree = own_suffix().rpartition(".")[0] if output is None else f"-{digest_bytes(str(output).encode())[:12]}"
        self._memory = Memory(config, tree, self._store.folder, console.warn)
        self._tree = Tree(self._output, self._memory)
        self._lock = config.work / "compile.lock"
        self._scratch = config.work / "scratch"

    # ------------------------------------------------------------------ look

    def look(self) -> None:
        """See what is there: the memory, the modules, the tools."""
        self._read()
        self._modules: Modules = find_modules(self._config)
        profile = self._config.compile.profile
        toolchain = tools.find(profile, self._python, self._environment, self._memory.facts, self._cache.digest)
        self._toolchain = toolchain
        self._places = tools.places(self._config.source, toolchain, self._config.root)
        flags = environment_flags(self._environment)
        self._chain = Chain(
            toolchain,
            self._places,
            profile,
            flags,
            self._cache,
            self._store,
            reuse=self._reuse,
            launcher=self._config.compile.launcher,
            scratch=self._scratch,
        )
        self._subjects = dict(self._modules.compiled)
        typed = {name: module for name, module in self._modules.compiled.items() if module.backend == "mypyc"}
        if typed:
            self._program = self._as_program(typed)
            self._subjects |= self._program.subjects

    def _as_program(self, modules: Mapping[str, Module]) -> Program:
        from buildkit.flows.program import Program  # noqa: PLC0415 - most projects have none

        return Program(
            modules,
            self._toolchain,
            self._places,
            self._config.compile.profile,
            cache=self._cache,
            probes=self._chain.probes,
            native=self._chain.native,
            store=self._store,
            tree=self._tree,
            work=self._config.work,
            scratch=self._scratch,
            environment=self._environment,
            reuse=self._reuse,
        )

    def _read(self) -> None:
        self._memory.read()
        self._cache, self._state = self._memory.cache, self._memory.state
        self._unrecorded = self._memory.unrecorded
        if self._state.damaged or self._memory.begun.damaged or not self._state.records:
            self._recognize()

    @property
    def up_to_date(self) -> bool:
        """Whether no other build has recorded anything since the look."""
        return self._memory.is_the_latest()

    def _recognize(self) -> None:
        """Take the extensions in the tree that the store has as unrecorded ones: the suite made them.

        Otherwise an extension whose record is lost would stay when its source is gone.
        """
        for name, path in find_extensions(self._config, own_suffix()) if self._in_tree else ():
            digest = files.digest_file(self._output / path)
            if self._store.has(digest):
                self._unrecorded.setdefault(name, set()).add((path, digest))

    # ------------------------------------------------------------------ decide

    def decide(self) -> list[Step]:
        """Return what to do with each module, and with each extension whose module is gone."""
        steps = [self._decide(module) for module in self._subjects.values()]
        gone = (name for name in self._made() if name not in self._subjects)
        steps += [Step(name, Action.REMOVE, self._modules.kept.get(name, Reason("source gone"))) for name in gone]
        return steps

    @property
    def untidy(self) -> bool:
        """Whether an earlier build was killed before it could record."""
        return bool(self._unrecorded)

    def _made(self) -> list[str]:
        """Return every module that has, or may have, an extension of ours."""
        return [*dict.fromkeys((*self._state.records, *self._unrecorded))]

    def _decide(self, module: Module) -> Step:
        record = self._state.records.get(module.name)
        if not self._reuse:
            return Step(module.name, Action.MAKE, Reason("made anew", "--no-cache"))
        now, then = self._compare(module, record)
        outputs = {path: self._cache.digest(f"{self._output}/{path}") for path in (then.outputs if then else ())}
        step = decide(module.name, now, then, outputs)
        if step.action is Action.LEAVE:
            return step
        known = self._program if self._program is not None and module.backend == "mypyc" else self._chain
        return replace(step, action=Action.RESTORE) if known.knows(module) else step

    def _compare(self, module: Module, record: Record | None) -> tuple[Fingerprint, Record | None]:
        """Return the module's fingerprint as it would be if the same files were read as last time, and the record."""
        if record is None:
            source = f"source {module.source}"
            return fingerprint({source: self._chain.digest(source)}), None
        parts = self._parts(module)
        for name in record.parts:
            if name.startswith("headers "):
                parts[name] = self._chain.headers(self._state.headers[name], module.folder)
            elif name not in parts:
                parts[name] = self._chain.digest(name)
        turned = self._chain.probes.changed(self._state.probes.get(module.name, ()))
        if turned is None:
            return fingerprint(parts), record
        was, name = turned[0] == "+", turned[1:]
        parts[name] = ABSENT if was else _PRESENT
        return fingerprint(parts), replace(record, parts={**record.parts, name: _PRESENT}) if was else record

    def _parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a module's fingerprint that do not depend on what its translation read."""
        if self._program is not None and module.backend == "mypyc":
            return self._program.parts(module)
        source = f"source {module.source}"
        return {**self._toolchain.parts, **self._chain.settings(module), source: self._chain.digest(source)}

    # ------------------------------------------------------------------ do

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only build on this tree. That the tree cannot be written is found out here.

        Raises:
            CompileError: the tree is read-only, or the disk is full.
        """
        waiting = "another build works on this tree; waiting for it"
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locks.held(self._lock, on_wait=lambda: self._console.say(waiting)))
                self._clear_away()
            except OSError as error:
                raise CompileError(
                    f"{self._config.work}: {error.strerror}",
                    hint="extensions go beside their sources: the project's folder must be writable",
                ) from None
            yield

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
        work = [step for step in steps if step.action in {Action.MAKE, Action.RESTORE}]
        work.sort(key=lambda step: (step.action is Action.RESTORE, -self._size(step.subject)))
        made = sum(step.action is Action.MAKE and not step.subject.endswith(LIBRARY) for step in work)
        if made:
            names = ", then ".join(compiler.name for compiler in self._toolchain.compilers)
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
        if dry_run or not self._made():
            return [Outcome(name, "would-remove", reason) for name in self._made()]
        with self.alone():
            self._read()
            outcomes = [self._removed(name, reason) for name in self._made()]
            for row in outcomes:
                self._console.outcome(row)
            self.record()
        return outcomes

    def _in_parallel(self, work: list[Step], steps: list[Step]) -> Iterator[Done]:
        from buildkit.flows.crew import in_parallel  # noqa: PLC0415 - only where there is work

        typed = self._program.subjects if self._program is not None else {}
        jobs: list[Job[Done]] = [partial(self._make, step) for step in work if step.subject not in typed]
        if self._program is not None and len(jobs) < len(work):
            planned = {step.subject: step for step in steps if step.subject in typed}
            jobs.insert(0, partial(self._program.make, planned, self._console.say))
        translator = partial(Translator, self._places, self._environment)
        return in_parallel(jobs, self._config.compile.jobs, translator)

    def _make(self, step: Step, translator: Translator) -> Yield[Done]:
        from buildkit.flows.crew import Yield  # noqa: PLC0415

        return Yield([self._made_of(step, translator)])

    def _made_of(self, step: Step, translator: Translator) -> Done:
        watch = Stopwatch()
        module = self._modules.compiled[step.subject]
        path = self._extension(module)
        try:
            made = self._chain.make(module, translator)
            self._tree.put(module.name, path, made.output, made.content)
        except NotTranslated as error:
            return Done(self._failed(step, str(error), watch), error.link)
        except NotCompiled as error:
            return Done(self._failed(step, str(error), watch))
        except OSError as error:
            return Done(self._failed(step, f"{module.source}: {self._tree.worded(error)}", watch))
        result = "compiled" if made.ran else "restored"
        outcome = Outcome(step.subject, result, step.reason, watch.seconds)
        return Done(outcome, made.link, {path: made.output}, made.headers)

    def _failed(self, step: Step, words: str, watch: Stopwatch) -> Outcome:
        return Outcome(step.subject, "failed", step.reason, watch.seconds, words.strip())

    def _removed(self, name: str, reason: Reason) -> Outcome:
        left = self._tree.take_away(name)
        self._forget(name)
        if left:
            self._console.warn(f"{left}: changed since it was made; left as it is")
        return Outcome(name, "removed", reason)

    def _left(self, step: Step) -> Outcome:
        words = self._state.failures.get(step.subject)
        return Outcome(step.subject, "fresh" if words is None else "failed", step.reason, detail=words or "")

    def _kept(self) -> list[Outcome]:
        return [Outcome(name, "kept", reason) for name, reason in self._modules.kept.items()]

    def _extension(self, module: Module) -> str:
        return module.source.rpartition(".")[0] + self._toolchain.interpreter.suffix

    def _size(self, name: str) -> int:
        with contextlib.suppress(OSError):
            return (self._config.source / self._subjects[name].source).stat().st_size
        return 0

    # ------------------------------------------------------------------ record

    def _remember(self, done: Done) -> None:
        """Note what came of a subject. What it had before and has no more goes: of a failed one all.

        Otherwise an old extension would stand in for the source that was edited.
        """
        name = done.outcome.subject
        self._tree.take_away(name, but=done.outputs)
        self._forget(name)
        if done.basis is None:
            return
        module = self._subjects[name]
        parts = {**self._parts(module), **done.basis.read}
        if not done.outputs:
            self._state.failures[name] = done.outcome.detail
        else:
            names = done.headers
            parts |= {header: self._chain.digest(header) for header in names if header.startswith(OWN)}
            label = f"headers {digest_bytes(chr(10).join(names).encode())[:16]}"
            self._state.headers[label] = names
            parts[label] = self._chain.headers(names, module.folder)
        self._state.records[name] = Record(key_of(parts), parts, done.outputs)
        self._state.probes[name] = done.basis.probes

    def _forget(self, name: str) -> None:
        for table in (self._state.records, self._state.probes, self._state.failures):
            table.pop(name, None)

    def record(self) -> None:
        """Write down what was made from what."""
        used = {name for record in self._state.records.values() for name in record.parts}
        self._state.headers = {label: names for label, names in self._state.headers.items() if label in used}
        for name, record in self._state.records.items():
            if name in self._subjects:
                for path in record.outputs:
                    self._tree.digest(path)
        self._memory.write()

    def tidy(self) -> None:
        """Prune the store, at most once a day and only where this build added to it."""
        if self._store.grew:
            from buildkit.store import prune  # noqa: PLC0415 - the no-change path does without

            with contextlib.suppress(OSError):
                if prune.is_due(self._store.folder, clock.now()):
                    from buildkit.flows import cache  # noqa: PLC0415

                    cache.prune_now_and_then(self._config, self._console, self._store)

    def record_look(self, glance: Glance | None, report: Report) -> None:
        """Write down what was seen by a look that left everything as it was, so that the next one is a glance."""
        folders = self._looked() if glance is not None else None
        if glance is not None and folders is not None:
            self._memory.write_look(glance.found(report), folders)
        elif self._cache.changed:
            self._memory.write_look({}, {})

    def _looked(self) -> dict[str, Row] | None:
        """Return each place where something may come or go that matters; None if anything did since the look began."""
        for module in [name for name in sys.modules if name.partition(".")[0] == "buildkit"]:
            self._cache.digest(str(sys.modules[module].__file__))
        include = (folder for folder, _, _ in os.walk(self._toolchain.interpreter.include))
        programs = self._environment.get("PATH", "").split(os.pathsep)
        places = {
            *self._modules.looked,
            *self._chain.probes.looked,
            str(self._config.root),
            *include,
            *programs,
            *sys.path,
        }
        rows = {place: unchanged_folder(place, self._memory.moment) for place in places}
        return None if None in rows.values() else cast("dict[str, Row]", rows)
