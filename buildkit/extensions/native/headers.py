"""The headers of a C compilation. Which were read shows only afterwards, so that is when their digests are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from buildkit.compile.places import FOLDERS, LACKING, NOT_FILES, OWN, Places, Probes
from buildkit.core.fingerprint import digest_value, key_of
from buildkit.doors import clock
from buildkit.doors.statcache import StatCache
from buildkit.model import ABSENT, Digest

Compiled = tuple[tuple[str, ...], bytes]
"""The names of what a compiler or linker read and of the folders that it searched; and what it made."""

ATTEMPTS = 3
"""How often a module is compiled anew because its headers changed meanwhile."""

_BESIDE = "beside"


class Headers:
    """Computes the digests of headers and of sets of headers during one build.

    Args:
        places: where inputs lie.
        probes: what lies in which folder.
        cache: digests of files.
        non_file_digest: gives the digest of an input that is no file; see `buildkit.extensions.native.non_file_inputs`.
    """

    def __init__(
        self, places: Places, probes: Probes, cache: StatCache, non_file_digest: Callable[[str], Digest] = Digest
    ) -> None:
        self._places = places
        self._probes = probes
        self._cache = cache
        self._non_file_digest = non_file_digest
        self._shared: dict[tuple[tuple[str, ...], str], Digest] = {}

    def outside_digest(self, names: tuple[str, ...], folder: str) -> Digest:
        """Return the digest of the headers outside the source root, and of the names that would shadow any header.

        Args:
            names: all headers that a module's compiler read; most modules share those outside.
            folder: the module's, relative to the source root.
        """
        found = self._shared.get((names, folder))
        if found is None:
            found = self._shared[names, folder] = _shared(self._digests(names, folder, self._probes))
        return found

    def digests(self, names: Iterable[str]) -> dict[str, Digest]:
        """Return the digest of each header by its name, empty for a folder that was searched."""
        return {name: Digest("") if name.startswith(FOLDERS) else self._digest(name) for name in names}

    def digest(self, names: tuple[str, ...], folder: str) -> Digest:
        """Return the digest over all headers that a compiler read; the arguments are those of `outside_digest`."""
        own = {name: self._digest(name) for name in names if name.startswith(OWN)}
        return key_of({**own, "shared": self.outside_digest(names, folder)})

    def compile_until_unchanged(
        self, folder: str, compile_once: Callable[[], Compiled]
    ) -> tuple[Compiled, Digest] | None:
        """Run the compiler until no header changes during the run; return its result and the digest of its headers.

        Without this, what was made from the new header would be kept under the digest of the old one, or the reverse.

        Args:
            folder: the module's, relative to the source root.
            compile_once: runs the compiler; called again where a header changed.

        Returns:
            None if headers changed in each of `ATTEMPTS` runs.
        """
        known: Mapping[str, Digest] = {}
        for _ in range(ATTEMPTS):
            start, before = clock.now(), self._probes.again()
            before.shadowing((), folder)
            names, content = compile_once()
            read = [name for name in names if not name.startswith((*FOLDERS, LACKING, *NOT_FILES))]
            lacking = [name for name in names if name.startswith(LACKING)]
            old = {name for name in read if self._cache.unchanged_since(self._places.path(name), start)}
            for name in lacking:
                self._cache.forget(self._places.path(name.removeprefix(LACKING)))
            now = self._digests(names, folder, before.again())
            self._shared.clear()
            same = all(name in old or known.get(name) == now[name] for name in read)
            same = same and all(now[name] == ABSENT for name in lacking)
            if same and now[_BESIDE] == digest_value(before.shadowing(names, folder)):
                own = {name: now[name] for name in names if name.startswith(OWN)}
                return (names, content), key_of({**own, "shared": _shared(now)})
            known = now
        return None

    def _digests(self, names: tuple[str, ...], folder: str, probes: Probes) -> dict[str, Digest]:
        return {**self.digests(names), _BESIDE: digest_value(probes.shadowing(names, folder))}

    def _digest(self, name: str) -> Digest:
        if name.startswith(NOT_FILES):
            return self._non_file_digest(name)
        name = name.removeprefix(LACKING)
        return self._cache.digest(self._places.path(name))


def _shared(digests: Mapping[str, Digest]) -> Digest:
    return key_of({name: digest for name, digest in digests.items() if not name.startswith(OWN)})
