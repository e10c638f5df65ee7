"""The mypyc modules of a project: one translation of all, then each library and shim by itself.

mypyc needs the types of every module to make the C of one, so their translation is one action. Its key has the names
and sources of all; which other files were read shows afterwards, as with Cython. What is made of the C:

* dev: for each module a library (`app/fast__mypyc…`) and a shim (`app/fast…`) that loads it. An edit that moves no
  function leaves the others' C as it is, so no compiler starts for them.
* release: one library for all (`app__mypyc…`), in which calls from module to module are direct, and the shims.

What becomes of the C is the matter of `assembly`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from buildkit.compile import toolchain as tools
from buildkit.compile.cython.translator import Translation
from buildkit.compile.module import Module
from buildkit.compile.mypyc.translator import Job, translate
from buildkit.compile.places import Places, Probes
from buildkit.compile.toolchain import Toolchain
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.doors.statcache import StatCache
from buildkit.extensions.cython.modules import ATTEMPTS
from buildkit.extensions.entries import checked_entries
from buildkit.extensions.mypyc.translation import NO_FILES, MypycTranslation, extension_of, texts_of, translate_key
from buildkit.extensions.native.actions import Native
from buildkit.extensions.native.refusals import tool_changed
from buildkit.extensions.scratch import scratch
from buildkit.model import LIBRARY, Digest
from buildkit.store.artifacts import Store

_FORM = 1
"""A version number, raised whenever the worker calls mypyc differently."""


class TypesRefused(Exception):  # noqa: N818 - a fact
    """mypy reports errors in the program. They are the message.

    Args:
        words: its own.
        translation: the inputs read so far; None if the translation might succeed the next time with the same inputs.
    """

    def __init__(self, words: str, translation: MypycTranslation | None) -> None:
        super().__init__(words)
        self.translation = translation


class MypycProgram:
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
        work: the checkout's own folder, which holds mypy's cache.
        scratch: the folder in it for what else the tools write.
        environment: all variables of the worker.
        reuse: take results from the store, and what mypy found out from the folder.

    `subjects` are the modules and, in a release, the one library.
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
        work: Path,
        scratch: Path,
        environment: Mapping[str, str],
        reuse: bool,
    ) -> None:
        self.modules = dict(sorted(modules.items()))
        self._places = places
        self._cache = cache
        self._probes = probes
        self.native = native
        self._store = store
        self._work = work
        self._scratch = scratch
        self._environment = environment
        self._reuse = reuse
        self._found: dict[Digest, MypycTranslation | None] = {}
        self._tools: list[str] = []
        self._separate = profile == "dev"
        self.suffix = toolchain.interpreter.suffix
        self._python = toolchain.interpreter.numbers
        tools.check_mypyc_target(toolchain.interpreter)
        first = next(iter(self.modules.values()))
        self._group = first.name.partition(".")[0]
        whole = f"{self._group}{LIBRARY}"  # the one library of a release has a name and a place like a module's
        library = {} if self._separate else {whole: Module(whole, f"{whole}.py", "mypyc", {}, first.flags)}
        self.subjects = {**self.modules, **library}
        host = [sys.platform, sys.maxsize]
        settings = {"form": _FORM, "python": self._python, "separate": self._separate, "host": host}
        listed = {name: module.source for name, module in self.modules.items()}
        self._parts = {
            "toolchain mypyc": tools.mypyc(self._noted),
            **{part: toolchain.parts[part] for part in ("toolchain compiler", "toolchain python")},
            "setting mypyc": digest_value(settings),
            "setting modules": digest_value(listed),
        }

    def _noted(self, path: str) -> Digest:
        self._tools.append(path)
        return self._cache.digest(path)

    # ------------------------------------------------------------------ what it depends on

    def parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a fingerprint that do not depend on what a translation read."""
        own = {f"source {module.source}": self._digest(module.source)} if module.name in self.modules else {}
        extension = extension_of(module, module.name, NO_FILES)
        return {**self._parts, **self.native.settings(extension.source, extension.flags), **own}

    def knows(self, module: Module) -> bool:
        """Return whether the store has the result for the present inputs: extensions, or a recorded failure."""
        translation = self._find()
        if translation is None or not translation.c:
            return translation is not None
        return all(
            self.native.knows(extension_of(module, name, translation.files[name])) for name in self.extensions(module)
        )

    def extensions(self, module: Module) -> list[str]:
        """Return the shim and the library of a module, or what it has of the two."""
        both = self._separate and module.name in self.modules
        return [f"{module.name}{LIBRARY}", module.name] if both else [module.name]

    def _digest(self, source: str) -> Digest:
        return self._cache.digest(self._places.path(f"source {source}"))

    def _sources(self) -> dict[str, Digest]:
        return {f"source {module.source}": self._digest(module.source) for module in self.modules.values()}

    # ------------------------------------------------------------------ translate

    def _key(self) -> Digest:
        return translate_key([module.source for module in self.modules.values()], {**self._parts, **self._sources()})

    def _find(self) -> MypycTranslation | None:
        key = self._key()
        if key not in self._found:
            self._found = {key: self._look_up(key)}
        return self._found[key]

    def _look_up(self, key: Digest) -> MypycTranslation | None:
        said = ("c", "units", "read", "probes", "words")
        for entry in checked_entries(self._store, key, *said) if self._reuse else ():
            if entry["c"] and any(
                not entry["units"].keys() >= {*self.extensions(each)} for each in self.subjects.values()
            ):
                continue
            read: dict[str, Digest] = entry["read"]
            if all(self._cache.digest(self._places.path(name)) == digest for name, digest in read.items()):
                probes = tuple(entry["probes"])
                if self._probes.changed(probes) is None:
                    return MypycTranslation(Digest(entry["c"]), entry["units"], read, probes, entry["words"])
        return None

    def translated(self, say: Callable[[str], None]) -> tuple[MypycTranslation, Mapping[Digest, bytes], bool]:
        """Return the translation, the C as far as it is at hand, and whether mypy ran for it."""
        with self._store.exclusive(self._key()):
            self._found.clear()  # another process may have made it meanwhile
            translation = self._find()
            if translation is not None and not translation.c:
                raise TypesRefused(translation.words, translation)
            if translation is not None:
                if all(map(self.knows, self.subjects.values())):
                    return translation, {}, False
                bundle = self._store.get(translation.c)
                if bundle is not None:
                    return translation, texts_of(bundle), False
            say(f"translating {len(self.modules)} modules with mypyc")
            translation, bundle = self._translate()
            return translation, texts_of(bundle), True

    def _translate(self) -> tuple[MypycTranslation, bytes]:
        job = Job(
            {name: module.source for name, module in self.modules.items()},
            {name: [name] for name in self.modules} if self._separate else {self._group: list(self.modules)},
            self._separate,
            self._python,
            key_of(self._parts),
        )
        toolchain_folders = (*tools.mypyc_folders(), str(self._work))
        for _ in range(ATTEMPTS):
            before = self._sources()
            with scratch(self._scratch) as folder:
                lasting = self._work / "mypyc" / "{}.{}".format(*self._python)
                known = lasting if self._separate and self._reuse else folder / "known"
                output = folder / "program.json"
                done = translate(job, self._places, toolchain_folders, known, output, self._environment)
                bundle = output.read_bytes() if done.ok else b""
            if done.is_repeatable and all(done.read.get(name, digest) == digest for name, digest in before.items()):
                return self._keep(done, bundle), bundle
            if not done.ok and not done.is_repeatable:
                raise TypesRefused(done.words, None)
            for module in self.modules.values():
                self._cache.forget(self._places.path(f"source {module.source}"))
        raise TypesRefused("the modules changed again and again while they were compiled", None)

    def _keep(self, done: Translation, bundle: bytes) -> MypycTranslation:
        """Store the result of a translation under its key, also if it failed."""
        altered = self._cache.content_changed(self._tools)
        if altered:
            raise TypesRefused(tool_changed(altered), None)
        translation = MypycTranslation(
            self._store.put(bundle, deflate=True) if done.ok else Digest(""),
            json.loads(bundle)["units"] if done.ok else {},
            {name: Digest(digest) for name, digest in done.read.items()},
            done.probes,
            "" if done.ok else done.words,
        )
        entry = {
            "c": translation.c,
            "units": translation.files,
            "read": dict(translation.read),
            "probes": translation.probes,
            "words": translation.words,
        }
        self._store.add(self._key(), entry)
        if not done.ok:
            raise TypesRefused(done.words, translation)
        return translation
