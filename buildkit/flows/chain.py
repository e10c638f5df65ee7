"""Source → C → extension: each link by content, taken from the store where the same inputs were seen before.

Two actions, each under a key of its own:

* *translate*: the module's source, name and directives, and Cython. Which other files were read shows only afterwards,
  so an entry lists them with their digests and counts if all are the same now.
* *compile*: the C text, the compiler, the interpreter and the flags; an entry lists the headers likewise.

A comment edit that moves no line gives the same C, so its second link is in the store: no compiler starts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.compile import compilers, options, probe
from buildkit.compile.compilers import Compiler
from buildkit.compile.modules import Module
from buildkit.compile.places import Places, Probes
from buildkit.compile.toolchain import Toolchain
from buildkit.compile.translator import Translation, Translator
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.doors import process
from buildkit.doors.statcache import StatCache
from buildkit.flows.headers import Compiled, Headers
from buildkit.model import Digest
from buildkit.store.artifacts import Store

ATTEMPTS = 3
"""How often a module is translated anew because its inputs changed meanwhile."""


class NotTranslated(Exception):  # noqa: N818 - a fact: the flow words it
    """Cython refuses the module. Its words are the message.

    Args:
        words: the compiler's own.
        link: what it had read by then; None if it would not happen again with the same inputs.
    """

    def __init__(self, words: str, link: Link | None) -> None:
        super().__init__(words)
        self.link = link


class NotCompiled(Exception):  # noqa: N818
    """No C compiler makes an extension of the C. The last one's words are the message."""


