"""Where an artefact lies in a registry."""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildkit.errors import ConfigurationError

_REFERENCE = re.compile(
    r"(?P<host>[\w.-]+(?::\d+)?)/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an artefact lies: `registry.example/team/data:latest`, or `…@sha256:…`."""

    host: str
    name: str
    tag: str
    digest: str

    def __str__(self) -> str:
        return f"{self.host}/{self.name}{f'@{self.digest}' if self.digest else f':{self.tag}'}"

    @property
    def wanted(self) -> str:
        """The digest, or the tag where there is none."""
        return self.digest or self.tag


def reference(text: str) -> Reference:
    """Return the reference that `text` writes.

    Raises:
        ConfigurationError: it is none.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ConfigurationError(
            f'data.artifact: "{text}" names no artefact',
            hint="write registry/name:tag or registry/name@sha256:…, such as registry.example/team/orbits-data:latest",
        )
    return Reference(found["host"], found["name"], found["tag"] or "latest", found["digest"] or "")
