"""Compiles sources to bytecode by the Python that runs this script: `python compile_sources.py FOLDER`.

FOLDER has `wanted.json`, a list of pairs: the number of a source, which lies in FOLDER under it, and the path that it
has in the image. For each that compiles, `NUMBER.pyc` is written; others are passed over, as `compileall` does.

The bytes follow from source and path alone. Python's own writer marks an object that more than one thing refers to, and
what else is loaded refers to names as well; so everything is held here while it is written, and all of it is marked.
"""

import json
import marshal
import sys
import warnings
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from types import CodeType
from typing import Any

UNCHECKED = 1
_MADE_ANEW = frozenset(["co_branches", "co_lines", "co_lnotab", "co_positions"])


def held(code: CodeType) -> "list[Any]":
    """Return a list with all that a code object consists of."""
    found: list[Any] = []
    waiting: list[Any] = [code]
    while waiting:
        each = waiting.pop()
        found.append(each)
        if isinstance(each, CodeType):
            names = (name for name in dir(each) if name.startswith("co_") and name not in _MADE_ANEW)
            waiting += [getattr(each, name) for name in names]
        elif isinstance(each, (tuple, frozenset)):
            waiting += each
    return found


def bytecode(source: bytes, path: str) -> bytes:
    """Return the unchecked hash-based bytecode of a source (PEP 552)."""
    code = compile(source, path, "exec", dont_inherit=True)
    alive = held(code)
    content = MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little") + source_hash(source) + marshal.dumps(code)
    del alive
    return content


def main(folder: str) -> None:
    """Compile what is wanted."""
    warnings.simplefilter("ignore")
    for number, path in json.loads(Path(folder, "wanted.json").read_bytes()):
        source = Path(folder, str(number)).read_bytes()
        try:
            content = bytecode(source, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        Path(folder, f"{number}.pyc").write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1])
