"""Asks a compiler's driver which programs and files a call would use; only the driver itself can tell.

`CC` may be a script, or a program that puts words of its own between; `native` is what the processor of this machine
is; specs, configuration files and `-B` decide which back ends run. `-###` has a driver of GCC's or Clang's kind say
which commands it would run, and a wrapper in front of it passes that output on. Those commands, with the digests of the
programs and files in them, are the meaning of the arguments on this machine at this moment.

A plain driver (no script, the name of a known compiler) says the same as long as it is the same file; its answers are
remembered, those about `native` until the machine is started again. All others are asked in every look.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildkit.compile import arguments
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.doors import process
from buildkit.errors import ToolchainError
from buildkit.model import Digest

BOOT = "/proc/sys/kernel/random/boot_id"
"""A file with another content after every boot and on every machine; within one boot the processor stays the same."""

LAUNCHERS = frozenset({"ccache", "sccache", "distcc", "icecc", "buildcache"})
"""Compiler launchers that do not affect the result."""

_PLAIN = re.compile(r"^(?:[\w.]+-)*(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(?:-[\d.]+)?$")
_ELSEWHERE = ("COMPILER_PATH", "GCC_EXEC_PREFIX", "CCC_OVERRIDE_OPTIONS", "QA_OVERRIDE_GCC3_OPTIONS")
_TEMPORARY = re.compile(r"[^\s\"'=,]*/cc\w{6}(?=[.\s\"']|$)|[^\s\"'=,]*/(null|object)-\w{6,}(?=\.)")
_SEARCH = re.compile(r"^(?: (/.*?)(?: \(framework directory\))?|ignoring nonexistent directory \"(/.*)\")$")
_CACHED_NOT = re.compile(r"^(?:@|-B|--?specs\b|-wrapper\b|--?config\b|-(?:b|V)$)")
_UNSTEADY = re.compile(r"^(?:-B|-wrapper\b|--?config\b|-(?:b|V)$)")
_LIBRARIES = re.compile(r"^libraries: =?(.*)$", re.MULTILINE)
_SILENT = ("DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES", "LANGUAGE")
_SECONDS = 20
_ROOT = Path(os.sep)


def compiler_environment() -> dict[str, str]:
    """Return the environment for a compiler: without variables that redirect its output, with messages in English."""
    return {**{name: value for name, value in os.environ.items() if name not in _SILENT}, "LC_ALL": "C"}


def is_plain(program: str, environment: Mapping[str, str]) -> bool:
    """Return whether a driver does the same with the same words as long as its file is the same.

    Args:
        program: its path.
        environment: the environment variables; some make a driver use other programs.
    """
    real = os.path.realpath(program)
    if any(environment.get(name) for name in _ELSEWHERE) or not sys.platform.startswith("linux"):
        return False
    if not _PLAIN.match(os.path.basename(real)):  # noqa: PTH119
        return False
    try:
        with open(real, "rb") as file:  # noqa: PTH123
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def stamp(program: str) -> str:
    """Return the stat stamp of a program's file, which changes when the file is replaced."""
    real = os.path.realpath(program)
    found = os.stat(real)  # noqa: PTH116
    return f"{real} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


