"""The mypyc modules of a project: one translation of all, then each library and shim by itself.

mypyc needs the types of every module to make the C of one, so their translation is one action. Its key has the names
and sources of all; which other files were read shows afterwards, as with Cython. What is made of the C:

* dev: for each module a library (`app/fast__mypyc…`) and a shim (`app/fast…`) that loads it. An edit that moves no
  function leaves the others' C as it is, so no compiler starts for them.
* release: one library for all (`app__mypyc…`), in which calls from module to module are direct, and the shims.

Libraries know each other's layout. So all are made before any is put in its place, in an order in which a kill leaves
no two that do not belong together: of some modules the shim is missing, and what builds on them does not load.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from buildkit.compile import toolchain as tools
from buildkit.compile.modules import Module
from buildkit.compile.mypyc_translator import Job, translate
from buildkit.compile.places import Places, Probes
from buildkit.compile.toolchain import Toolchain
from buildkit.compile.translator import Translation, Translator
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.doors.clock import Stopwatch
from buildkit.doors.statcache import StatCache
from buildkit.extensions.calls import NotCompiled, tool_changed
from buildkit.extensions.chain import ATTEMPTS
from buildkit.extensions.crew import Yield
from buildkit.extensions.entries import entries
from buildkit.extensions.native import Extension, Gone, Native, scratch
from buildkit.extensions.translated import NO_FILES, Translated, texts_of, translate_key, unit_of
from buildkit.extensions.trees import Done, Tree
from buildkit.model import LIBRARY, Action, Digest, Outcome, Reason, Step
from buildkit.store.artifacts import Store

SAME = Reason("its C came out the same")

_ERROR = re.compile(r"^(?P<file>[^:\n]+\.pyi?):(?:\d+:)*\s*(?:error|note):", re.MULTILINE)


_FORM = 1
"""Counts the changes of what the worker asks of mypyc."""


class _Refused(Exception):  # noqa: N818 - a fact
    """mypy refuses the program. Its words are the message.

    Args:
        words: its own.
        link: what it had read by then; None if it would not happen again with the same inputs.
    """

    def __init__(self, words: str, link: Translated | None) -> None:
        super().__init__(words)
        self.link = link


@dataclass(slots=True)
class _Assembly:
    """All units on their way: what they are made of, and what came of each so far."""

    steps: Mapping[str, Step]
    link: Translated
    at_hand: Mapping[Digest, bytes]
    translated: bool
    waiting: int
    made: dict[str, Extension] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Program:
    """The mypyc modules of one build.

    Args:
        modules: all of them, by name.
        toolchain: the tools.
        places: where inputs lie.
        profile: `dev` or `release`.
        cache: digests of files.
        probes: what lies in which folder.
        native: compiles and links.
        store: where results are kept.
        tree: where the extensions go.
        work: the checkout's own folder, in which lies what mypy found out, from one translation to the next.
        scratch: the folder in it for what else the tools write.
        environment: all variables of the worker.
        reuse: take results from the store, and what mypy found out from the folder.
    """

    def __init__(
        self,
        modules: Mapping[str, Module],
        toolchain: Toolchain,
        places: Places,
        profile: str,
        *,
        cache: StatCache,
        probes: Probes,
        native: Native,
        store: Store,
        tree: Tree,
        work: Path,
        scratch: Path,
        environment: Mapping[str, str],
        reuse: bool,
    ) -> None:
        self._modules = dict(sorted(modules.items()))
        self._places = places
        self._cache = cache
        self._probes = probes
        self._native = native
        self._store = store
        self._tree = tree
        self._work = work
        self._scratch = scratch
        self._environment = environment
        self._reuse = reuse
        self._found: dict[Digest, Translated | None] = {}
        self._tools: list[str] = []
        self._separate = profile == "dev"
        self._suffix = toolchain.interpreter.suffix
        self._python = toolchain.interpreter.numbers
        tools.check_mypyc_target(toolchain.interpreter)
        self.subjects = self._modules if self._separate else {**self._modules, **self._library()}
        host = [sys.platform, sys.maxsize]
        settings = {"form": _FORM, "python": self._python, "separate": self._separate, "host": host}
        listed = {name: module.source for name, module in self._modules.items()}
        self._parts = {
            "toolchain mypyc": tools.mypyc(self._noted),
            **{part: toolchain.parts[part] for part in ("toolchain compiler", "toolchain python")},
            "setting mypyc": digest_value(settings),
            "setting modules": digest_value(listed),
        }

    def _noted(self, path: str) -> Digest:
        self._tools.append(path)
        return self._cache.digest(path)

    def _library(self) -> dict[str, Module]:
        """Return the one library of a release, which has a name and a place like a module's."""
        first = next(iter(self._modules.values()))
        name = f"{first.name.partition('.')[0]}{LIBRARY}"
        return {name: Module(name, f"{name}.py", "mypyc", {}, first.flags)}

    # ------------------------------------------------------------------ what it depends on

    def parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a fingerprint that do not depend on what a translation read."""
        own = {f"source {module.source}": self._digest(module.source)} if module.name in self._modules else {}
        unit = unit_of(module, module.name, NO_FILES)
        return {**self._parts, **self._native.settings(unit.source, unit.flags), **own}

    def knows(self, module: Module) -> bool:
        """Return whether the store answers for the inputs as they are now, with extensions or with a refusal."""
        link = self._find()
        if link is None or not link.c:
            return link is not None
        return all(self._native.knows(unit_of(module, name, link.units[name])) for name in self._units(module))

    def _units(self, module: Module) -> list[str]:
        """Return the shim and the library of a module, or what it has of the two."""
        both = self._separate and module.name in self._modules
        return [f"{module.name}{LIBRARY}", module.name] if both else [module.name]

    def _digest(self, source: str) -> Digest:
        return self._cache.digest(self._places.path(f"source {source}"))

    def _sources(self) -> dict[str, Digest]:
        return {f"source {module.source}": self._digest(module.source) for module in self._modules.values()}

    # ------------------------------------------------------------------ translate

    def _key(self) -> Digest:
        return translate_key([module.source for module in self._modules.values()], {**self._parts, **self._sources()})

    def _find(self) -> Translated | None:
        key = self._key()
        if key not in self._found:
            self._found = {key: self._look_up(key)}
        return self._found[key]

    def _look_up(self, key: Digest) -> Translated | None:
        said = ("c", "units", "read", "probes", "words")
        for entry in entries(self._store, key, *said) if self._reuse else ():
            if entry["c"] and any(not entry["units"].keys() >= {*self._units(each)} for each in self.subjects.values()):
                continue
            read: dict[str, Digest] = entry["read"]
            if all(self._cache.digest(self._places.path(name)) == digest for name, digest in read.items()):
                probes = tuple(entry["probes"])
                if self._probes.changed(probes) is None:
                    return Translated(Digest(entry["c"]), entry["units"], read, probes, entry["words"])
        return None

    def _translated(self, say: Callable[[str], None]) -> tuple[Translated, Mapping[Digest, bytes], bool]:
        """Return the translation, the C as far as it is at hand, and whether mypy ran for it."""
        with self._store.alone(self._key()):
            self._found.clear()  # another process may have made it meanwhile
            link = self._find()
            if link is not None and not link.c:
                raise _Refused(link.words, link)
            if link is not None:
                if all(map(self.knows, self.subjects.values())):
                    return link, {}, False
                bundle = self._store.get(link.c)
                if bundle is not None:
                    return link, texts_of(bundle), False
            say(f"translating {len(self._modules)} modules with mypyc")
            link, bundle = self._translate()
            return link, texts_of(bundle), True

    def _translate(self) -> tuple[Translated, bytes]:
        group = next(iter({**self.subjects} if self._separate else self._library())).removesuffix(LIBRARY)
        job = Job(
            {name: module.source for name, module in self._modules.items()},
            {name: [name] for name in self._modules} if self._separate else {group: list(self._modules)},
            self._separate,
            self._python,
            key_of(self._parts),
        )
        covered = (*tools.mypyc_folders(), str(self._work))
        for _ in range(ATTEMPTS):
            before = self._sources()
            with scratch(self._scratch) as folder:
                lasting = self._work / "mypyc" / "{}.{}".format(*self._python)
                known = lasting if self._separate and self._reuse else folder / "known"
                output = folder / "program.json"
                done = translate(job, self._places, covered, known, output, self._environment)
                bundle = output.read_bytes() if done.ok else b""
            if done.steady and all(done.read.get(name, digest) == digest for name, digest in before.items()):
                return self._keep(done, bundle), bundle
            if not done.ok and not done.steady:
                raise _Refused(done.words, None)
            for module in self._modules.values():
                self._cache.forget(self._places.path(f"source {module.source}"))
        raise _Refused("the modules changed again and again while they were compiled", None)

    def _keep(self, done: Translation, bundle: bytes) -> Translated:
        """Keep what a translation came to under the key of its inputs, a refusal as well."""
        altered = self._cache.altered(self._tools)
        if altered:
            raise _Refused(tool_changed(altered), None)
        link = Translated(
            self._store.put(bundle, deflate=True) if done.ok else Digest(""),
            json.loads(bundle)["units"] if done.ok else {},
            {name: Digest(digest) for name, digest in done.read.items()},
            done.probes,
            "" if done.ok else done.words,
        )
        entry = {"c": link.c, "units": link.units, "read": dict(link.read), "probes": link.probes, "words": link.words}
        self._store.add(self._key(), entry)
        if not done.ok:
            raise _Refused(done.words, link)
        return link

    # ------------------------------------------------------------------ make

    def make(self, steps: Mapping[str, Step], say: Callable[[str], None], _: Translator) -> Yield[Done]:
        """Do the first of the jobs that make the program; it names the others. All units are made, or none is put.

        Args:
            steps: what is planned for each subject.
            say: is told that mypy starts.
        """
        watch = Stopwatch()
        try:
            link, at_hand, translated = self._translated(say)
        except _Refused as error:
            return Yield(self._refused(steps, str(error), error.link, watch))
        except OSError as error:
            return Yield(self._refused(steps, self._tree.worded(error), None, watch))
        pairs = [(module, name) for module in self.subjects.values() for name in self._units(module)]
        texts = {name: files["texts"].values() for name, files in link.units.items()}
        sizes = {name: sum(len(at_hand.get(c, b"")) for c in digests) for name, digests in texts.items()}
        pairs.sort(key=lambda pair: -sizes[pair[1]])
        assembly = _Assembly(steps, link, at_hand, translated, len(pairs))
        return Yield(jobs=[partial(self._make_unit, assembly, module, name) for module, name in pairs])

    def _make_unit(self, assembly: _Assembly, module: Module, name: str, _: Translator) -> Yield[Done]:
        """Make one library or shim; who makes the last one puts them all in their places."""
        watch = Stopwatch()
        try:
            made = self._native.make(unit_of(module, name, assembly.link.units[name]), assembly.at_hand)
        except (NotCompiled, Gone) as error:
            assembly.failed[name] = str(error)
        except OSError as error:
            assembly.failed[name] = self._tree.worded(error)
        else:
            assembly.made[name] = made
        assembly.seconds[name] = watch.seconds
        with assembly.lock:
            assembly.waiting -= 1
            if assembly.waiting:
                return Yield()
        if not assembly.failed:
            try:
                return Yield(self._publish(assembly))
            except OSError as error:
                assembly.failed = dict.fromkeys(assembly.made, self._tree.worded(error))
        return Yield([self._not_compiled(assembly, step) for step in assembly.steps.values()])

    def _publish(self, assembly: _Assembly) -> list[Done]:
        """Put all libraries and shims in their places.

        Two libraries that do not know each other's layout must not meet in a process, where they would read past each
        other in silence. So where several files change, each of their modules loses its shim before and gets it back
        afterwards: what is imported between is Python, or refuses to build on it.
        """
        paths = {name: name.replace(".", "/") + self._suffix for name in assembly.made}
        owners = {name: module.name for module in self.subjects.values() for name in self._units(module)}
        changed = {name for name, made in assembly.made.items() if self._tree.digest(paths[name]) != made.output}
        libraries = sorted(name for name in changed if name.endswith(LIBRARY))
        if len(changed) > 1:
            for name in sorted({name.removesuffix(LIBRARY) for name in changed} & paths.keys()):
                self._tree.hide(paths[name])
        for name in (*libraries, *sorted(set(assembly.made) - set(libraries))):
            self._tree.put(owners[name], paths[name], assembly.made[name].output, assembly.made[name].content)
        return [self._done(assembly, module, paths, changed) for module in self.subjects.values()]

    def _done(self, assembly: _Assembly, module: Module, paths: Mapping[str, str], changed: set[str]) -> Done:
        step, names = assembly.steps[module.name], self._units(module)
        made = [assembly.made[name] for name in names]
        ran = assembly.translated or any(each.ran for each in made)
        if step.action is Action.LEAVE or not changed & {*names}:
            result, reason = "fresh", step.reason if step.action is Action.LEAVE else SAME
        else:
            result, reason = "compiled" if ran else "restored", step.reason
        return Done(
            Outcome(module.name, result, reason, sum(assembly.seconds[name] for name in names)),
            assembly.link,
            {paths[name]: each.output for name, each in zip(names, made, strict=True)},
            tuple(sorted({header for each in made for header in each.headers})),
        )

    # ------------------------------------------------------------------ fail

    def _refused(self, steps: Mapping[str, Step], words: str, link: Translated | None, watch: Stopwatch) -> list[Done]:
        """Say of each module what mypy says of it, and of the others why there is no C of them."""
        said: dict[str, list[str]] = {}
        for line in words.splitlines():
            found = _ERROR.match(line)
            said.setdefault(found["file"] if found else "", []).append(line)
        own = {name: said[module.source] for name, module in self._modules.items() if module.source in said}
        first = next((line for lines in said.values() for line in lines), "mypyc made nothing")
        others = f"not compiled, as mypyc takes all its modules or none: {first}"
        everything = not own
        done = []
        for name, step in steps.items():
            detail = "\n".join(own.get(name, [words.strip() if everything else others]))
            everything = False
            done.append(Done(Outcome(name, "failed", step.reason, watch.seconds, detail), link))
        return done

    def _not_compiled(self, assembly: _Assembly, step: Step) -> Done:
        words = [assembly.failed[name] for name in self._units(self.subjects[step.subject]) if name in assembly.failed]
        others = f"not compiled, as mypyc takes all its modules or none: {next(iter(assembly.failed))} failed"
        return Done(Outcome(step.subject, "failed", step.reason, detail=(words or [others])[0].strip()))
