"""C → object → extension, whichever translator wrote the C: each step by content, taken from the store where it can be.

Two actions, each under a key of its own:

* *compile*: one C file → an object. Which headers were read shows only afterwards, so an entry lists them and counts if
  they are the same now.
* *link*: the objects → the extension. An equal object starts no linker.

What a compiler refuses for good is kept like what it makes. An extension that is in the store needs no object: the
digests in the entries lead to it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice, product
from pathlib import Path
from typing import Any

from buildkit.compile import compilers, probe
from buildkit.compile.compilers import NO_FLAGS, Compiler, Flags
from buildkit.compile.places import Places
from buildkit.compile.toolchain import Toolchain
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.doors import process
from buildkit.flows.headers import Compiled, Headers
from buildkit.model import Digest
from buildkit.store.archive import Action
from buildkit.store.artifacts import Store

_MOST_WAYS = 64
_UNKNOWN_SYMBOL = "undefined symbol"
_TROUBLE = (
    "no space left",
    "quota exceeded",
    "input/output error",
    "read-only file system",
    "permission denied",
    "too many open files",
    "temporarily unavailable",
    "cannot allocate",
    "memory exhausted",
    "out of memory",
    "killed",
    "signal",
    "segmentation fault",
    "internal compiler error",
)
"""Words of a compiler that the machine let down: the next one may take the same file."""


class NotCompiled(Exception):  # noqa: N818 - a fact: the flow words it
    """No C compiler makes an extension of the C. The last one's words are the message."""


class Gone(Exception):  # noqa: N818
    """C that has to be compiled is neither at hand nor in the store: it is to be translated anew."""


class _Refused(Exception):  # noqa: N818
    """One compiler does not take it.

    Args:
        words: its own.
        lasting: whether it would refuse the same again.
    """

    def __init__(self, words: str, *, lasting: bool) -> None:
        super().__init__(words)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Unit:
    """What becomes one extension.

    Args:
        name: its module, dotted.
        source: what the C was made from, relative to the source root: its kind says how the C is optimized, its folder
            is searched for headers.
        texts: the digest of each C file by its name, in the order in which they are linked.
        beside: the digest of each generated header by its name; it lies beside the C files.
        flags: further words of the settings for this module.
    """

    name: str
    source: str
    texts: Mapping[str, Digest]
    beside: Mapping[str, Digest] = field(default_factory=dict)
    flags: Flags = NO_FLAGS

    @property
    def stem(self) -> str:
        """The last word of its name."""
        return self.name.rpartition(".")[2]

    @property
    def folder(self) -> str:
        """The folder of its source, relative to the source root."""
        return self.source.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension in the store, or in the hand.

    Args:
        output: its digest.
        headers: names of the headers that the compilers read.
        content: the extension itself.
        ran: whether a compiler or linker ran for it.
    """

    output: Digest
    headers: tuple[str, ...]
    content: bytes
    ran: bool


def compile_key(unit: Unit, file: str, attempt: int, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the action that makes an object.

    Args:
        unit: the extension.
        file: one of its C files.
        attempt: which of the compilers, from 0.
        parts: those of a fingerprint that concern tools and settings; others are ignored.
    """
    own = ("toolchain compiler", "toolchain python", "setting flags")
    told = dict.fromkeys((f"include {unit.folder}", f"attempt {attempt}"), Digest(""))
    beside = {f"beside {name}": digest for name, digest in unit.beside.items()}
    return key_of({f"text {file}": unit.texts[file], **beside, **told, **{part: parts[part] for part in own}})