@dataclass(frozen=True, slots=True)
class Link:
    """What the first link made, or why it made nothing.

    Args:
        c: the digest of the C text; empty where Cython refused.
        read: every file that was read, by name with its digest.
        probes: every other place that was looked at.
        words: the compiler's own, where it refused.
    """

    c: Digest
    read: Mapping[str, Digest]
    probes: tuple[str, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """An extension in the store, or in the hand.

    Args:
        link: how its C came about.
        output: the digest of the extension.
        headers: names of the headers that the compiler read.
        content: the extension itself.
        ran: whether a tool ran for it.
    """

    link: Link
    output: Digest
    headers: tuple[str, ...]
    content: bytes
    ran: bool


def translate_key(name: str, source: str, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the first action.

    Args:
        name: the module.
        source: its file, relative to the source root.
        parts: those of the module's fingerprint.
    """
    own = (f"source {source}", "toolchain cython", "setting directives")
    return key_of({f"module {name}": Digest(""), **{part: parts[part] for part in own}})


def compile_key(name: str, source: str, c: Digest, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the second action; the arguments are those of the first, and the digest of the C text."""
    own = ("toolchain compiler", "toolchain python", "setting flags")
    include = f"include {os.path.dirname(source)}"  # noqa: PTH120
    return key_of({f"c {name.rsplit('.', 1)[-1]}": c, include: Digest(""), **{part: parts[part] for part in own}})


class Chain:
    """The two actions of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        profile: `dev` or `release`.
        flags: flags from the environment.
        cache: digests of files; another one for every build.
        store: where results are kept.
        reuse: take results from the store; without it everything is made anew and kept.
        launcher: what starts the C compiler.
    """

    def __init__(
        self,
        toolchain: Toolchain,
        places: Places,
        profile: str,
        flags: tuple[str, ...],
        cache: StatCache,
        store: Store,
        *,
        reuse: bool,
        launcher: tuple[str, ...],
    ) -> None:
        self._toolchain = toolchain
        self._places = places
        self._profile = profile
        self._flags = flags
        self._cache = cache
        self._store = store
        self._reuse = reuse
        self._launcher = launcher
        self._settings: dict[tuple[object, ...], dict[str, Digest]] = {}
        self.probes = Probes(places)
        self._headers = Headers(places, self.probes, cache)

    def settings(self, module: Module) -> dict[str, Digest]:
        """Return the parts of a module's fingerprint that are settings."""
        alike = (module.source.rpartition(".")[2], module.flags, repr(module.directives))
        found = self._settings.get(alike)
        if found is None:
            fixed = [options.OPTIONS, options.DIRECTIVES]
            calls = [tool.recipe(flags) for tool, flags in self._calls(module)]
            found = self._settings[alike] = {
                "setting directives": digest_value([fixed, dict(module.directives)]),
                "setting flags": digest_value(calls),
            }
        return found

    def digest(self, name: str) -> Digest:
        """Return the digest of the input with that portable name."""
        return self._cache.digest(self._places.path(name))

    def headers(self, names: tuple[str, ...], folder: str) -> Digest:
        """Return the digest over the headers that many modules share; see `Headers.shared`."""
        return self._headers.shared(names, folder)

    def knows(self, module: Module) -> bool:
        """Return whether the store answers for the inputs as they are now, with an extension or with a refusal."""
        link = self._find_link(module)
        if link is None or not link.c:
            return link is not None
        return any(self._store.has(entry["output"]) for entry in self._extensions(module, link))

    def make(self, module: Module, translator: Translator) -> Made:
        """Return the module's extension, from the store or by the tools. One process at a time makes it.

        Raises:
            NotTranslated: Cython refuses the module.
            NotCompiled: no compiler takes the C.
            OSError: the disk is full.
        """
        with self._store.alone(self._translate_key(module)):
            link = self._find_link(module)
            if link is not None and not link.c:
                raise NotTranslated(link.words, link)
            found = self._find_extension(module, link) if link is not None else None
            if found is not None:
                return found
            with tempfile.TemporaryDirectory(prefix="buildkit-") as folder:
                return self._make(module, link, translator, Path(folder))

    def _make(self, module: Module, link: Link | None, translator: Translator, folder: Path) -> Made:
        stem = module.name.rsplit(".", 1)[-1]
        file = folder / f"{stem}.c"
        text = self._store.get(link.c) if link is not None else None
        if link is None or text is None:
            link, text = self._translate(module, translator, file)
            found = self._find_extension(module, link)
            if found is not None:
                return Made(found.link, found.output, found.headers, found.content, ran=True)
        else:
            file.write_bytes(text)
        compiled = self._headers.steady(module.folder, lambda: self._compile(module, folder, stem))
        if compiled is None:
            raise NotCompiled(f"{module.source}: its headers changed again and again while it was compiled")
        (names, content), digest = compiled
        output = self._store.put(content)
        entry = {"headers": names, "digest": digest, "output": output}
        self._store.add(self._compile_key(module, link.c), entry)
        return Made(link, output, names, content, ran=True)

    # -- translate

    def _translate_key(self, module: Module) -> Digest:
        source = f"source {module.source}"
        parts = {**self._toolchain.parts, **self.settings(module), source: self.digest(source)}
        return translate_key(module.name, module.source, parts)

    def _find_link(self, module: Module) -> Link | None:
        for entry in self._store.entries(self._translate_key(module)) if self._reuse else ():
            read: dict[str, Digest] = entry["read"]
            if all(self.digest(name) == digest for name, digest in read.items()):
                probes = tuple(entry["probes"])
                if self.probes.changed(probes) is None:
                    return Link(Digest(entry["c"]), read, probes, entry["words"])
        return None

    def _translate(self, module: Module, translator: Translator, file: Path) -> tuple[Link, bytes]:
        source = f"source {module.source}"
        for _ in range(ATTEMPTS):
            before = self.digest(source)
            done = translator.translate(module, file)
            if done.steady and done.read.get(source) == before:
                return self._keep(module, done, file.read_bytes() if done.ok else b"")
            if not done.ok and not done.steady:
                raise NotTranslated(done.words, None)
            self._cache.forget(self._places.path(source))
        raise NotTranslated(f"{module.source}: changed again and again while it was compiled", None)

    def _keep(self, module: Module, done: Translation, text: bytes) -> tuple[Link, bytes]:
        """Keep what a translation came to under the key of its inputs, a refusal as well."""
        link = Link(
            self._store.put(text, deflate=True) if done.ok else Digest(""),
            {name: Digest(digest) for name, digest in done.read.items()},
            done.probes,
            "" if done.ok else done.words,
        )
        entry: dict[str, Any] = {"c": link.c, "read": dict(link.read), "probes": link.probes, "words": link.words}
        self._store.add(self._translate_key(module), entry)
        if not done.ok:
            raise NotTranslated(done.words, link)
        return link, text

    # -- compile

    def _compile_key(self, module: Module, c: Digest) -> Digest:
        return compile_key(module.name, module.source, c, {**self._toolchain.parts, **self.settings(module)})

    def _find_extension(self, module: Module, link: Link) -> Made | None:
        for entry in self._extensions(module, link):
            content = self._store.get(entry["output"])
            if content is not None:
                return Made(link, entry["output"], tuple(entry["headers"]), content, ran=False)
        return None

    def _extensions(self, module: Module, link: Link) -> Iterator[dict[str, Any]]:
        """Yield the store's entries that hold for the C and for the headers as they are now."""
        for entry in self._store.entries(self._compile_key(module, link.c)) if self._reuse else ():
            if self._headers.whole(tuple(entry["headers"]), module.folder) == entry["digest"]:
                yield entry

    def _compile(self, module: Module, folder: Path, stem: str) -> Compiled:
        """Return the names of the headers that were read, and the extension."""
        output = f"{stem}{self._toolchain.interpreter.suffix}"
        own = os.path.dirname(self._places.path(f"source {module.source}"))  # noqa: PTH120
        include = (self._toolchain.interpreter.include, own, self._places.source)
        words = ""
        for compiler, flags in self._calls(module):
            command = compiler.command(f"{stem}.c", output, f"{stem}.d", include, flags)
            done = process.run([*self._launcher, *command], folder=folder)
            unresolved = (
                probe.unresolved(folder / output, self._toolchain.interpreter) if done.ok and compiler.tiny else ""
            )
            if done.ok and not unresolved:
                found = compilers.headers((folder / f"{stem}.d").read_text())
                paths = (os.path.normpath(folder / path) for path in found)
                names = {name for path in paths if (name := self._places.name(path)) is not None}
                return tuple(sorted(names)), (folder / output).read_bytes()
            words = unresolved or done.stderr.strip() or f"{compiler.program} ended with exit code {done.exit_code}"
        raise NotCompiled(words)

    def _calls(self, module: Module) -> list[tuple[Compiler, tuple[str, ...]]]:
        """Return each compiler that may be tried, with its flags."""
        return [
            (tool, (*compilers.optimization(self._profile, module.source, tool), *self._flags, *module.flags))
            for tool in self._toolchain.compilers
        ]
