"""The errors of compilers and linkers, and whether each would occur again with the same inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buildkit.doors import process

NO_PLUS_PLUS = "no C++ compiler found"
INSTALL_PLUS_PLUS = (
    "install one: build-essential (Debian, Ubuntu), gcc-c++ (Fedora), xcode-select --install (macOS),\n"
    "or set CXX to its program"
)
"""What to do about that."""

NO_SOURCE = "hint: paths in `# distutils:` lines are relative to the folder of the project's pyproject.toml"
_NO_NUMPY = "hint: numpy is not installed for this Python: pip install numpy"
_NO_HEADER = "hint: name the header's folder in `include` of [tool.buildkit.compile]"


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
    "bus error",
    "illegal instruction",
    "internal compiler error",
    "cannot execute",
    "error trying to exec",
    "exec format error",
    "error while loading shared libraries",
)
"""Parts of messages that mean a failure of the machine; the next try may succeed."""

_BY_SIGNAL = 128
"""Above this, an exit code is how a shell tells of a signal."""

_OF_PLUS_PLUS = re.compile(
    r"fatal error: '?[a-z_]+'?:? (?:No such file or directory|file not found)|include file '[a-z_]+' not found"
    r"|unknown type name .bool."
)
"""How a compiler of C says that a header or type of C++ is missing: headers of the standard library have no ending."""

_MISSING_HEADER = re.compile(r"\.h\w*'?:? (?:No such file or directory|file not found)|include file '[^']+' not found")


def table_of(module: str, why: str, lines: Iterable[str]) -> str:
    """Return a hint with the lines for a module's settings, to paste."""
    table = (f'[tool.buildkit.compile.module."{module}"]', *lines)
    return "\n".join((f"hint: {why}, in pyproject.toml:", *(f"      {line}" for line in table)))


def say_plus_plus(module: str) -> str:
    """Return the hint for a module that is compiled as C and seems to be C++."""
    return table_of(module, "if it is C++, say so", ['language = "c++"'])


def tool_changed(path: str) -> str:
    """Return the message for a tool whose file was replaced while it ran, so that its output cannot be trusted."""
    return f"{path}: changed while it was used\nhint: run it again when the tool is installed"


class Gone(Exception):  # noqa: N818 - a fact
    """C that must be compiled is neither in memory nor in the store, so the module must be translated again."""


class NotCompiled(Exception):  # noqa: N818 - a fact: the flow words it
    """No compiler succeeded.

    Args:
        words: the last one's own.
        headers: the names of what they read, if they would fail again with the same inputs; None if they might succeed.
    """

    def __init__(self, words: str, headers: tuple[str, ...] | None = None) -> None:
        super().__init__(words)
        self.headers = headers


class CompilerRefusal(Exception):  # noqa: N818
    """A compiler or linker failed. Its output is the message.

    Args:
        words: its own.
        is_permanent: whether it would fail again with the same inputs.
    """

    def __init__(self, words: str, *, is_permanent: bool) -> None:
        super().__init__(words)
        self.is_permanent = is_permanent


def refusal(
    done: process.Completed, module: str, *, tiny: bool, launched: bool, lacks_numpy: bool, plus_plus: bool
) -> CompilerRefusal:
    """Return the error of a compiler or linker that failed, and whether it is permanent.

    Args:
        done: its call.
        module: what was to become of it.
        tiny: it is the fast development compiler, which lacks some headers for good; for others a header may turn up
            anywhere.
        launched: it was started by a launcher, which may be what failed.
        lacks_numpy: the extension needs numpy's headers, and there are none.
        plus_plus: it was compiled as C++.
    """
    words = done.stderr.strip() or f"{done.command[0]} ended with exit code {done.exit_code}"
    trouble = done.exit_code < 0 or done.exit_code > _BY_SIGNAL or any(word in words.lower() for word in _TROUBLE)
    if _MISSING_HEADER.search(words):
        return CompilerRefusal(f"{words}\n{_NO_NUMPY if lacks_numpy else _NO_HEADER}", is_permanent=tiny)
    if not plus_plus and _OF_PLUS_PLUS.search(words):
        words = f"{words}\n{say_plus_plus(module)}"
    return CompilerRefusal(words, is_permanent=not (trouble or launched))
