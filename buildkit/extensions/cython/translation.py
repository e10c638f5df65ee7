"""The translation of one module by Cython: its key, its result, and the extension to build from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from buildkit.compile.distutils import NO_SETTINGS, DistutilsSettings
from buildkit.compile.flags import NO_FLAGS, Flags
from buildkit.core.fingerprint import key_of
from buildkit.extensions.native.extension import Extension
from buildkit.model import Digest

ENDINGS = {"c": ".c", "c++": ".cpp"}

_KEYS = ("language", "sources", "libraries", "define-macros", "include", "semantics")
ASKED = frozenset(f"setting {key}" for key in _KEYS)
"""Parts of a fingerprint for what the settings of a module ask for, and for where it finds declarations and what it
means: a translation rests on the latter two, and its entry has the former with the rest."""

BODY = "buildkit_body.h"
"""The header that has a module's body; its C includes it by this name."""


@dataclass(frozen=True, slots=True)
class CythonTranslation:
    """The result of a translation, or the reason why it failed.

    Args:
        c: the digest of the C text; empty where Cython refused.
        read: every file that was read, by name with its digest.
        probes: every other place that was looked at.
        words: the compiler's own, where it refused.
        distutils: the settings in its sources.
        is_lifted: whether the C has the module's functions alone; see `bodies`.
        public: the headers that it declares for others, by name with their digest; see `public_headers`.
    """

    c: Digest
    read: Mapping[str, Digest]
    probes: tuple[str, ...]
    words: str = ""
    distutils: DistutilsSettings = NO_SETTINGS
    is_lifted: bool = False
    public: Mapping[str, Digest] = field(default_factory=dict)


class NotTranslated(Exception):  # noqa: N818 - a fact: the flow words it
    """Cython reports errors in the module. They are the message.

    Args:
        words: the compiler's own.
        translation: the inputs read so far; None if the translation might succeed the next time with the same inputs.
    """

    def __init__(self, words: str, translation: CythonTranslation | None) -> None:
        super().__init__(words)
        self.translation = translation


def translate_key(name: str, source: str, parts: Mapping[str, Digest]) -> Digest:
    """Return the key of a module's translation.

    Args:
        name: the module.
        source: its file, relative to the source root.
        parts: those of the module's fingerprint.
    """
    own = (f"source {source}", "toolchain cython", "setting directives", *sorted(ASKED & parts.keys()))
    return key_of({f"module {name}": Digest(""), **{part: parts[part] for part in own}})


def header_key(translation: Digest, name: str) -> Digest:
    """Return the key under which a header is kept that the translation with the key `translation` made."""
    return key_of({f"header {name}": translation})


def extension_of(
    name: str,
    source: str,
    c: Digest,
    distutils: DistutilsSettings,
    digest: Callable[[str], Digest],
    *,
    body: Digest | None = None,
    flags: Flags = NO_FLAGS,
    include: tuple[str, ...] = (),
) -> Extension:
    """Return the extension to build from a module's C.

    Args:
        name: the module.
        source: its file, relative to the source root.
        c: the digest of its C.
        distutils: the settings in its sources.
        digest: gives the digest of a further source.
        body: the digest of the module's body as C, where the translation has the functions alone.
        flags: the module's flags in the settings.
        include: folders of headers that the settings name.
    """
    text = f"{name.rpartition('.')[2]}{ENDINGS[distutils.language]}"
    sources = {name: digest(name) for name in distutils.sources}
    beside = {} if body is None else {BODY: body}
    return Extension(name, source, {text: c}, beside, flags, include, distutils, sources)
