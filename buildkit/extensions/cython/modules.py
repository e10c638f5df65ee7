"""Source → C → extension: a module's translation, and what `native` makes of the C.

A comment edit that moves no line gives the same C, so the other actions are in the store: no compiler starts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from buildkit.compile.cython.translator import Translator
from buildkit.compile.flags import split_flags
from buildkit.compile.module import Module
from buildkit.compile.places import Places
from buildkit.compile.toolchain import Toolchain
from buildkit.doors.statcache import StatCache
from buildkit.extensions.cython.bodies import Bodies, BodyRefused, SourceChanged
from buildkit.extensions.cython.made import MadeModule, NoExtension
from buildkit.extensions.cython.translating import Translations
from buildkit.extensions.cython.translation import (
    CythonTranslation,
    NotTranslated,
    extension_of,
)
from buildkit.extensions.native.actions import Native
from buildkit.extensions.native.calls import Calls
from buildkit.extensions.native.extension import Extension
from buildkit.extensions.native.inputs import Inputs
from buildkit.extensions.native.refusals import Gone, NotCompiled
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
        self._places = places
        self._inputs = inputs
        self._native = native
        self._cache = cache
        self._store = store
        self._translations = Translations(
            toolchain, places, inputs, calls, cache=cache, store=store, reuse=reuse, scratch=scratch
        )
        self._bodies = Bodies(toolchain.interpreter, store, reuse=reuse)

    def parts(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a fingerprint that do not depend on what the module's translation read."""
        return self._translations.parts(module)

    def knows(self, module: Module) -> bool:
        """Return whether the store has the result for the present inputs: an extension, or a recorded failure."""
        translation = self._translations.find(module)
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
            with contextlib.suppress(Gone, SourceChanged), self._store.exclusive(self._translations.key(module)):
                translation = self._translations.find(module)
                if translation is not None and not translation.c:
                    raise NotTranslated(translation.words, translation)
                if translation is not None:
                    with contextlib.suppress(Gone):
                        return self._made(module, translation, {}, ran=False)
                done = self._translations.make(module, translator)
                if done is not None:
                    translation, at_hand = done
                    with meanwhile(partial(self._store.put, at_hand[translation.c], deflate=True)):
                        return self._made(module, translation, at_hand, ran=True)
            self._cache.forget(self._places.path(f"source {module.source}"))  # another text has another key, and lock
        raise NotTranslated(f"{module.source}: changed again and again while it was compiled", None)

    def public_headers(self, module: Module, translator: Translator) -> Mapping[str, tuple[Digest, bytes]]:
        """Return the headers that a module declares for others, by name with digest and content; nothing is compiled.

        Raises:
            NotTranslated: Cython reports errors in the module, or its source changed meanwhile.
            OSError: the disk is full.
        """
        with contextlib.suppress(Gone), self._store.exclusive(self._translations.key(module)):
            translation = self._translations.find(module)
            if translation is not None:
                return self._translations.public(translation, {})
            done = self._translations.make(module, translator)
            if done is not None:
                translation, at_hand = done
                self._store.put(at_hand[translation.c], deflate=True)
                return self._translations.public(translation, at_hand)
        raise NotTranslated(f"{module.source}: changed while it was translated", None)

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
        public = self._translations.public(translation, at_hand)
        try:
            done = self._native.make(self._extension(module, translation, body), at_hand)
        except NotCompiled as error:
            raise NoExtension(
                str(error), translation if error.headers is not None else None, error.headers or ()
            ) from None
        return MadeModule(translation, done.output, done.headers, done.content, public, ran=ran or done.ran)

    def _extension(self, module: Module, translation: CythonTranslation, body: Digest | None) -> Extension:
        flags, include = split_flags(module.flags), self._translations.include(module)
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