class Drivers:
    """Asks compiler drivers, and remembers each answer for one build.

    Args:
        environment: the variables.
        facts: facts kept from earlier runs; new ones are added to it.
        digest: gives the digest of a file.

    `is_repeatable` is False once a driver was used whose answers may change without a change of its file.
    """

    def __init__(self, environment: Mapping[str, str], facts: dict[str, Any], digest: Callable[[str], Digest]) -> None:
        self._environment = environment
        self._facts = facts
        self._digest = digest
        self._asked: dict[tuple[str, ...], list[str]] = {}
        self.is_repeatable = True

    def digest_of_commands(self, command: Sequence[str], language: str, roots: Mapping[str, str]) -> Digest:
        """Return the digest of the commands that a driver would run for a call, and of the programs and files in them.

        Args:
            command: the driver and the arguments of the call, without input and output files.
            language: `c` or `c++`; empty for the linker.
            roots: the folders of this checkout with their tokens, so that the digest does not depend on where it lies.
        """
        last = ("-c", "-pipe", "-x", language, "/dev/null", "-o", "object") if language else ("/dev/null", "-o", "null")
        lines = self._answer("means", (*command, "-###", *last), _commands)
        found: dict[str, Digest] = {}
        for line in lines:
            for at, path in enumerate(self._files(line)):
                found[f"{len(found):03} {at}"] = self._digest(path)
        if not language:
            linker = self._answer("linker", (*command, "-print-prog-name=ld"), _first_line)
            found["linker"] = self._digest(self._program("".join(linker)))
        bare = [arguments.tokenized(_TEMPORARY.sub("temporary", line), roots) for line in lines]
        return key_of({**found, "commands": digest_value(bare)})

    def header_folders(self, command: Sequence[str], language: str) -> list[str]:
        """Return the folders that a driver searches for headers, including folders that do not exist.

        Args:
            command: the driver and the arguments that affect the search.
            language: `c` or `c++`.
        """
        return self._answer("searches", (*command, "-v", "-E", "-x", language, "/dev/null"), _folders)

    def library_folders(self, command: Sequence[str]) -> list[str]:
        """Return the folders that a driver has the linker search; the argument is that of `header_folders`."""
        return self._answer("libraries", (*command, "-print-search-dirs"), _library_folders)

    def programs(self, command: Sequence[str], names: Iterable[str]) -> list[str]:
        """Return the programs of these names that a driver runs, as far as it has them.

        Args:
            command: the driver, with what belongs to every call.
            names: such as `cc1` or `as`.
        """
        asked = ((*command, f"-print-prog-name={name}") for name in names)
        said = ["".join(self._answer("program", words, _first_line)) for words in asked]
        return [path for each in said if (path := self._program(each))]

    def launcher_parts(self, launcher: Sequence[str]) -> list[str]:
        """Return the key parts for a launcher: its arguments and its program's digest.

        Launchers that are known not to affect the result have none.
        """
        if not launcher or os.path.basename(launcher[0]) in LAUNCHERS:  # noqa: PTH119
            return []
        self.is_repeatable = False
        return [*launcher, self._digest(self._program(launcher[0]))]

    def _program(self, name: str) -> str:
        """Return the file of a program as a driver names it: one without a folder is looked for on PATH, each time."""
        found = name if os.sep in name else shutil.which(name, path=self._environment.get("PATH")) or ""
        return os.path.realpath(found) if found and os.path.isfile(found) else ""  # noqa: PTH113

    def _answer(self, kind: str, command: tuple[str, ...], read: Callable[[process.Completed], list[str]]) -> list[str]:
        plain = is_plain(command[0], self._environment)
        if not plain or any(map(_UNSTEADY.search, arguments.expanded(command))):
            self.is_repeatable = False
        if command in self._asked:
            return self._asked[command]
        kept_for = plain and not any(map(_CACHED_NOT.search, command))
        key = f"{kind} {stamp(command[0])} {digest_value(command)}" if kept_for else ""
        boot = self._boot() if arguments.is_native(command) else ""
        kept: list[str] = self._facts.get(key, [])
        if kept[:1] != [boot]:
            try:
                done = process.run(command, folder=_ROOT, environment=compiler_environment(), timeout=_SECONDS)
            except TimeoutError as error:  # it would keep every further question waiting as long
                raise ToolchainError(
                    f"{command[0]}: {error.strerror}", hint="mend it, or let CC and CXX name another compiler"
                ) from None
            except OSError:
                done = process.Completed(command, 1, "", "", 0)
            kept = [boot, *read(done)]
            if kept_for and done.ok:
                self._facts[key] = kept
        self._asked[command] = kept[1:]
        return kept[1:]

    def _boot(self) -> str:
        """Return the boot id of this machine; its file is digested, so that the up-to-date check notices a reboot."""
        self._digest(BOOT)
        try:
            with open(BOOT, encoding="ascii") as file:  # noqa: PTH123
                return file.read().strip()
        except OSError:
            self.is_repeatable = False
            return "unknown"

    def _files(self, line: str) -> list[str]:
        """Return the program of a command and the files in it."""
        try:
            found = shlex.split(line)
        except ValueError:
            found = line.split()
        first = self._program(found[0]) if found else ""
        pieces = (piece for word in found[1:] for piece in re.split(r"[=,]", word) if piece.startswith("/"))
        folder = os.path.dirname(first)  # noqa: PTH120
        further = [f"{folder}/lto1", f"{folder}/lto-wrapper"] if "-flto" in line else []
        named = [piece for piece in (*pieces, *further) if os.path.isfile(piece)]  # noqa: PTH113
        return [*filter(None, (first,)), *named]


def _first_line(done: process.Completed) -> list[str]:
    return [done.stdout.strip()]


def _commands(done: process.Completed) -> list[str]:
    return [line.strip() for line in done.stderr.splitlines() if line.startswith(" ") and done.ok]


def _folders(done: process.Completed) -> list[str]:
    head, here, rest = done.stderr.partition("search starts here")
    before = [line for line in head.splitlines() if line.startswith("ignoring")]
    lines = [*before, *rest.partition("End of search list")[0].splitlines()] if here else []
    return [os.path.normpath(found[1] or found[2]) for line in lines if (found := _SEARCH.match(line))]


def _library_folders(done: process.Completed) -> list[str]:
    found = _LIBRARIES.search(done.stdout)
    return [os.path.normpath(path) for path in (found[1].split(os.pathsep) if found else ()) if path]
