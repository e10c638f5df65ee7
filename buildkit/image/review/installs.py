"""Which packages a command installs, and by which tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from buildkit.image.review.shell import Command

SYSTEM = frozenset(["apt", "apk", "dnf"])
"""Tools for packages of the system."""

_VALUED = frozenset(
    [
        "-c",
        "--constraint",
        "-i",
        "--index-url",
        "--extra-index-url",
        "--trusted-host",
        "-t",
        "--target",
        "--prefix",
        "-f",
        "--find-links",
        "--python",
        "--timeout",
        "--default-timeout",
        "--root",
        "--retries",
        "--group",
        "--only-group",
        "--no-group",
        "--extra",
        "-E",
        "--extras",
        "--with",
        "--without",
        "--only",
        "--proxy",
        "--cert",
        "--platform",
        "--src",
        "--no-binary",
        "--only-binary",
        "--index",
        "--default-index",
        "-o",
        "--option",
        "--virtual",
        "--repository",
        "-X",
        "--arch",
        "--log",
        "--cache-dir",
        "--link-mode",
        "--package",
        "--directory",
        "--project",
        "-p",
        "--upgrade-package",
    ]
)
_FILES = frozenset(["-r", "--requirement", "--requirements"])
_EDITABLE = frozenset(["-e", "--editable"])
_BUILT = re.compile(r"dist/|/(?!.*wheel)")
"""A wheel that was just made, or a folder of the image."""
_LOCAL = re.compile(r"\.{1,2}(?:/.*)?(?:\[[^\]]*\])?")


class Install(NamedTuple):
    """One install.

    Args:
        tool: `pip`, `uv`, `poetry`, `pdm`, `pipenv`, `apt`, `apk` or `dnf`.
        action: `install`, or how the tool names it.
        packages: what is named.
        files: lists of packages.
        local: folders that are installed: `.`, `./service[web]`.
        words: the whole command.
    """

    tool: str
    action: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    local: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def of_project(self) -> bool:
        """Whether it installs what the project declares."""
        return bool(self.files or self.local) or (self.tool not in SYSTEM | {"pip"} and self.action != "pip install")

    @property
    def is_second(self) -> bool:
        """Whether it may be about the project itself: a folder, or a tool that leaves what is there."""
        return bool(self.local) or self.tool in {"uv", "poetry", "pdm", "pipenv"}

    @property
    def is_prebuilt(self) -> bool:
        """Whether it takes wheels that were made before."""
        return any(re.search(r"wheel(?:s|house)?/", name) for name in self.packages) or self.has("--no-index")

    def has(self, *flags: str) -> bool:
        """Return whether one of the flags is given."""
        return any(word.partition("=")[0] in flags for word in self.words)

    def value(self, *flags: str) -> list[str]:
        """Return the values of flags."""
        found = [word.partition("=")[2] for word in self.words if word.partition("=")[0] in flags and "=" in word]
        pairs = zip(self.words, self.words[1:], strict=False)
        return [*found, *(after for word, after in pairs if word in flags)]


def installs(command: Command) -> Iterator[Install]:
    """Yield the install that a command is, if it is one."""
    words = list(command.words)
    program = PurePosixPath(words[0]).name if words else ""
    if program.startswith(("python", "pypy")) and "-m" in words:
        words = words[words.index("-m") + 1 :]
        program = words[0] if words else ""
    rest = words[1:]
    if re.fullmatch(r"pip[\d.]*", program):
        yield from _of("pip", rest, ("install", "wheel", "download"), words)
    elif program == "uv":
        plain = [word for word in rest if not word.startswith("-")]
        if plain[:1] == ["pip"]:
            yield from _of("uv", rest[rest.index("pip") + 1 :], ("install", "sync"), words, "pip ")
        else:
            yield from _of("uv", rest, ("sync",), words)
    elif program in {"poetry", "pdm", "pipenv"}:
        yield from _of(program, rest, ("install", "sync"), words)
    elif program in {"apt", "apt-get", "aptitude"}:
        yield from _of("apt", rest, ("install",), words)
    elif program == "apk":
        yield from _of("apk", rest, ("add",), words)
    elif program in {"dnf", "microdnf", "yum"}:
        yield from _of("dnf", rest, ("install",), words)


def _of(
    tool: str, rest: Sequence[str], actions: Sequence[str], words: Sequence[str], before: str = ""
) -> Iterator[Install]:
    at = next((number for number, word in enumerate(rest) if word in actions), None)
    plain = [word for word in rest[: at or 0] if not word.startswith("-")]
    if at is None or (plain and tool in {"uv", "poetry", "pdm", "pipenv"}):
        return
    action = before + rest[at]
    packages: list[str] = []
    files: list[str] = []
    local: list[str] = []
    arguments = iter(rest[at + 1 :])
    for word in arguments:
        name, is_given, value = word.partition("=")
        if name in _FILES or (word.startswith("-r") and not word.startswith("-r=") and len(word) > 2 and tool == "pip"):  # noqa: PLR2004
            files.append(value if is_given else word[2:] if name not in _FILES else next(arguments, ""))
        elif name in _EDITABLE:
            local.append(value if is_given else next(arguments, ""))
        elif word in _VALUED:
            next(arguments, "")
        elif word.startswith("-") or ">" in word[:2] or "<" in word[:1]:
            continue
        elif action == "pip sync" or (tool == "uv" and before and word.endswith((".txt", ".toml"))):
            files.append(word)
        elif tool not in SYSTEM and (_LOCAL.fullmatch(word) or _BUILT.match(word)):
            local.append(word)
        else:
            packages.append(word)
    yield Install(tool, action, tuple(packages), tuple(files), tuple(local), tuple(words))
