"""The translations of one build: each is an action by content, whose result the store has for the same inputs.

*Translate* has a key of the module's source, name, directives and what its settings ask for, and Cython. Which other
files were read shows only afterwards, so an entry lists them with their digests and counts if all are the same now. A
refusal is a result too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
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
from buildkit.extensions.cython.bodies import sameness_identity
from buildkit.extensions.cython.hints import hinted
from buildkit.extensions.cython.translation import (
    ENDINGS,
    CythonTranslation,
    NotTranslated,
    header_key,
    translate_key,
)
from buildkit.extensions.entries import checked_entries
from buildkit.extensions.native.calls import Calls
from buildkit.extensions.native.extension import PLUS_PLUS
from buildkit.extensions.native.inputs import Inputs
from buildkit.extensions.native.refusals import Gone, tool_changed
from buildkit.extensions.scratch import scratch
from buildkit.model import Digest
from buildkit.store.artifacts import Store

Written = Mapping[Digest, bytes]
"""What a translation wrote, by digest: the C, and headers for others."""


class Translations:
    """The translations of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        inputs: the digest of each input.
        calls: of the C compilers.
        cache: digests of files; another one for every build.
        store: where results are kept.
        reuse: take results from the store; without it everything is made again and stored.
        scratch: a folder for what the translator writes.
    """

    def __init__(
        self,
        toolchain: Toolchain,
        places: Places,
        inputs: Inputs,
        calls: Calls,
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
        self._cache = cache
        self._store = store
        self._reuse = reuse
        self._scratch = scratch
        self._settings: dict[tuple[object, ...], dict[str, Digest]] = {}

    def parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a fingerprint that do not depend on what the module's translation read."""
        source = f"source {module.source}"
        return {**self._toolchain.parts, **self._settings_of(module), source: self._inputs.digest(source)}

    def _settings_of(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a module's fingerprint that are settings."""
        asked = {**module.asked.by_key, **({"include": self.include(module)} if module.include else {})}
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
                **self._calls.settings(module.source, split_flags(module.flags), self.include(module)),
                **{f"setting {key}": digest_value(value) for key, value in asked.items()},
                **_semantics(module),
            }
        return found

    def public(self, translation: CythonTranslation, at_hand: Written) -> dict[str, tuple[Digest, bytes]]:
        """Return the headers that a module declares for others, by name with digest and content.

        Raises:
            Gone: one is neither at hand nor in the store.
        """
        found = {}
        for name, digest in translation.public.items():
            content = at_hand.get(digest)
            content = self._store.get(digest) if content is None else content
            if content is None:
                raise Gone(name)
            found[name] = digest, content
        return found

    def include(self, module: Module) -> tuple[str, ...]:
        """Return the names of the folders that the settings name for headers and declarations."""
        return tuple(portable_folder_name(folder, self._places) for folder in module.include)

    def key(self, module: Module) -> Digest:
        """Return the key of a module's translation."""
        source = f"source {module.source}"
        parts = {**self._toolchain.parts, **self._settings_of(module), source: self._inputs.digest(source)}
        return translate_key(module.name, module.source, parts)

    def find(self, module: Module) -> CythonTranslation | None:
        """Return the translation that the store has for the present inputs, which may be a refusal; None if none."""
        key, said = self.key(module), ("c", "read", "probes", "words", "asks", "lifted", "public")
        for entry in checked_entries(self._store, key, *said) if self._reuse else ():
            read: dict[str, Digest] = entry["read"]
            if all(self._inputs.digest(name) == digest for name, digest in read.items()):
                probes = tuple(entry["probes"])
                if self._inputs.probes.changed(probes) is None:
                    asks, words = from_entry(entry["asks"]), entry["words"]
                    found = CythonTranslation(
                        Digest(entry["c"]), read, probes, words, asks, entry["lifted"], entry["public"]
                    )
                    return self._with_plus_plus(found)
        return None

    def _with_plus_plus(self, translation: CythonTranslation) -> CythonTranslation:
        """Return the translation; what becomes C++ rests on the C++ compiler too."""
        if not translation.distutils.is_plus_plus:
            return translation
        return replace(translation, read={**translation.read, PLUS_PLUS: self._inputs.digest(PLUS_PLUS)})

    def make(self, module: Module, translator: Translator) -> tuple[CythonTranslation, Written] | None:
        """Translate a module; return the translation with what it wrote, None where an input changed meanwhile.

        Raises:
            NotTranslated: Cython reports errors in the module.
        """
        source = f"source {module.source}"
        before = self._inputs.digest(source)
        language = module.asked.language or declared_language(self._places.path(source))
        done, texts = self._run(module, translator, language)
        distutils = settings_of(source, done.read, self._places, module.asked)
        if distutils is not None and distutils.language != language:  # a .pxd has the word
            done, texts = self._run(module, translator, distutils.language)
            distutils = settings_of(source, done.read, self._places, module.asked)
        if done.is_repeatable and distutils is not None and done.read.get(source) == before:
            return self._keep(module, done, texts, distutils)
        if not done.ok and not (
            done.is_repeatable and source in done.read
        ):  # the machine's failure, or before it was read
            raise NotTranslated(done.words, None)
        return None

    def _run(self, module: Module, translator: Translator, language: str) -> tuple[Translation, dict[str, bytes]]:
        """Translate a module; return what was written by name, the C under no name."""
        with scratch(self._scratch) as folder:
            file = folder / f"{module.name.rpartition('.')[2]}{ENDINGS[language]}"
            include = map(self._places.path, self.include(module))
            done = translator.translate(module, file, language, include)
            public = {path.name: path.read_bytes() for path in sorted(folder.glob("*.h"))}
            return done, {"": file.read_bytes(), **public} if done.ok else {}

    def _keep(
        self, module: Module, done: Translation, texts: Mapping[str, bytes], distutils: DistutilsSettings
    ) -> tuple[CythonTranslation, Written]:
        """Store the result of a translation under its key, also if it failed.

        A crash is not stored for other checkouts; in this checkout it is remembered, and not tried again until an input
        changes.
        """
        digests = {name: digest_bytes(text) for name, text in texts.items()}
        c, public = digests.pop("", Digest("")), digests
        altered = self._cache.content_changed(self._toolchain.files["cython"])
        if altered:
            raise NotTranslated(tool_changed(altered), None)
        read = {name: Digest(digest) for name, digest in done.read.items()}
        read |= {name: self._inputs.digest(name) for name in (f"machine {each}" for each in distutils.machine)}
        probes = tuple(sorted({*done.probes, *distutils.probes}))
        words = "" if done.ok else hinted(done.words, module, distutils.language)
        translation = self._with_plus_plus(CythonTranslation(c, read, probes, words, distutils, done.is_lifted, public))
        entry = {
            "c": c,
            "read": read,
            "probes": translation.probes,
            "words": translation.words,
            "asks": distutils.as_entry(),
            "lifted": done.is_lifted,
            "public": public,
        }
        key = self.key(module)
        for name in public:
            self._store.add(header_key(key, name), {"output": self._store.put(texts[name])})
        if done.ok or not options.is_crash(done.words):
            self._store.add(key, entry)
        if not done.ok:
            raise NotTranslated(words, translation)
        return translation, {digest_bytes(text): text for text in texts.values()}


def _semantics(module: Module) -> dict[str, Digest]:
    """Return the part of a fingerprint that says what plain Python means, and how that is kept; none of a `.pyx`."""
    if not module.source.endswith(".py"):
        return {}
    if not module.keeps_python:
        return {"setting semantics": digest_value("cython")}
    kept = [options.SWITCHES, dict(options.PURE_PYTHON_DIRECTIVES), sameness_identity()]
    return {"setting semantics": digest_value(kept)}
