"""The symbols that an extension expects of others, as its own table says (ELF; see elf(5)).

The linker leaves every symbol that it does not find to the interpreter, so what is missing shows at the import. A
library that the linker did find tells a version of its symbols, as all of the system's do; of the rest the loader is
asked.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from buildkit.compile.interpreter import Interpreter
from buildkit.doors import process

_MAGIC = b"\x7fELF\x02\x01"  # of 64 bits, the lowest byte first
_SECTIONS_AT, _SIZE_AT, _COUNT_AT = 40, 58, 60
_SECTION = struct.Struct("<IIQQQQII")
_SYMBOL = struct.Struct("<IBBHQQ")
_DYNAMIC_SYMBOLS, _VERSIONS = 11, 0x6FFFFFFF
_GLOBAL, _NOWHERE, _HIDDEN, _UNVERSIONED = 1, 0, 0x8000, 1
_PYTHONS = re.compile(r"_?Py[A-Z_]")
_MOST = 50
_ASK = """
import _ctypes, re, sys
try:
    _ctypes.dlopen(sys.argv[1], 2)
except OSError as error:
    found = re.search(r"undefined symbol: ([^\\s,]+)|: ([^\\s:]+): symbol not found", str(error))
    if found:
        print(found[1] or found[2], flush=True)
        handle = _ctypes.dlopen(sys.argv[1], 1)
        for name in sys.argv[2:]:
            try:
                _ctypes.dlsym(handle, name)
            except OSError:
                print(name, flush=True)
"""
"""Asks for all symbols at once; where one is missing, which others are, of a library that resolves nothing beforehand.

It is a process of its own since loading runs code of the extension's libraries.
"""


def missing(extension: Path, interpreter: Interpreter) -> list[str]:
    """Return the symbols that neither an extension, nor its libraries, nor the interpreter have.

    Args:
        extension: is loaded only where there is a doubt. Where it needs a library that the loader does not find, no
            symbol is missing: the library may lie there when the service runs.
        interpreter: the Python that the extension is for.

    Raises:
        OSError: the extension cannot be read.
    """
    doubtful = _without_those_of(interpreter, [*undefined(extension.read_bytes())])
    if not doubtful:
        return []
    asked = process.run([interpreter.program, "-I", "-c", _ASK, str(extension), *doubtful[:_MOST]])
    return [*dict.fromkeys(asked.stdout.split())]


def undefined(content: bytes) -> Iterator[str]:
    """Yield the symbols that an ELF file needs and of which it names no version; none where it is something else."""
    if not content.startswith(_MAGIC):
        return
    (start,) = struct.unpack_from("<Q", content, _SECTIONS_AT)
    size, count = struct.unpack_from("<HH", content, _SIZE_AT)
    sections = [_SECTION.unpack_from(content, start + at * size) for at in range(count)]
    symbols = next((section for section in sections if section[1] == _DYNAMIC_SYMBOLS), None)
    if symbols is None:
        return
    versions = next((section for section in sections if section[1] == _VERSIONS), None)
    names = sections[symbols[6]][4]
    for at in range(symbols[5] // _SYMBOL.size):
        name, kind, _, section, _, _ = _SYMBOL.unpack_from(content, symbols[4] + at * _SYMBOL.size)
        if section == _NOWHERE and kind >> 4 == _GLOBAL:
            version = 0 if versions is None else struct.unpack_from("<H", content, versions[4] + 2 * at)[0]
            if version & ~_HIDDEN <= _UNVERSIONED:
                yield content[names + name : content.index(b"\0", names + name)].decode("ascii", "replace")


def _without_those_of(interpreter: Interpreter, names: list[str]) -> list[str]:
    """Return the names without those that the interpreter itself has."""
    if interpreter.program != sys.executable:
        return [name for name in names if not _PYTHONS.match(name)]
    import _ctypes  # noqa: PLC0415 - only where something was made

    process_itself = _ctypes.dlopen(None, 1)  # type: ignore[arg-type]  # the stubs do not know of it

    def has(name: str) -> bool:
        try:
            _ctypes.dlsym(process_itself, name)
        except OSError:
            return False
        return True

    return [name for name in names if not has(name)]
