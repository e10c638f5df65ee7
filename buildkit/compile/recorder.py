"""Records which files a translation reads and which paths it looks for. Runs inside the worker.

Cython's own list of dependencies comes from a regular expression that misses common forms of `cimport`, so it is not
asked. Two observers together miss nothing (compared with a trace of the system calls): an audit hook sees every file
that is opened and every glob; a wrapper around `os.stat` sees every look. `Cython.Utils.clear_function_caches()` must
precede each recorded job, or answers from memory hide the looks.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from buildkit.compile.places import OTHER_THAN, VERSIONED, Places
from buildkit.doors import reading


@dataclass(slots=True)
class Recorded:
    """The paths that one job opened, found, did not find, and matched with globs; all of them absolute."""

    opened: dict[str, str] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    globs: set[str] = field(default_factory=set)


class Recorder:
    """Installs the audit hook and the wrapper of `os.stat`; they stay installed, and record within `recording` only."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._reading: Recorded | None = None
        self._stat = os.stat
        os.stat = self._observed_stat
        sys.addaudithook(self._observe)

    @contextlib.contextmanager
    def recording(self) -> Iterator[Recorded]:
        """Record what the block reads."""
        reading = Recorded()
        self._reading = reading
        try:
            yield reading
        finally:
            self._reading = None

    def inputs(self, reading: Recorded, output: str) -> tuple[dict[str, str], list[str], bool]:
        """Return what was read, by name with its digest; where it was looked; and whether no file changed meanwhile.

        Args:
            reading: what was recorded.
            output: the file that the job wrote, which is no input.
        """
        read: dict[str, str] = {}
        steady = True
        for path, digest in reading.opened.items():
            name = None if path == output else self._places.name(path)
            if name is not None and digest:
                read[name] = digest
                steady = steady and _digest(path) == digest
        probes = {f"-{name}" for path in reading.missing if path != output and (name := self._missing_name(path))}
        probes |= {f"-{name}{_known(path)}" for path in reading.globs if (name := self._missing_name(path))}
        probes |= {f"+{name}" for path in reading.present if path != output and (name := self._places.name(path))}
        return read, sorted(probe for probe in probes if probe[1:] not in read), steady

    def shadowed(self, reading: Recorded) -> str:
        """Return what is wrong with a file that was read though one of its name comes first; empty if none was.

        Its name means the first one, so what it was translated from could not be told later.
        """
        for path in reading.opened:
            name = self._places.name(path)
            first = path if name is None else self._places.path(name)
            if first != path:
                return (
                    f"{path}: {first} has the same name and comes first, and yet was passed by\n"
                    "hint: let its folder be a package, with an __init__.py, or take one of the two away\n"
                )
        return ""

    def _require_regular(self, path: str) -> None:
        """Raise, and so make `open` fail, for a FIFO, socket or device."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            reading.require_regular(path, self._stat(path).st_mode)

    def _missing_name(self, path: str) -> str | None:
        """Return the name of the first folder or file on the way to `path` that lies nowhere; None if all do somewhere.

        Packages lie in several folders: what is missing in one may be there in the next.
        """
        name = self._places.name(path)
        if name is None or name.startswith("file "):
            return name
        root = path[: len(path) - len(name.partition(" ")[2])].rstrip(os.sep)
        at = root
        for part in path[len(root) + 1 :].split(os.sep):  # noqa: PTH206 - a text in, a text out
            at = f"{at}{os.sep}{part}"
            known = self._places.name(at)
            if known is not None and not any(map(self._exists, self._places.candidates(known))):
                return known
        return None

    def _exists(self, path: str) -> bool:
        try:
            self._stat(path)
        except (OSError, ValueError):
            return False
        return True

    def _observed_stat(self, path: Any, *arguments: Any, **options: Any) -> os.stat_result:  # noqa: ANN401
        reading = self._reading
        if reading is None or not isinstance(path, str):
            return self._stat(path, *arguments, **options)
        try:
            found = self._stat(path, *arguments, **options)
        except OSError:
            reading.missing.add(os.path.abspath(path))  # noqa: PTH100 - pathlib would stat
            raise
        reading.present.add(os.path.abspath(path))  # noqa: PTH100
        return found

    def _observe(self, event: str, arguments: tuple[Any, ...]) -> None:
        reading = self._reading
        if reading is None:
            return
        if event == "open" and isinstance(arguments[0], str):
            path = os.path.abspath(arguments[0])  # noqa: PTH100
            self._require_regular(path)
            if path not in reading.opened:
                reading.opened[path] = ""
                if self._places.name(path) is not None:
                    reading.opened[path] = _digest(path)
        elif event == "glob.glob" and VERSIONED in arguments[0]:
            reading.globs.add(os.path.abspath(arguments[0]))  # noqa: PTH100


def _known(pattern: str) -> str:
    """Return what a glob finds now, as the end of the name of a probe for any other file."""
    folder, _, name = pattern.rpartition(os.sep)
    found = sorted(filter(partial(fnmatchcase, pat=name), os.listdir(folder))) if os.path.isdir(folder) else ()  # noqa: PTH112, PTH208
    return "".join(f"{OTHER_THAN}{each}" for each in found)


def _digest(path: str) -> str:
    """Return the SHA-256 of the file, empty where there is no regular one."""
    try:
        return hashlib.sha256(reading.read(path)).hexdigest()
    except OSError:
        return ""
