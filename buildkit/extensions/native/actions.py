"""Compiles and links C from any translator; a result that the store has for the same inputs is taken from there.

Two actions, each under a key of its own:

* *compile*: one C file → an object. Which headers were read shows only afterwards, so an entry lists them and counts if
  they are the same now.
* *link*: the objects → the extension; an entry lists libraries likewise. An equal object starts no linker.

A permanent failure of a compiler is stored like a result. An extension that is in the store needs no object: the
digests in the entries lead to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from buildkit.compile.compilers import Compiler
from buildkit.compile.flags import Flags
from buildkit.extensions.entries import checked_entries
from buildkit.extensions.native.calls import Calls
from buildkit.extensions.native.extension import Extension, compile_key, link_key
from buildkit.extensions.native.headers import Compiled, Headers
from buildkit.extensions.native.refusals import CompilerRefusal, Gone, NotCompiled, tool_changed
from buildkit.extensions.native.work import Linked, Work
from buildkit.extensions.scratch import scratch
from buildkit.model import Digest
from buildkit.store.artifacts import Store


class Native:
    """The two actions of one build.

    Args:
        calls: of the compilers.
        store: where results are kept.
        headers: computes the digests of headers.
        scratch: the folder for what a compiler reads and writes.
        reuse: take results from the store; without it everything is made again and stored.
        altered: returns a file of the compilers that has changed since the look; empty if none has.
    """

    def __init__(
        self,
        calls: Calls,
        store: Store,
        headers: Headers,
        scratch: Path,
        *,
        reuse: bool,
        altered: Callable[[], str] = str,
    ) -> None:
        self._calls = calls
        self._store = store
        self._headers = headers
        self._scratch = scratch
        self._reuse = reuse
        self._altered = altered

    def settings(self, source: str, flags: Flags) -> dict[str, Digest]:
        """Return the parts of a fingerprint that say how an extension is compiled and linked; see `Calls.settings`."""
        return self._calls.settings(source, flags, ())

    def knows(self, extension: Extension) -> bool:
        """Return whether the store has the result for the present inputs: an extension, or a recorded failure."""
        with contextlib.suppress(NotCompiled):
            found = self._find(extension)
            return found is not None and (not found["output"] or self._store.has(found["output"]))
        return False

    def make(self, extension: Extension, at_hand: Mapping[Digest, bytes]) -> Linked:
        """Return the extension from the store, or compile and link it.

        Args:
            extension: what it is made of.
            at_hand: C files and headers by their digest; what is not among them is taken from the store.

        Raises:
            NotCompiled: no compiler takes the C.
            Gone: a needed C file or generated header is neither in memory nor in the store.
            OSError: the disk is full.
        """
        found = self._find(extension)
        if found is not None:
            if not found["output"]:
                raise NotCompiled(found["words"], tuple(found["headers"]))
            content = self._store.get(found["output"])
            if content is not None:
                return Linked(found["output"], tuple(found["headers"]), content, ran=False)
        with scratch(self._scratch) as folder:
            return self._try(
                Work(extension, folder, at_hand, self._calls.parts(extension), self._calls.compilers(extension)), 0
            )

    # ------------------------------------------------------------------ from the store

    def _find(self, extension: Extension) -> dict[str, Any] | None:
        """Return what the store's entries lead to: the output, or the words of the last compiler; and all headers."""
        parts, headers, words = self._calls.parts(extension), set[str](), ""
        for number, _ in self._calls.compilers(extension):
            objects: list[Digest] = []
            for file in extension.files:
                entry = self._newest(extension.searched(file), compile_key(extension, file, number, parts), "object")
                if entry is None:
                    return None
                headers.update(entry["headers"])
                words = entry["words"]
                if not entry["object"]:
                    break
                objects.append(entry["object"])
            else:
                entry = self._newest(extension.folder, link_key(extension, objects, number, parts), "output")
                if entry is None:
                    return None
                words = entry["words"]
                if entry["output"]:
                    return {**entry, "headers": sorted({*headers, *entry["headers"]})}
        return {"output": "", "words": words, "headers": sorted(headers)}

    def _newest(self, folder: str, key: Digest, made: str) -> dict[str, Any] | None:
        """Return the newest entry, of an `object` or an `output`, that holds for headers and libraries as they are."""
        known = checked_entries(self._store, key, "headers", "digest", made, "words") if self._reuse else ()
        now = (each for each in known if self._headers.digest(tuple(each["headers"]), folder) == each["digest"])
        return next(now, None)

    # ------------------------------------------------------------------ by the tools

    def _try(self, work: Work, at: int) -> Linked:
        """Make the extension with the first of the compilers from `at` on that takes it."""
        try:
            return self._attempt(work, *work.compilers[at])
        except CompilerRefusal as error:
            if at + 1 == len(work.compilers):
                kept = self._find(work.extension)
                raise NotCompiled(str(error), tuple(kept["headers"]) if kept is not None else None) from None
        return self._try(work, at + 1)

    def _attempt(self, work: Work, number: int, tool: Compiler) -> Linked:
        """Make the extension with one of the compilers, by as few steps as the store leaves."""
        extension = work.extension
        objects = [self._object(work, file, number, tool) for file in extension.files]
        entry = self._newest(extension.folder, link_key(extension, objects, number, work.parts), "output")
        if entry is not None and not entry["output"]:
            raise CompilerRefusal(entry["words"], is_permanent=True)
        content = self._store.get(entry["output"]) if entry is not None else None
        if entry is None or content is None:
            pairs = zip(extension.files, objects, strict=True)
            objects = [self._on_disk(work, file, digest, number, tool) for file, digest in pairs]
            entry, content = self._link(work, link_key(extension, objects, number, work.parts), number, tool)
        headers = tuple(sorted({*work.headers, *entry["headers"]}))
        return Linked(entry["output"], headers, content, ran=work.ran)

    def _object(self, work: Work, file: str, number: int, tool: Compiler) -> Digest:
        """Return the digest of the object of one C file; it is made where the store has no entry for it."""
        key = compile_key(work.extension, file, number, work.parts)
        entry = self._newest(work.extension.searched(file), key, "object")
        if entry is None and file in work.extension.distutils.shared and key not in work.held:
            with self._store.exclusive(Digest(f"of-{key}")):  # another module may be at it
                work.held.add(key)
                return self._object(work, file, number, tool)
        if entry is None:
            return self._compile(work, file, number, tool)
        work.headers.update(entry["headers"])
        if not entry["object"]:
            raise CompilerRefusal(entry["words"], is_permanent=True)
        self._note_refusals(work, file, entry)
        return Digest(entry["object"])

    def _on_disk(self, work: Work, file: str, digest: Digest, number: int, tool: Compiler) -> Digest:
        """Make sure that the object lies in the folder; return its digest, another one if it was compiled again."""
        place = work.folder / work.object(file, number)
        if not place.exists():
            content = self._store.get(digest)
            if content is None:
                return self._compile(work, file, number, tool)
            place.write_bytes(content)
        return digest

    def _compile(self, work: Work, file: str, number: int, tool: Compiler) -> Digest:
        """Make an object and keep it, or keep the compiler's words where it would refuse the file again."""
        key = compile_key(work.extension, file, number, work.parts)
        self._lay_out(work)
        work.ran = True
        words = ""

        def run() -> Compiled:
            nonlocal words
            try:
                return self._calls.compile(work.extension, file, tool, work.folder, work.object(file, number))
            except CompilerRefusal as error:
                words = str(error)
                if error.is_permanent and number == work.compilers[-1][0]:
                    read = self._calls.would_read(work.extension, file, tool, work.folder)
                    if read is not None:
                        return read, b""
                elif error.is_permanent:
                    work.refused.setdefault(file, []).append((key, words))
                raise

        (names, content), digest = self._steady(work, run, work.extension.searched(file))
        entry = {"headers": names, "digest": digest, "object": "", "words": ""}
        if content:
            entry["object"] = self._store.put_object(content)
        else:
            entry["words"] = words
        self._store.add(key, entry)
        self._note_refusals(work, file, entry)
        if not content:
            raise CompilerRefusal(words, is_permanent=True)
        work.headers.update(names)
        return Digest(str(entry["object"]))

    def _note_refusals(self, work: Work, file: str, entry: Mapping[str, Any]) -> None:
        """Record the failures of earlier compilers for this file, under the digest of the headers that it reads."""
        for key, words in work.refused.pop(file, ()):
            self._store.add(key, {**entry, "object": "", "words": words})

    def _link(self, work: Work, key: Digest, number: int, tool: Compiler) -> tuple[dict[str, Any], bytes]:
        """Return the entry of the extension, which is kept, and the extension itself."""
        objects = tuple(work.object(file, number) for file in work.extension.files)
        work.ran = True
        words = ""

        def run() -> Compiled:
            nonlocal words
            try:
                return self._calls.link(work.extension, tool, work.folder, objects)
            except CompilerRefusal as error:
                if not (error.is_permanent and tool.tiny):  # a library that is not there may turn up anywhere
                    raise
                words = str(error)
                return (), b""

        (names, content), digest = self._steady(work, run, work.extension.folder)
        output = self._store.put(content) if content else ""
        entry = {"headers": names, "digest": digest, "output": output, "words": words}
        self._store.add(key, entry)
        if not content:
            raise CompilerRefusal(words, is_permanent=True)
        return entry, content

    def _steady(self, work: Work, run: Callable[[], Compiled], folder: str) -> tuple[Compiled, Digest]:
        done = self._headers.compile_until_unchanged(folder, run)
        if done is None:
            raise NotCompiled(f"{work.extension.source}: its headers changed again and again while it was compiled")
        altered = self._altered()
        if altered:
            raise NotCompiled(tool_changed(altered))
        return done

    def _lay_out(self, work: Work) -> None:
        """Put the C files and the generated headers where the compiler reads them."""
        if work.laid_out:
            return
        for name, digest in (*work.extension.c_files.items(), *work.extension.generated_headers.items()):
            content = work.at_hand.get(digest)
            if content is None:
                content = self._store.get(digest)
            if content is None:
                raise Gone(name)
            place = work.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        work.laid_out = True
