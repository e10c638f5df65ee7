"""Source → C → extension: a module's translation, which is an action by content, and what `native` makes of the C.

*Translate* has a key of the module's source, name and directives, and Cython. Which other files were read shows only
afterwards, so an entry lists them with their digests and counts if all are the same now. A refusal is a result too.

A comment edit that moves no line gives the same C, so the other actions are in the store: no compiler starts.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from buildkit.compile.cython import options
from buildkit.compile.cython.translator import Translation, Translator
from buildkit.compile.distutils import (
    DistutilsSettings,
    declared_language,
    from_entry,
    portable_folder_name,
    settings_of,
)
from buildkit.compile.flags import split_flags
from buildkit.compile.module import Module
from buildkit.compile.places import Places
from buildkit.compile.toolchain import Toolchain
from buildkit.core.fingerprint import digest_bytes, digest_value
from buildkit.doors.statcache import StatCache
from buildkit.extensions.cython.bodies import Bodies, BodyRefused, SourceChanged, sameness_identity
from buildkit.extensions.cython.hints import hinted
from buildkit.extensions.cython.made import MadeModule, NoExtension
from buildkit.extensions.cython.translation import (
    ENDINGS,
    CythonTranslation,
    NotTranslated,
    extension_of,
    translate_key,
)
from buildkit.extensions.entries import checked_entries
from buildkit.extensions.native.actions import Native
from buildkit.extensions.native.calls import Calls
from buildkit.extensions.native.extension import PLUS_PLUS, Extension
from buildkit.extensions.native.inputs import Inputs
from buildkit.extensions.native.refusals import Gone, NotCompiled, tool_changed
from buildkit.extensions.scratch import scratch
from buildkit.model import Digest
from buildkit.store.artifacts import Store

ATTEMPTS = 3
"""How often a module is translated anew because its inputs changed meanwhile."""


@contextlib.contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Run `work` in a thread during the block; wait for it at the end of the block."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only where something is made

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        yield
    done.result()


class CythonModules:
    """The Cython modules of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        inputs: the digest of each input.
        calls: of the C compilers.
        native: compiles and links.
        cache: digests of files; another one for every build.
        store: where results are kept.
        reuse: take results from the store; without it everything is made again and stored.
        scratch: a folder for what tools read and write.
    """

    def __init__(
        self,
        toolchain: Toolchain,
        places: Places,
        inputs: Inputs,
        calls: Calls,
        native: Native,
        *,
        cache: StatCache,
        store: Store,
        reuse: bool,
        scratch: Path,
    ) -> None:
        self._toolchain = toolchain
        self._places = places
        self._inputs = inputs
        self._calls = calls
        self._native = native
        self._cache = cache
        self._store = store
        self._reuse = reuse
        self._scratch = scratch
        self._settings: dict[tuple[object, ...], dict[str, Digest]] = {}
        self._bodies = Bodies(toolchain.interpreter, store, reuse=reuse)

    def parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a fingerprint that do not depend on what the module's translation read."""
        source = f"source {module.source}"
        return {**self._toolchain.parts, **self._settings_of(module), source: self._inputs.digest(source)}

    def _settings_of(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a module's fingerprint that are settings."""
        asked = {**module.asked.by_key, **({"include": self._include(module)} if module.include else {})}
        alike = (
            module.source.rpartition(".")[2],
            module.flags,
            module.include,
            repr((module.directives, asked, module.keeps_python)),
        )
        found = self._settings.get(alike)
        if found is None:
            # the paths in `# distutils:` lines are relative to the project's folder
            layout = os.path.relpath(self._places.source, self._places.project or self._places.source)
            fixed = [options.OPTIONS, options.DIRECTIVES, layout, "siblings"]
            found = self._settings[alike] = {
                "setting directives": digest_value([fixed, dict(module.directives)]),
                **self._calls.settings(module.source, split_flags(module.flags), self._include(module)),
                **{f"setting {key}": digest_value(value) for key, value in asked.items()},
                **_semantics(module),
            }
        return found

    def knows(self, module: Module) -> bool:
        """Return whether the store has the result for the present inputs: an extension, or a recorded failure."""
        translation = self._find_translation(module)
        if translation is None or not translation.c:
            return translation is not None
        body = self._bodies.find(module.source, self.parts(module)) if translation.is_lifted else None
        if translation.is_lifted and body is None:
            return False
        return self._native.knows(self._extension(module, translation, body))

    def make(self, module: Module, translator: Translator) -> MadeModule:
        """Return the module's extension, from the store or by the tools. One process at a time makes it.

        Raises:
            NotTranslated: Cython reports errors in the module.
            NoExtension: no compiler takes the C.
            OSError: the disk is full.
        """
        for _ in range(ATTEMPTS):
            with contextlib.suppress(Gone, SourceChanged), self._store.exclusive(self._translate_key(module)):
                translation = self._find_translation(module)
                if translation is not None and not translation.c:
                    raise NotTranslated(translation.words, translation)
                if translation is not None:
                    with contextlib.suppress(Gone):
                        return self._made(module, translation, {}, ran=False)
                done = self._translate(module, translator)
                if done is not None:
                    translation, text = done
                    with meanwhile(partial(self._store.put, text, deflate=True)):
                        return self._made(module, translation, {translation.c: text}, ran=True)
            self._cache.forget(self._places.path(f"source {module.source}"))  # another text has another key, and lock
        raise NotTranslated(f"{module.source}: changed again and again while it was compiled", None)

    def _made(
        self, module: Module, translation: CythonTranslation, at_hand: Mapping[Digest, bytes], *, ran: bool
    ) -> MadeModule:
        body = None
        if translation.is_lifted:
            source = self._places.path(f"source {module.source}")
            try:
                body, text = self._bodies.make(module.source, Path(source), self.parts(module))
            except BodyRefused as error:
                raise NoExtension(str(error), translation, ()) from None
            at_hand = {**at_hand, body: text} if text else at_hand
        try:
            done = self._native.make(self._extension(module, translation, body), at_hand)
        except NotCompiled as error:
            raise NoExtension(
                str(error), translation if error.headers is not None else None, error.headers or ()
            ) from None
        return MadeModule(translation, done.output, done.headers, done.content, ran=ran or done.ran)

    def _extension(self, module: Module, translation: CythonTranslation, body: Digest | None) -> Extension:
        flags, include = split_flags(module.flags), self._include(module)
        return extension_of(
            module.name,
            module.source,
            translation.c,
            translation.distutils,
            self._inputs.digest,
            body=body,
            flags=flags,
            include=include,
        )

    def _include(self, module: Module) -> tuple[str, ...]:
        return tuple(portable_folder_name(folder, self._places) for folder in module.include)

    # -- translate

    def _translate_key(self, module: Module) -> Digest:
        source = f"source {module.source}"
        parts = {**self._toolchain.parts, **self._settings_of(module), source: self._inputs.digest(source)}
        return translate_key(module.name, module.source, parts)

    def _find_translation(self, module: Module) -> CythonTranslation | None:
        key, said = self._translate_key(module), ("c", "read", "probes", "words", "asks", "lifted")
        for entry in checked_entries(self._store, key, *said) if self._reuse else ():
            read: dict[str, Digest] = entry["read"]
            if all(self._inputs.digest(name) == digest for name, digest in read.items()):
                probes = tuple(entry["probes"])
                if self._inputs.probes.changed(probes) is None:
                    found = CythonTranslation(
                        Digest(entry["c"]), read, probes, entry["words"], from_entry(entry["asks"]), entry["lifted"]
                    )
                    return self._with_plus_plus(found)
        return None

    def _with_plus_plus(self, translation: CythonTranslation) -> CythonTranslation:
        """Return the translation; what becomes C++ rests on the C++ compiler too."""
        if not translation.distutils.is_plus_plus:
            return translation
        return replace(translation, read={**translation.read, PLUS_PLUS: self._inputs.digest(PLUS_PLUS)})

    def _translate(self, module: Module, translator: Translator) -> tuple[CythonTranslation, bytes] | None:
        """Return the translation with its C text; None where an input changed meanwhile."""
        source = f"source {module.source}"
        before = self._inputs.digest(source)
        language = module.asked.language or declared_language(self._places.path(source))
        done, text = self._run(module, translator, language)
        distutils = settings_of(source, done.read, self._places, module.asked)
        if distutils is not None and distutils.language != language:  # a .pxd has the word
            done, text = self._run(module, translator, distutils.language)
            distutils = settings_of(source, done.read, self._places, module.asked)
        if done.is_repeatable and distutils is not None and done.read.get(source) == before:
            return self._keep(module, done, text, distutils)
        if not done.ok and not (
            done.is_repeatable and source in done.read
        ):  # the machine's failure, or before it was read
            raise NotTranslated(done.words, None)
        return None

    def _run(self, module: Module, translator: Translator, language: str) -> tuple[Translation, bytes]:
        with scratch(self._scratch) as folder:
            file = folder / f"{module.name.rpartition('.')[2]}{ENDINGS[language]}"
            include = map(self._places.path, self._include(module))
            done = translator.translate(module, file, language, include)
            return done, file.read_bytes() if done.ok else b""

    def _keep(
        self, module: Module, done: Translation, text: bytes, distutils: DistutilsSettings
    ) -> tuple[CythonTranslation, bytes]:
        """Store the result of a translation under its key, also if it failed.

        A crash is not stored for other checkouts; in this checkout it is remembered, and not tried again until an input
        changes.
        """
        c = digest_bytes(text) if done.ok else Digest("")
        altered = self._cache.content_changed(self._toolchain.files["cython"])
        if altered:
            raise NotTranslated(tool_changed(altered), None)
        read = {name: Digest(digest) for name, digest in done.read.items()}
        read |= {name: self._inputs.digest(name) for name in (f"machine {each}" for each in distutils.machine)}
        probes = tuple(sorted({*done.probes, *distutils.probes}))
        words = "" if done.ok else hinted(done.words, module, distutils.language)
        translation = self._with_plus_plus(CythonTranslation(c, read, probes, words, distutils, done.is_lifted))
        entry = {
            "c": c,
            "read": read,
            "probes": translation.probes,
            "words": translation.words,
            "asks": distutils.as_entry(),
            "lifted": done.is_lifted,
        }
        if done.ok or not options.is_crash(done.words):
            self._store.add(self._translate_key(module), entry)
        if not done.ok:
            raise NotTranslated(words, translation)
        return translation, text


def _semantics(module: Module) -> dict[str, Digest]:
    """Return the part of a fingerprint that says what plain Python means, and how that is kept; none of a `.pyx`."""
    if not module.source.endswith(".py"):
        return {}
    if not module.keeps_python:
        return {"setting semantics": digest_value("cython")}
    kept = [options.SWITCHES, dict(options.PURE_PYTHON_DIRECTIVES), sameness_identity()]
    return {"setting semantics": digest_value(kept)}
