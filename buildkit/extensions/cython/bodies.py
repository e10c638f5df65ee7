"""The body of a module whose functions alone were translated: Python's own bytecode, as a header that the C includes.

One translation serves every Python; bytecode is made for one. Its action has a key of the source, the interpreter and
how it is made, so the store has it beside the translation.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from buildkit.compile import sameness
from buildkit.compile.interpreter import Interpreter
from buildkit.core.fingerprint import digest_bytes, key_of
from buildkit.doors import process, python
from buildkit.extensions.entries import checked_entries
from buildkit.model import Digest
from buildkit.store.artifacts import Store

_ROOM = Path(sameness.__path__[0])


class BodyRefused(Exception):  # noqa: N818 - a fact: the flow words it
    """The target's Python does not take the source. Its own words are the message."""


class SourceChanged(Exception):  # noqa: N818 - a fact: the module is made again
    """The source is another one than the parts of the fingerprint say."""


class Bodies:
    """The bodies of one build's modules.

    Args:
        interpreter: the Python that the extensions are for.
        store: where they are kept.
        reuse: take them from the store.
    """

    def __init__(self, interpreter: Interpreter, store: Store, *, reuse: bool) -> None:
        self._interpreter = interpreter
        self._store = store
        self._reuse = reuse

    def find(self, source: str, parts: Mapping[str, Digest]) -> Digest | None:
        """Return the digest of a module's body, None if the store has not heard of it.

        Args:
            source: the module's file, relative to the source root.
            parts: those of the module's fingerprint.
        """
        entries = checked_entries(self._store, body_key(source, parts), "c") if self._reuse else []
        return next((Digest(entry["c"]) for entry in entries if entry["c"]), None)

    def make(self, source: str, file: Path, parts: Mapping[str, Digest]) -> tuple[Digest, bytes]:
        """Return the digest of a module's body, and its text, which is empty where the store has it.

        Args:
            source: the module's file, relative to the source root.
            file: where it lies.
            parts: those of the module's fingerprint.

        Raises:
            BodyRefused: the Python that the extension is for does not take the source.
            SourceChanged: another text lies there by now, or lay there meanwhile.
            OSError: the source cannot be read.
        """
        found = self.find(source, parts)
        if found is not None and self._store.has(found):
            return found, b""
        content = self._made(source, file, parts[f"source {source}"])
        digest = self._store.put(content, deflate=True)
        self._store.add(body_key(source, parts), {"c": digest})
        return digest, content

    def _made(self, source: str, file: Path, expected: Digest) -> bytes:
        text = file.read_bytes()
        if digest_bytes(text) != expected:
            raise SourceChanged
        if self._interpreter.program == sys.executable:
            from buildkit.compile.sameness import bytecode  # noqa: PLC0415 - only where something is made

            try:
                return bytecode.header(text, source).encode()
            except bytecode.REFUSALS as error:
                raise BodyRefused(bytecode.refusal(error, source)) from None
        script = python.script_command(_ROOM / "bytecode.py", str(file), source)
        done = process.run([self._interpreter.program, *script[1:]])
        if file.read_bytes() != text:
            raise SourceChanged
        if not done.ok:
            raise BodyRefused(done.stderr.strip() or f"{self._interpreter.program} refused it")
        return done.stdout.encode()


def body_key(source: str, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of a module's body.

    Args:
        source: the module's file, relative to the source root.
        parts: those of the module's fingerprint; others are ignored.
    """
    own = (f"source {source}", "toolchain python", "setting directives", "setting semantics")
    return key_of({"body": Digest(""), **{part: parts[part] for part in own}})


def sameness_files() -> list[Path]:
    """Return the files of all that keeps a module's meaning."""
    return sorted(file for file in _ROOM.iterdir() if file.suffix in (".py", ".c", ".h"))


@cache
def sameness_identity() -> Digest:
    """Return the digest of all that keeps a module's meaning: what it does to a module is in the module's key."""
    return key_of({file.name: digest_bytes(file.read_bytes()) for file in sameness_files()})
