"""Has every symbol of a linked extension looked for before it counts: what is missing would show at the import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from buildkit.compile import loading, symbols
from buildkit.compile.compilers import Compiler
from buildkit.compile.interpreter import Interpreter
from buildkit.extensions.native.extension import Extension
from buildkit.extensions.native.refusals import CompilerRefusal, table_of

_UNKNOWN = re.compile(r"undefined symbol: ([^\s,]+)")
_LEFT_OPEN = ("unresolved-symbols", "-fsanitize")
"""Words by which somebody says that symbols come from elsewhere: from what is loaded before, or is preloaded."""

_PLUS_PLUS = re.compile(r"_Z|__cxa_|__gxx_")
_SHOWN = 5


def require_symbols(
    extension: Extension, file: Path, tool: Compiler, interpreter: Interpreter, words: Iterable[str]
) -> None:
    """Check that what an extension needs is there.

    Args:
        extension: what was linked.
        file: where it lies.
        tool: the compiler that made it. tcc lacks functions of its own, so each of its extensions is loaded.
        interpreter: the Python that it is for.
        words: what the linker was called with.

    Raises:
        CompilerRefusal: something is not.
    """
    if tool.tiny:
        said = loading.unresolved(file, interpreter)
        found = _UNKNOWN.search(said)
        if said:
            said = _words(extension, [found[1]]) if found else said.replace(f"{file.parent}/", "")
            raise CompilerRefusal(said, is_permanent=found is not None)
    elif not any(open_ in word for word in words for open_ in _LEFT_OPEN):
        lacking = symbols.missing(file, interpreter)
        if lacking:  # a library that has it may turn up anywhere
            raise CompilerRefusal(_words(extension, lacking), is_permanent=False)


def _words(extension: Extension, lacking: Sequence[str]) -> str:
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    what = f"undefined symbol{'s' if len(lacking) > 1 else ''}: {', '.join(lacking[:_SHOWN])}{more}"
    why = f"{extension.source}: {what}: nothing that {extension.name} is linked with has {_it(lacking)}"
    language = f"{_it(lacking)} is of C++" if any(map(_PLUS_PLUS.match, lacking)) else "that is C++"
    lines = ['sources = ["…"]      # the file that defines it', 'libraries = ["…"]    # or the library that has it']
    if extension.distutils.language != "c++":
        lines.append(f'language = "c++"     # where {language}')
    return f"{why}\n{table_of(extension.name, 'say where it comes from', lines)}"


def _it(lacking: Sequence[str]) -> str:
    return "them" if len(lacking) > 1 else "it"
