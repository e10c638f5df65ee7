"""References to artefacts in a registry, and the digests that name content."""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildkit.core import untrusted
from buildkit.core.untrusted import Odd

_REFERENCE = re.compile(
    r"(?P<host>[\w.-]+(?::\d+)?)/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_DIGEST = re.compile(r"(?P<algorithm>[a-z0-9]+(?:[.+_-][a-z0-9]+)*):(?P<value>[0-9A-Za-z=_-]{1,256})")


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a registry: `registry.example/team/name:latest`, or `…@sha256:…`.

    Args:
        host: the registry, with its port unless that is the usual one.
        name: the name of the repository.
        tag: the tag; `latest` if none is written.
        digest: the digest of the manifest; empty if none is written.
    """

    host: str
    name: str
    tag: str
    digest: str

    def __str__(self) -> str:
        return f"{self.host}/{self.name}{f'@{self.digest}' if self.digest else f':{self.tag}'}"

    @property
    def wanted(self) -> str:
        """The digest, or the tag if there is none."""
        return self.digest or self.tag


def parse(text: str) -> Reference:
    """Return the reference for a text.

    Raises:
        Odd: the text is no reference.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise Odd(f"{untrusted.shown(repr(text))} is no reference")
    return Reference(found["host"], found["name"], found["tag"] or "latest", found["digest"] or "")


def digest_of(value: object) -> str:
    """Return a digest that a manifest names, if it can be compared.

    Raises:
        Odd: the value is not a digest, or not of SHA-256.
    """
    found = _DIGEST.fullmatch(untrusted.text(value))
    if found is not None and found["algorithm"] == "sha256" and untrusted.is_digest(found["value"]):
        return found[0]
    if found is not None and found["algorithm"] != "sha256":
        raise Odd(f"a digest by {untrusted.shown(found['algorithm'])}: SHA-256 alone is compared")
    raise Odd(f"{untrusted.shown(repr(value))} is no digest")
