"""One look at a tree: what is there, what it was made from, and so what is to be done. It changes nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from buildkit.compile import toolchain as tools
from buildkit.compile.flags import environment_flags
from buildkit.compile.modules import Module, find_modules
from buildkit.compile.places import LACKING
from buildkit.compile.profiles import COMMON, SHARED
from buildkit.config import Config
from buildkit.core.fingerprint import digest_value, fingerprint
from buildkit.core.plan import NEVER_MADE, decide
from buildkit.doors.statcache import Row, unchanged_folder
from buildkit.extensions.cython.modules import CythonModules
from buildkit.extensions.memory import Memory
from buildkit.extensions.native.other_inputs import roots
from buildkit.extensions.tree import Tree
from buildkit.model import ABSENT, Action, Digest, Fingerprint, Reason, Record, Step
from buildkit.store.artifacts import Store

if TYPE_CHECKING:
    from buildkit.extensions.mypyc.program import MypycProgram

_PRESENT = Digest("present")


class Look:
    """What one look saw.

    Args:
        config: the project.
        environment: the variables that `compile_modules` names.
        memory: what is remembered; it was just read.
        store: where results are kept.
        tree: where the extensions go.
        python: the interpreter that they are for; this one if None.
        scratch: a folder for what tools read and write.
        reuse: use what earlier builds made.

    `modules` are the project's, `subjects` what is made by name: the modules and, with mypyc, libraries. `recorded`
    has the records that hold still, of subjects whose files are missing alone.
    """

    def __init__(
        self,
        config: Config,
        environment: Mapping[str, str],
        memory: Memory,
        store: Store,
        tree: Tree,
        *,
        python: Path | None,
        scratch: Path,
        reuse: bool,
    ) -> None:
        self._config = config
        self._environment = environment
        self._memory = memory
        self._store = store
        self._tree = tree
        self._reuse = reuse
        self._scratch = scratch
        self.modules = find_modules(config)
        profile = config.compile.profile
        own = roots(str(config.source), "" if config.root == config.source else str(config.root))
        self.toolchain = tools.find(
            profile, python, environment, memory.facts, memory.cache.digest, own, scratch=scratch
        )
        self.places = tools.places(config.source, self.toolchain, config.root)
        self.chain = CythonModules(
            self.toolchain,
            self.places,
            profile,
            environment_flags(environment),
            memory.cache,
            store,
            reuse=reuse,
            launcher=config.compile.launcher,
            scratch=scratch,
            environment=environment,
        )
        self.subjects = dict(self.modules.compiled)
        self.program: MypycProgram | None = None
        typed = {name: module for name, module in self.modules.compiled.items() if module.backend == "mypyc"}
        if typed:
            self.program = self._as_program(typed)
            self.subjects |= self.program.subjects
        self.recorded: dict[str, Record] = {}
        alike = sorted({name.partition(".")[0] for name in self.subjects})
        key = digest_value(["state", self.toolchain.interpreter.suffix, profile, alike])
        memory.share(store, key, self.subjects if reuse else ())

    def _as_program(self, modules: Mapping[str, Module]) -> MypycProgram:
        from buildkit.extensions.mypyc.program import MypycProgram  # noqa: PLC0415 - most projects have none

        return MypycProgram(
            modules,
            self.toolchain,
            self.places,
            self._config.compile.profile,
            cache=self._memory.cache,
            probes=self.chain.probes,
            native=self.chain.native,
            store=self._store,
            work=self._config.work,
            scratch=self._scratch,
            environment=self._environment,
            reuse=self._reuse,
        )

    # ------------------------------------------------------------------ decide

    def decide(self) -> list[Step]:
        """Return what to do with each module, and with each extension whose module is gone."""
        steps = [self._decide(module) for module in self.subjects.values()]
        gone = (name for name in self._tree.subjects() if name not in self.subjects)
        steps += [Step(name, Action.REMOVE, self.modules.kept.get(name, Reason("source gone"))) for name in gone]
        return steps

    def _decide(self, module: Module) -> Step:
        record = self._memory.state.records.get(module.name)
        if not self._reuse:
            return Step(module.name, Action.MAKE, Reason("made anew", "--no-cache"))
        now, then = self._compare(module, record)
        outputs = {path: self._tree.digest(path) for path in (then.outputs if then else ())}
        step = decide(module.name, now, then, outputs)
        if step.action is Action.LEAVE:
            return step
        if self._memory.adopted:
            step = step._replace(reason=NEVER_MADE)
        return step._replace(action=Action.RESTORE) if self._is_stored(module, now, then) else step

    def _is_stored(self, module: Module, now: Fingerprint, then: Record | None) -> bool:
        """Return whether the store has what is to be made."""
        if module.backend == "mypyc":
            return self.program is not None and self.program.knows(module)
        if then is not None and then.key == now.key and all(map(self._store.has, then.outputs.values())):
            self.recorded[module.name] = then
            return True
        return self.chain.knows(module)

    def _compare(self, module: Module, record: Record | None) -> tuple[Fingerprint, Record | None]:
        """Return the module's fingerprint as it would be if the same files were read as last time, and the record."""
        if record is None:
            source = f"source {module.source}"
            return fingerprint({source: self.chain.digest(source)}), None
        parts = self.parts(module)
        for name in record.parts:
            if name.startswith("headers "):
                parts[name] = self.chain.headers(tuple(self._memory.state.headers[name]), module.folder)
            elif name not in parts:
                parts[name] = self.chain.digest(name)
        for name in [
            name for name in record.parts if name.startswith("headers ") and parts[name] != record.parts[name]
        ]:
            record = self._by_header(name, parts, record)
        turned = self.chain.probes.changed(self._memory.state.probes.get(module.name, ()))
        if turned is None:
            return fingerprint(parts), record
        was, name = turned[0] == "+", turned[1:]
        parts[name] = ABSENT if was else _PRESENT
        return fingerprint(parts), record._replace(parts={**record.parts, name: _PRESENT}) if was else record

    def _by_header(self, name: str, parts: dict[str, Digest], record: Record) -> Record:
        """Put the headers that changed in the place of their set, in the parts and the record: the reason names one."""
        known = self._memory.state.headers[name]
        digests = self.chain.header_digests(known)
        changed = {header: digest for header, digest in known.items() if digests[header] != digest}
        if not changed:  # another one stands in front of one of them
            return record
        del parts[name]
        parts |= {_shown(header): digests[header] for header in changed}
        rest = {part: digest for part, digest in record.parts.items() if part != name}
        return record._replace(parts=rest | {_shown(header): digest for header, digest in changed.items()})

    def parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a module's fingerprint that do not depend on what its translation read."""
        if self.program is not None and module.backend == "mypyc":
            return self.program.parts(module)
        source = f"source {module.source}"
        return {**self.toolchain.parts, **self.chain.settings(module), source: self.chain.digest(source)}

    def rested_on(self) -> dict[str, Row] | None:
        """Return each place where something may come or go that matters.

        None if anything did since the look, or if it rests on what only a whole look asks: a compiler that is a script,
        say, may do anything.
        """
        if not self.toolchain.drivers.steady:
            return None
        for module in [name for name in sys.modules if name.partition(".")[0] == "buildkit"]:
            self._memory.cache.digest(str(sys.modules[module].__file__))
        include = (folder for folder, _, _ in os.walk(self.toolchain.interpreter.include))
        programs = self._environment.get("PATH", "").split(os.pathsep)
        places = {
            *self.modules.looked,
            *self.chain.probes.looked,
            str(self._config.root),
            *include,
            *programs,
            *sys.path,
        }
        rows = {place: unchanged_folder(place, self._memory.moment) for place in places}
        return None if None in rows.values() else cast("dict[str, Row]", rows)


def _shown(name: str) -> str:
    """Return the name of an input as a reason words it."""
    if name.startswith("driver "):
        _, at, language, words = name.split(" ", 3)
        said = " ".join(word for word in json.loads(words) if word not in {*COMMON, *SHARED})
        return f"driver {language} {said or at}"
    return name.removeprefix(LACKING)