def link_key(unit: Unit, objects: Sequence[Digest], attempt: int, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of the action that makes the extension of these objects; the others are those of `compile_key`."""
    own = ("toolchain compiler", "toolchain python", "setting link flags")
    told = dict.fromkeys((f"extension {unit.stem}", f"attempt {attempt}"), Digest(""))
    inputs = {f"object {at:04}": digest for at, digest in enumerate(objects)}
    return key_of({**inputs, **told, **{part: parts[part] for part in own}})


def actions_of(store: Store, unit: Unit, parts: Mapping[str, Digest], outputs: Collection[Digest]) -> list[Action]:
    """Return the actions that lead from a unit's C to one of `outputs`, none if the store lacks one.

    Args:
        store: is asked for them.
        unit: the extension.
        parts: those of its fingerprint.
        outputs: digests of extensions.
    """
    refused: list[Action] = []
    for attempt in count():
        keys = [compile_key(unit, file, attempt, parts) for file in unit.texts]
        compiled = [store.entries(key) for key in keys]
        if not all(compiled):
            return []
        for way in islice(product(*compiled), _MOST_WAYS):
            if not all(entry["object"] for entry in way):
                continue
            key = link_key(unit, [entry["object"] for entry in way], attempt, parts)
            linked = store.entries(key)
            made = [entry for entry in linked if entry["output"] in outputs and store.has(entry["output"])]
            if made:
                return [*refused, *((one, [entry]) for one, entry in zip(keys, way, strict=True)), (key, made)]
            refused += [(key, linked)] if linked else []
        refused += zip(keys, compiled, strict=True)
    return []


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Give a new folder below `folder` for what a tool reads and writes; it is deleted at the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield Path(place)


def clear_scratch(folder: Path) -> None:
    """Delete what killed builds left in their scratch folder; for who alone works on the tree."""
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Work:
    """One unit on its way: where it is compiled, what is at hand, what came of it so far."""

    unit: Unit
    folder: Path
    at_hand: Mapping[Digest, bytes]
    parts: Mapping[str, Digest]
    laid_out: bool = False
    ran: bool = False
    headers: set[str] = field(default_factory=set)
    refused: dict[str, list[tuple[Digest, str]]] = field(default_factory=dict)


class Native:
    """The two actions of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        profile: `dev` or `release`.
        flags: flags from the environment.
        store: where results are kept.
        headers: what the headers are now.
        scratch: the folder for what a compiler reads and writes.
        reuse: take results from the store; without it everything is made anew and kept.
        launcher: what starts the C compiler.
    """

    def __init__(
        self,
        toolchain: Toolchain,
        places: Places,
        profile: str,
        flags: Flags,
        store: Store,
        headers: Headers,
        scratch: Path,
        *,
        reuse: bool,
        launcher: tuple[str, ...],
    ) -> None:
        self._toolchain = toolchain
        self._places = places
        self._profile = profile
        self._flags = flags
        self._store = store
        self._headers = headers
        self._scratch = scratch
        self._reuse = reuse
        self._launcher = launcher
        self._settings: dict[tuple[str, Flags], dict[str, Digest]] = {}

    def settings(self, source: str, flags: Flags) -> dict[str, Digest]:
        """Return the parts of a fingerprint that say how extensions of one kind of source are compiled and linked."""
        alike = (source.rpartition(".")[2], flags)
        found = self._settings.get(alike)
        if found is None:
            tools = self._toolchain.compilers
            calls = [tool.recipe(self._compile_flags(tool, source, flags)) for tool in tools]
            links = [tool.link_recipe(self._link_flags(tool, flags)) for tool in tools]
            found = self._settings[alike] = {
                "setting flags": digest_value(calls),
                "setting link flags": digest_value(links),
            }
        return found

    def knows(self, unit: Unit) -> bool:
        """Return whether the store answers for a unit as it is now, with an extension or with a refusal."""
        found = self._find(unit)
        return found is not None and (not found["output"] or self._store.has(found["output"]))

    def make(self, unit: Unit, at_hand: Mapping[Digest, bytes]) -> Extension:
        """Return a unit's extension, from the store or by the tools.

        Args:
            unit: what it is made of.
            at_hand: C files and headers by their digest; what is not among them is taken from the store.

        Raises:
            NotCompiled: no compiler takes the C.
            Gone: a C file or generated header that is needed is nowhere.
            OSError: the disk is full.
        """
        found = self._find(unit)
        if found is not None:
            if not found["output"]:
                raise NotCompiled(found["words"])
            content = self._store.get(found["output"])
            if content is not None:
                return Extension(found["output"], tuple(found["headers"]), content, ran=False)
        with scratch(self._scratch) as folder:
            return self._try(_Work(unit, folder, at_hand, self._parts(unit)), attempt=0)

    # ------------------------------------------------------------------ from the store

    def _find(self, unit: Unit) -> dict[str, Any] | None:
        """Return what the store's entries lead to: the output, or the words of the last compiler; and all headers."""
        parts, headers, words = self._parts(unit), set[str](), ""
        for attempt in range(len(self._toolchain.compilers)):
            objects: list[Digest] = []
            for file in unit.texts:
                entry = self._compiled(unit, file, attempt, parts)
                if entry is None:
                    return None
                headers.update(entry["headers"])
                words = entry["words"]
                if not entry["object"]:
                    break
                objects.append(entry["object"])
            else:
                entry = self._linked(link_key(unit, objects, attempt, parts))
                if entry is None:
                    return None
                words = entry["words"]
                if entry["output"]:
                    return {**entry, "headers": sorted(headers)}
        return {"output": "", "words": words, "headers": sorted(headers)}

    def _compiled(self, unit: Unit, file: str, attempt: int, parts: Mapping[str, Digest]) -> dict[str, Any] | None:
        """Return the newest entry that holds for the headers as they are now."""
        entries = self._store.entries(compile_key(unit, file, attempt, parts)) if self._reuse else ()
        now = (each for each in entries if self._headers.whole(tuple(each["headers"]), unit.folder) == each["digest"])
        return next(now, None)

    def _linked(self, key: Digest) -> dict[str, Any] | None:
        return next(iter(self._store.entries(key)), None) if self._reuse else None

    # ------------------------------------------------------------------ by the tools

    def _try(self, work: _Work, attempt: int) -> Extension:
        """Make the extension with the first compiler from `attempt` on that takes it."""
        try:
            return self._attempt(work, attempt)
        except _Refused as error:
            if attempt + 1 == len(self._toolchain.compilers):
                raise NotCompiled(str(error)) from None
        return self._try(work, attempt + 1)

    def _attempt(self, work: _Work, attempt: int) -> Extension:
        """Make the extension with one of the compilers, by as few steps as the store leaves."""
        unit, store = work.unit, self._store
        objects = [self._object(work, file, attempt) for file in unit.texts]
        key = link_key(unit, objects, attempt, work.parts)
        entry = self._linked(key)
        if entry is not None and not entry["output"]:
            raise _Refused(entry["words"], lasting=True)
        content = store.get(entry["output"]) if entry is not None else None
        if content is None:
            objects = [self._on_disk(work, *pair, attempt) for pair in zip(unit.texts, objects, strict=True)]
            key = link_key(unit, objects, attempt, work.parts)
            content = self._link(work, attempt, key)
        output = store.put(content)
        if entry is None or entry["output"] != output:
            store.add(key, {"output": output, "words": ""})
        return Extension(output, tuple(sorted(work.headers)), content, ran=work.ran)

    def _object(self, work: _Work, file: str, attempt: int) -> Digest:
        """Return the digest of the object of one C file; it is made where the store has no entry for it."""
        entry = self._compiled(work.unit, file, attempt, work.parts)
        if entry is None:
            return self._compile(work, file, attempt)
        work.headers.update(entry["headers"])
        if not entry["object"]:
            raise _Refused(entry["words"], lasting=True)
        self._note_refusals(work, file, entry)
        return Digest(entry["object"])

    def _on_disk(self, work: _Work, file: str, digest: Digest, attempt: int) -> Digest:
        """See that the linker finds the object; return its digest, which is another one where it had to be made."""
        place = work.folder / f"{file}.{attempt}.o"
        if not place.exists():
            content = self._store.get(digest)
            if content is None:
                return self._compile(work, file, attempt)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return digest

    def _compile(self, work: _Work, file: str, attempt: int) -> Digest:
        """Make an object and keep it."""
        unit, tool = work.unit, self._toolchain.compilers[attempt]
        key = compile_key(unit, file, attempt, work.parts)
        self._lay_out(work)
        try:
            compiled = self._headers.steady(unit.folder, lambda: self._run_compiler(work, file, tool, attempt))
        except _Refused as error:
            if error.lasting:
                work.refused.setdefault(file, []).append((key, str(error)))
            raise
        if compiled is None:
            raise NotCompiled(f"{unit.source}: its headers changed again and again while it was compiled")
        (names, content), digest = compiled
        work.headers.update(names)
        made = self._store.put_object(content)
        entry = {"headers": names, "digest": digest, "object": made, "words": ""}
        self._store.add(key, entry)
        self._note_refusals(work, file, entry)
        return made

    def _note_refusals(self, work: _Work, file: str, entry: Mapping[str, Any]) -> None:
        """Keep that compilers before this one refused the file: that holds while it reads the same headers."""
        for key, words in work.refused.pop(file, ()):
            self._store.add(key, {**entry, "object": "", "words": words})

    def _run_compiler(self, work: _Work, file: str, tool: Compiler, attempt: int) -> Compiled:
        """Return the names of the headers that were read, and the object."""
        unit, folder = work.unit, work.folder
        work.ran = True
        own = os.path.dirname(self._places.path(f"source {unit.source}"))  # noqa: PTH120
        include = (self._toolchain.interpreter.include, own, self._places.source)
        output, depfile = f"{file}.{attempt}.o", f"{file}.{attempt}.d"
        flags = self._compile_flags(tool, unit.source, unit.flags)
        self._run(tool.compile_command(file, output, depfile, include, flags), folder)
        found = compilers.headers((folder / depfile).read_text())
        paths = (os.path.normpath(folder / path) for path in found)
        outside = (path for path in paths if not path.startswith(f"{folder}{os.sep}"))
        names = {name for path in outside if (name := self._places.name(path)) is not None}
        return tuple(sorted(names)), (folder / output).read_bytes()

    def _link(self, work: _Work, attempt: int, key: Digest) -> bytes:
        unit, tool, folder = work.unit, self._toolchain.compilers[attempt], work.folder
        work.ran = True
        output = f"{unit.stem}{self._toolchain.interpreter.suffix}"
        objects = tuple(f"{file}.{attempt}.o" for file in unit.texts)
        self._run(tool.link_command(objects, output, self._link_flags(tool, unit.flags)), folder)
        unresolved = probe.unresolved(folder / output, self._toolchain.interpreter) if tool.tiny else ""
        if unresolved:
            words, lasting = unresolved.replace(f"{folder}{os.sep}", ""), _UNKNOWN_SYMBOL in unresolved
            if lasting:
                self._store.add(key, {"output": "", "words": words})
            raise _Refused(words, lasting=lasting)
        return (folder / output).read_bytes()

    def _run(self, command: list[str], folder: Path) -> None:
        done = process.run([*self._launcher, *command], folder=folder)
        if not done.ok:
            words = done.stderr.strip() or f"{command[0]} ended with exit code {done.exit_code}"
            trouble = done.exit_code < 0 or any(word in words.lower() for word in _TROUBLE)
            raise _Refused(words, lasting=not (trouble or self._launcher))

    def _lay_out(self, work: _Work) -> None:
        """Put the C files and the generated headers where the compiler reads them."""
        if work.laid_out:
            return
        for name, digest in (*work.unit.texts.items(), *work.unit.beside.items()):
            content = work.at_hand.get(digest)
            if content is None:
                content = self._store.get(digest)
            if content is None:
                raise Gone(name)
            place = work.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        work.laid_out = True

    # ------------------------------------------------------------------ how

    def _parts(self, unit: Unit) -> dict[str, Digest]:
        return {**self._toolchain.parts, **self.settings(unit.source, unit.flags)}

    def _compile_flags(self, tool: Compiler, source: str, flags: Flags) -> tuple[str, ...]:
        return (*compilers.optimization(self._profile, source, tool), *(self._flags + flags).compile)

    def _link_flags(self, tool: Compiler, flags: Flags) -> tuple[str, ...]:
        return (*compilers.stripping(self._profile, tool), *(self._flags + flags).both)
