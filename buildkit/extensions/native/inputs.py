"""The digest of every input by its portable name, as one build sees it."""

from __future__ import annotations

from collections.abc import Mapping

from buildkit.compile.places import NOT_FILES, Places, Probes
from buildkit.compile.toolchain import Toolchain
from buildkit.doors.statcache import StatCache
from buildkit.extensions.native.extension import PLUS_PLUS
from buildkit.extensions.native.headers import Headers
from buildkit.extensions.native.non_file_inputs import NonFileInputs
from buildkit.model import Digest


class Inputs:
    """All inputs of one build.

    Args:
        toolchain: the tools.
        places: where inputs lie.
        probes: what lies in which folder.
        cache: digests of files; another one for every build.
        roots: what stands in keys for the folders of the checkout.
        environment: the variables.

    `headers` has the digests over sets of headers, `non_file` those inputs that are no files.
    """

    def __init__(
        self,
        toolchain: Toolchain,
        places: Places,
        probes: Probes,
        cache: StatCache,
        roots: Mapping[str, str],
        environment: Mapping[str, str],
    ) -> None:
        self._toolchain = toolchain
        self._places = places
        self._cache = cache
        self.probes = probes
        self.non_file = NonFileInputs(toolchain, places, roots, environment)
        self.headers = Headers(places, probes, cache, self.non_file.digest)

    def digest(self, name: str) -> Digest:
        """Return the digest of the input with that portable name."""
        if name == PLUS_PLUS:
            return self._toolchain.plus_plus.identity
        if name.startswith(NOT_FILES):
            return self.non_file.digest(name)
        return self._cache.digest(self._places.path(name))
