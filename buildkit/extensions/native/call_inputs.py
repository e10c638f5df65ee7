"""Finds the inputs of a compiler or linker call that are neither its arguments nor files that the tool reports.

A compiler says which headers it took, not where it looked for them; a linker which libraries, not which it would have
taken before them; and of files that the words name (`-fprofile-use=`, a version script, a plugin) neither says
anything. All of them become names of inputs here: by content, or as lacking where nothing lies in their place yet.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from buildkit.compile import arguments
from buildkit.compile.compilers import Compiler
from buildkit.compile.discovery import INCLUDES
from buildkit.compile.distutils import portable_name
from buildkit.compile.driver import Drivers
from buildkit.compile.places import FOLDERS, LACKING, Places
from buildkit.compile.profiles import COMMON, SHARED
from buildkit.extensions.native.non_file_inputs import NonFileInputs

EPOCH = "SOURCE_DATE_EPOCH"
_CLOCK = re.compile(rb"__(?:DATE|TIME)__")
_IMPLIED = ("-lgcc", "-lgcc_s", "-lc", "-lm", "-lstdc++")
"""Libraries that a driver links by itself."""


class CallInputs:
    """The inputs of the calls of one build.

    Args:
        places: where inputs lie.
        drivers: say what they search.
        non_file_inputs: gives the digests of inputs that are no files.
        environment: the variables.
    """

    def __init__(
        self, places: Places, drivers: Drivers, non_file_inputs: NonFileInputs, environment: Mapping[str, str]
    ) -> None:
        self._places = places
        self._drivers = drivers
        self._non_file_inputs = non_file_inputs
        self._environment = environment
        self._dated: dict[str, bool] = {}

    def of_compilation(
        self,
        tool: Compiler,
        at: str,
        language: str,
        flags: Sequence[str],
        folder: str,
        read: Iterable[str],
        made: bytes,
    ) -> set[str]:
        """Return the names of a compilation's inputs other than its headers.

        Args:
            tool: the compiler.
            at: its number.
            language: `c` or `c++`.
            flags: the flags of this call, without those of every call.
            folder: where it runs.
            read: the paths of the file and of its headers.
            made: the object.
        """
        own = flags if tool.tiny else (*tool.driver[1:], *flags)
        names = self._of_words(own, folder) | self._rooted(made)
        searched = arguments.header_folders(own, self._environment, INCLUDES[language])
        if tool.tiny:
            searched += ["/usr/local/include", "/usr/include"]
        else:
            words = arguments.search_options(flags) if tool.plain and not arguments.needs_driver(own) else flags
            searched += self._drivers.header_folders((*tool.driver, *words), language)
            names |= self._question(tool, at, language, (*COMMON, *flags))
        names |= {f"{FOLDERS[0]}{portable_name(path, self._places)}" for path in searched}
        return names | ({f"variable {EPOCH}"} if any(map(self._is_dated, read)) else set())

    def of_link(self, tool: Compiler, at: str, flags: Sequence[str], folder: str, made: bytes) -> set[str]:
        """Return the names of a link's inputs other than the files that the linker reports; see `of_compilation`."""
        own = flags if tool.tiny else (*tool.driver[1:], *flags)
        names = self._of_words(own, folder) | self._rooted(made)
        if tool.tiny:
            return names
        words = arguments.search_options(flags) if tool.plain and not arguments.needs_driver(own) else flags
        system = self._drivers.library_folders((*tool.driver, *words))
        candidates = arguments.library_candidates(own, self._environment, system)
        candidates += arguments.library_candidates((*own, *_IMPLIED), self._environment, ())
        names |= set(self._named(dict.fromkeys(candidates), folder))
        return names | self._question(tool, at, "link", (*SHARED, *flags))

    def trust(self, words: Iterable[str]) -> None:
        """Allow asking a driver about these arguments of this build, which recorded inputs may name."""
        self._non_file_inputs.driver_input("", "", words)

    def _of_words(self, words: Sequence[str], folder: str) -> set[str]:
        """Return the names of the files that words name, and of the folders of profiles."""
        profiles = arguments.pgo_folders(words, folder)
        names = {f"{FOLDERS[2]}{portable_name(path, self._places)}" for path in profiles}
        inner = (path for profile in profiles for path in arguments.files_below(profile))
        return names | set(self._named((*arguments.files_named(words, folder), *inner), folder))

    def _named(self, paths: Iterable[str], folder: str) -> Iterator[str]:
        for path in paths:
            name = None if path.startswith(f"{folder}{os.sep}tmp") else self._places.name(path)
            if name is not None:
                yield name if os.path.isfile(path) else f"{LACKING}{name}"  # noqa: PTH113

    def _question(self, tool: Compiler, at: str, language: str, words: Sequence[str]) -> set[str]:
        """Return the name of the driver's input for a call; none if its file and the arguments determine the result."""
        if tool.plain and not arguments.needs_driver(arguments.expanded((*tool.driver[1:], *words))):
            return set()
        return {self._non_file_inputs.driver_input(at, language, words)}

    def _rooted(self, made: bytes) -> set[str]:
        """Return an input for each folder of the checkout whose path is in the output, so that no other uses it."""
        folders = {"source": self._places.source, "project": self._places.project}
        return {f"root {kind}" for kind, folder in folders.items() if folder and os.fsencode(folder) in made}

    def _is_dated(self, path: str) -> bool:
        """Return whether a file contains `__DATE__` or `__TIME__`."""
        if path not in self._dated:
            try:
                with open(path, "rb") as file:  # noqa: PTH123
                    self._dated[path] = bool(_CLOCK.search(file.read()))
            except OSError:
                self._dated[path] = False
        return self._dated[path]
